// What a user interface needs of a pico: a channel of its own, the box that stands for the pico on a canvas, the
// facts of the details page, and the requests behind the buttons. The UI channel is the only address that a client
// has to know: its ECI on the root pico is what the engine hands out, and from there boxes lead to all others.

ruleset io.picolabs.pico-engine-ui {
  meta {
    name "Pico engine UI"
    description "The pico as a user interface sees it"
    shares uiECI, name, box, pico, logs, testingECI
  }

  global {
    ui_tags = ["engine", "ui"]
    ui_events = {
      "allow": [
        {"domain": "engine_ui", "name": "setup"},
        {"domain": "engine_ui", "name": "box"},
        {"domain": "engine_ui", "name": "new"},
        {"domain": "engine_ui", "name": "del"},
        {"domain": "engine_ui", "name": "install"},
        {"domain": "engine_ui", "name": "uninstall"},
        {"domain": "engine_ui", "name": "flush"},
        {"domain": "engine_ui", "name": "new_channel"},
        {"domain": "engine_ui", "name": "del_channel"},
        {"domain": "engine_ui", "name": "testing_eci"},
        {"domain": "engine", "name": "started"},
        {"domain": "wrangler", "name": "subscription"},
        {"domain": "wrangler", "name": "pending_subscription_approval"},
        {"domain": "wrangler", "name": "inbound_rejection"},
        {"domain": "wrangler", "name": "outbound_cancellation"},
        {"domain": "wrangler", "name": "subscription_cancellation"}
      ],
      "deny": []
    }
    ui_queries = {
      "allow": [
        {"rid": "*", "name": "__testing"},
        {"rid": "io.picolabs.pico-engine-ui", "name": "uiECI"},
        {"rid": "io.picolabs.pico-engine-ui", "name": "box"},
        {"rid": "io.picolabs.pico-engine-ui", "name": "pico"},
        {"rid": "io.picolabs.pico-engine-ui", "name": "logs"},
        {"rid": "io.picolabs.pico-engine-ui", "name": "testingECI"},
        {"rid": "io.picolabs.pico-engine-ui", "name": "name"},
        {"rid": "io.picolabs.subscription", "name": "established"},
        {"rid": "io.picolabs.subscription", "name": "inbound"},
        {"rid": "io.picolabs.subscription", "name": "outbound"},
        {"rid": "io.picolabs.subscription", "name": "wellKnown_Rx"}
      ],
      "deny": []
    }

    default_name = "Pico"
    default_color = "#87cefa"
    default_length = 100

    uiECI = function() { ctx:channelsTagged(ui_tags).head(){"id"} }

    name = function() { ent:name || default_name }

    // Children come by their UI channels; one that has none cannot be drawn. They are looked up and not remembered: a
    // map of them would be written anew with each child, so that the more there are, the longer another one takes.
    child_uis = function() { ctx:childrenTagged(ui_tags) }

    box = function() {
      {
        "eci": uiECI(),
        "parent": ent:parent_ui_eci,
        "children": child_uis(),
        "name": name(),
        "backgroundColor": ent:backgroundColor || default_color,
        "x": ent:x || default_length,
        "y": ent:y || default_length,
        "width": ent:width || default_length,
        "height": ent:height || default_length
      }
    }

    pico = function() {
      {
        "eci": uiECI(),
        "parent": ent:parent_ui_eci,
        "children": child_uis(),
        "channels": ctx:channels,
        "rulesets": ctx:rulesets
      }
    }

    testingECI = function() { ent:testingECI }

    // --- logs ---

    // The log by event or query, the newest first. What the UI itself keeps asking would drown the rest.
    logs = function() {
      ctx:logs()
        .filter(function(line) { line{"txnId"} })
        .collect(function(line) { line{"txnId"} })
        .values()
        .map(with_request)
        .filter(function(group) { not asked_by_ui(group{"request"}) })
        .map(as_log)
        .reverse()
    }

    // The first line of an event or a query tells what was asked for.
    with_request = function(lines) {
      queued = lines.filter(function(line) { line{"msg"} == "txnQueued" }).head()
      return {"lines": lines, "request": queued{"txn"}}
    }

    asked_by_ui = function(request) {
      query = request{"query"}
      query{"rid"} == ctx:rid || (query{"rid"} == "io.picolabs.subscription" && query{"name"} == "established")
    }

    as_log = function(group) {
      lines = group{"lines"}
      return {
        "txnId": lines[0]{"txnId"},
        "time": lines[0]{"time"},
        "header": header(group{"request"}),
        "entries": lines
          .filter(function(line, i) { not says_the_same(line, lines[i - 1]) })
          .map(entry)
      }
    }

    header = function(request) {
      request{"event"} => event_header(request{"event"})
      | request{"query"} => query_header(request{"query"})
      | ""
    }

    event_header = function(e) {
      attrs = e{["data", "attrs"]}.delete("_headers").encode()
      <<EVENT #{e{"eci"}} #{e{"domain"}}:#{e{"name"}} #{attrs}>>
    }

    query_header = function(q) {
      args = q{"args"}.delete("_headers").encode()
      <<QUERY #{q{"eci"}} #{q{"rid"}}/#{q{"name"}} #{args}>>
    }

    // An event is scheduled once for each ruleset, with a line each; one of them is enough.
    says_the_same = function(line, previous) {
      line{"msg"} == "event added to schedule" && previous{"msg"} == line{"msg"} && previous{"event"} == line{"event"}
    }

    entry = function(line) {
      clock = line{"time"}.substr("2000-01-01T".length())
      message = line{"msg"}.typeof() == "String" => line{"msg"} | line{"msg"}.encode()
      details = line.filter(function(value, member) { not (shown_elsewhere >< member) })
      <<#{clock} [#{line{"level"}.uc()}] #{message} #{details.isEmpty() => "" | details.encode()}>>.trimTrailing()
    }

    shown_elsewhere = ["level", "time", "txnId", "picoId", "msg", "txn"]
  }

  // --- the UI's own channel and box ---

  rule set_up {
    select when engine_ui setup
    ctx:upsertChannel(ui_tags, ui_events, ui_queries)
  }

  // Only what is given and of use changes; a colour must be one.
  rule change_box {
    select when engine_ui box
    pre {
      given = event:attrs
      color = given{"backgroundColor"}
    }
    fired {
      ent:x := given{"x"}.as("Number") if given{"x"}
      ent:y := given{"y"}.as("Number") if given{"y"}
      ent:width := given{"width"}.as("Number") if given{"width"}
      ent:height := given{"height"}.as("Number") if given{"height"}
      ent:name := given{"name"}.as("String") if given{"name"}
      ent:backgroundColor := color if color like re#^\#[0-9A-Fa-f]{6}$#
      ent:parent_ui_eci := given{"parentUiEci"} if given{"parentUiEci"}
    }
  }

  rule remember_testing_eci {
    select when engine_ui testing_eci
    fired {
      ent:testingECI := event:attrs{"eci"}
    }
  }

  // --- children ---

  rule ask_for_child {
    select when engine_ui new
    fired {
      raise wrangler event "new_child_request" attributes event:attrs.put({
        "name": event:attrs{"name"} || name(),
        "backgroundColor": event:attrs{"backgroundColor"} || ent:backgroundColor || default_color
      })
    }
  }

  rule delete_child {
    select when engine_ui del
    ctx:delPico(ctx:childOf(event:attrs{"eci"}, ui_tags))
  }

  // At a start a child asks for its parent's UI channel, unless it was told of it: in an event of its own, so that a
  // parent without this ruleset spoils nothing. A root has no parent to ask.
  rule look_for_parent {
    select when engine started
    if ctx:parent && not ent:parent_ui_eci then
      event:send({"eci": ctx:picoId, "domain": "engine_ui", "name": "parent_unknown"})
  }

  rule ask_parent {
    select when engine_ui parent_unknown
    pre {
      ui_eci = ctx:query(ctx:parent, ctx:rid, "uiECI")
    }
    fired {
      ent:parent_ui_eci := ui_eci
    }
  }

  // --- rulesets ---

  // By URL, or by the text itself.
  rule install {
    select when engine_ui install where event:attrs{"url"} || event:attrs{"source"}
    fired {
      raise wrangler event "install_ruleset_request" attributes event:attrs
    }
  }

  rule uninstall {
    select when engine_ui uninstall
    ctx:uninstall(event:attrs{"rid"})
  }

  rule flush {
    select when engine_ui flush
    ctx:flush(event:attrs{"url"})
  }

  // --- channels ---

  rule new_channel {
    select when engine_ui new_channel
    ctx:newChannel(event:attrs{"tags"}, event:attrs{"eventPolicy"}, event:attrs{"queryPolicy"})
  }

  rule delete_channel {
    select when engine_ui del_channel
    ctx:delChannel(event:attrs{"eci"})
  }
}
