// The pico's manager. It answers what the pico is (its name, its family, its channels, its rulesets) and does,
// on request, what changes that: children, channels, installations. Nothing here is beyond an ordinary ruleset:
// everything is done with the built-in module `ctx`, so this file also shows how to use it.

ruleset io.picolabs.wrangler {
  meta {
    name "Wrangler"
    description "Children, channels and rulesets of a pico"
    provides name, myself, parent_eci, children, channels, rulesetConfig, rulesetMeta, installedRIDs,
      picoQuery, skyQuery, createChannel, deleteChannel
    shares name, id, myself, parent_eci, children, channels, rulesetConfig, rulesetMeta, installedRIDs,
      picoQuery, skyQuery
  }

  global {
    // What a UI offers to try by hand. Without this declaration it would be every function and event of the file.
    __testing = {
      "queries": [
        {"name": "name"},
        {"name": "myself"},
        {"name": "children"},
        {"name": "channels", "args": ["tags"]},
        {"name": "installedRIDs"},
        {"name": "rulesetMeta", "args": ["rid"]}
      ],
      "events": [
        {"domain": "wrangler", "name": "new_child_request", "attrs": ["name", "backgroundColor"]},
        {"domain": "wrangler", "name": "child_deletion_request", "attrs": ["eci"]},
        {"domain": "wrangler", "name": "new_channel_request", "attrs": ["tags", "eventPolicy", "queryPolicy"]},
        {"domain": "wrangler", "name": "channel_deletion_request", "attrs": ["eci"]},
        {"domain": "wrangler", "name": "install_ruleset_request", "attrs": ["url", "config"]},
        {"domain": "wrangler", "name": "uninstall_ruleset_request", "attrs": ["rid"]}
      ]
    }

    // --- who am I ---

    name = function() { ent:name }

    id = function() { ctx:picoId }

    // The ECI by which the family knows this pico; a root has no family and names its own channel to itself.
    myself = function() { {"name": ent:name, "id": ctx:picoId, "eci": ent:eci} }

    parent_eci = function() { ent:parent_eci }

    // In order of creation. Each child is asked, so a busy child delays the answer.
    children = function() {
      ctx:children.map(function(eci) {
        {
          "eci": eci,
          "name": ctx:query(eci, ctx:rid, "name"),
          "parent_eci": ctx:query(eci, ctx:rid, "parent_eci")
        }
      })
    }

    // --- channels ---

    // All channels, or those that carry exactly these tags, in any order. Tags are an array or text with commas.
    channels = function(tags) {
      tags => ctx:channelsTagged(tag_list(tags)) | ctx:channels
    }

    tag_list = function(tags) {
      list = tags.typeof() == "Array" => tags | tags.split(",")
      list.map(function(tag) { tag.trim().lc() })
    }

    createChannel = defaction(tags, eventPolicy, queryPolicy) {
      ctx:newChannel(tags, eventPolicy, queryPolicy) setting(channel)
      return channel
    }

    deleteChannel = defaction(eci) {
      ctx:delChannel(eci)
    }

    // --- rulesets ---

    installedRIDs = function() { ctx:rulesets.map(function(ruleset) { ruleset{"rid"} }) }

    installed_urls = function() { ctx:rulesets.map(function(ruleset) { ruleset{"url"} }) }

    rulesetConfig = function(rid) { installed(rid){"config"} }

    rulesetMeta = function(rid) { installed(rid){["meta", "krlMeta"]} }

    installed = function(rid) {
      ctx:rulesets.filter(function(ruleset) { ruleset{"rid"} == rid }).head()
    }

    // The URL of a ruleset that is published in the same place as `url`: its last path segment replaced.
    beside = function(url, rid) { url.replace(re#[^/]*$#, rid + ".krl") }

    // --- asking other picos ---

    // A pico of this engine is asked directly, any other one over HTTP. To ask oneself is a mistake, and is told.
    picoQuery = function(eci, mod, func, params, _host, _path, _root_url) {
      ctx:isOwnChannel(eci) => {
        "status_code": 400,
        "status_line": "HTTP/1.1 400 Pico should not query itself",
        "content": {"error": "Pico should not query itself"}.encode()
      }
      | eci.startsWith("did:") => failed_query(501, "this engine does not speak DIDComm", null)
      | _host.isnull() || _host == meta:host => ctx:query(eci, mod, func, params || {})
      | web_query(eci, mod, func, params, _host, _path, _root_url)
    }

    // The older form: always over HTTP, also to a pico of this engine.
    skyQuery = function(eci, mod, func, params, _host, _path, _root_url) {
      ctx:isOwnChannel(eci) => failed_query(400, "Pico should not query itself", null)
      | web_query(eci, mod, func, params, _host, _path, _root_url)
    }

    web_query = function(eci, mod, func, params, _host, _path, _root_url) {
      base = _root_url || ((_host || meta:host) + (_path || "/sky/cloud/"))
      response = http:get(base + eci + "/" + mod + "/" + func, qs = params || {})
      content = response{"content"}.decode()
      is_error = content.typeof() == "Map" && (content >< "error" || content >< "error_str")
      response{"status_code"} == 200 && not content.isnull() && not is_error => content
      | failed_query(response{"status_code"}, response{"status_line"}, content)
    }

    // Callers compare this text, with its spelling.
    failed_query = function(code, message, content) {
      {
        "error": "sky query request was unsuccesful.",
        "httpStatus": {"code": code, "message": message},
        "picoQueryError": content{"error"} || 0,
        "picoQueryErrorMsg": content{"error_str"} || 0,
        "picoQueryReturnValue": content
      }
    }
  }

  // --- rulesets ---

  // Flush first: who asks for an installation wants the text that stands at the URL now.
  rule install_ruleset {
    select when wrangler install_ruleset_request url re#.+#
    pre {
      url = event:attrs{"url"}
    }
    every {
      ctx:flush(url)
      ctx:install(url, event:attrs{"config"} || {}) setting(rid)
    }
    fired {
      raise wrangler event "ruleset_installed" attributes event:attrs.put({"rids": [rid]})
    }
  }

  // A ruleset that is published beside another one.
  rule install_ruleset_beside_another {
    select when wrangler install_ruleset_request absoluteURL re#.+# rid re#.+#
    pre {
      url = beside(event:attrs{"absoluteURL"}, event:attrs{"rid"})
    }
    fired {
      raise wrangler event "install_ruleset_request"
        attributes event:attrs.delete("absoluteURL").put({"url": url})
    }
  }

  // The text itself instead of a URL. It does not travel on: a source can be long, and who listens wants the rid.
  rule install_ruleset_source {
    select when wrangler install_ruleset_request source re#\S# where event:attrs{"url"}.isnull()
    ctx:installSource(event:attrs{"source"}, event:attrs{"config"} || {}) setting(rid)
    fired {
      raise wrangler event "ruleset_installed" attributes event:attrs.delete("source").put({"rids": [rid]})
    }
  }

  rule uninstall_ruleset {
    select when wrangler uninstall_ruleset_request rid re#.+#
    ctx:uninstall(event:attrs{"rid"})
    fired {
      raise wrangler event "ruleset_uninstalled" attributes event:attrs
    }
  }

  // A text that was given as such stands nowhere else, so there is nothing newer to fetch.
  rule flush_rulesets {
    select when wrangler rulesets_need_flushing
    foreach installed_urls().filter(function(url) { not url.startsWith("inline:") }) setting(url)
    ctx:flush(url)
    fired {
      raise wrangler event "rulesets_flushed" on final
    }
  }

  // --- channels ---

  // All three parts must be given: a channel that allows everything should never come from something forgotten.
  rule create_channel {
    select when wrangler new_channel_request
    pre {
      tags = event:attrs{"tags"}
      event_policy = event:attrs{"eventPolicy"}
      query_policy = event:attrs{"queryPolicy"}
    }
    if tags && event_policy && query_policy then
      createChannel(tags, event_policy, query_policy) setting(channel)
    fired {
      raise wrangler event "channel_created" attributes event:attrs.put({"channel": channel})
    }
  }

  rule delete_channel {
    select when wrangler channel_deletion_request eci re#.+#
    deleteChannel(event:attrs{"eci"})
    fired {
      raise wrangler event "channel_deleted" attributes event:attrs
    }
  }

  // --- children, as their parent sees it ---

  // The child is made with two rulesets and is asked for its UI channel at once; it does the rest itself when
  // `wrangler:pico_created` reaches it. What is sent here leaves with this event's commit, so a child is either
  // there with its instructions or was never made.
  rule create_child {
    select when wrangler new_child_request name re#.+#
    pre {
      ui = {"url": beside(meta:rulesetURI, "io.picolabs.pico-engine-ui"), "config": {}}
      wrangler = {"url": meta:rulesetURI, "config": {}}
    }
    every {
      ctx:newPico([ui, wrangler]) setting(eci)
      ctx:eventQuery(eci, "engine_ui", "setup", {}, "io.picolabs.pico-engine-ui", "uiECI", {}) setting(ui_eci)
      event:send({"eci": eci, "domain": "wrangler", "name": "pico_created", "attrs": event:attrs})
      event:send({
        "eci": ui_eci,
        "domain": "engine_ui",
        "name": "box",
        "attrs": {
          "name": event:attrs{"name"},
          "backgroundColor": event:attrs{"backgroundColor"} || "#87CEFA",
          "parentUiEci": channels(["engine", "ui"]).head(){"id"}
        }
      })
    }
    fired {
      raise wrangler event "new_child_created" attributes event:attrs.put({"eci": eci, "uiEci": ui_eci})
    }
  }

  rule delete_child {
    select when wrangler child_deletion_request eci re#.+#
    ctx:delPico(event:attrs{"eci"})
    fired {
      raise wrangler event "child_deleted" attributes event:attrs
    }
  }

  rule tell_children_of_start {
    select when system online
    foreach ctx:children setting(eci)
    event:send({"eci": eci, "domain": "system", "name": "online", "attrs": event:attrs})
  }

  // --- being a child ---

  rule begin_life {
    select when wrangler pico_created
    pre {
      // The request's attributes go on to whoever listens, but may not choose what is installed.
      passed_on = event:attrs.delete("absoluteURL").delete("source").put({"config": {}})
      request_for = function(rid) { passed_on.put({"url": beside(meta:rulesetURI, rid)}) }
    }
    fired {
      ent:parent_eci := ctx:parent
      ent:name := event:attrs{"name"}
      ent:id := ctx:picoId
      ent:eci := event:eci
      raise wrangler event "install_ruleset_request" attributes request_for("io.picolabs.pds")
      raise wrangler event "install_ruleset_request" attributes request_for("io.picolabs.subscription")
      raise wrangler event "install_ruleset_request" attributes request_for("io.picolabs.did-o")
      raise wrangler event "pico_initialized" attributes event:attrs.put({"eci": event:eci})
    }
  }

  rule report_to_parent {
    select when wrangler pico_initialized
    if ctx:parent then
      event:send({"eci": ctx:parent, "domain": "wrangler", "name": "child_initialized", "attrs": event:attrs})
  }

  // Only the parent can delete; a child can ask for it.
  rule ask_for_deletion {
    select when wrangler ready_for_deletion
    if ctx:parent then
      event:send({
        "eci": ctx:parent,
        "domain": "wrangler",
        "name": "child_deletion_request",
        "attrs": event:attrs.put({"eci": ent:eci})
      })
  }

  // --- being a root, and being renamed ---

  rule begin_life_as_root {
    select when engine_ui setup where ctx:parent.isnull() && ent:id.isnull()
    fired {
      ent:id := ctx:picoId
      ent:eci := ctx:picoId
      ent:name := "Pico"
    }
  }

  // The name in the UI is the UI's affair (engine_ui:box).
  rule take_name {
    select when wrangler name_changed name re#.+#
    fired {
      ent:name := event:attrs{"name"}
    }
  }
}
