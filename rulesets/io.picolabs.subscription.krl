// Relations between picos. Two picos that agree to a subscription hold one entry each, a *bus*, which is the same
// relation seen from its two ends: `Rx` is the channel on which I receive, `Tx` the one to which I transmit, so that
// my Rx is the other one's Tx. Both entries carry the same `Id`.
//
//   asking side    (nothing) -> outbound -> established -> (nothing)
//   asked side     (nothing) -> inbound  -> established -> (nothing)
//
// Every pico has one well-known channel that strangers may use to ask, and for hardly anything else.

ruleset io.picolabs.subscription {
  meta {
    name "Subscription"
    description "Asking for, agreeing to and ending relations between picos"
    use module io.picolabs.wrangler alias wrangler
    provides established, inbound, outbound, wellKnown_Rx, autoAcceptConfig
    shares established, inbound, outbound, wellKnown_Rx, autoAcceptConfig
  }

  global {
    allow_all_events = {"allow": [{"domain": "*", "name": "*"}], "deny": []}
    allow_all_queries = {"allow": [{"rid": "*", "name": "*"}], "deny": []}

    wellKnown_tags = ["wellKnown_Rx", "Tx_Rx"]
    wellKnown_events = {
      "allow": [
        {"domain": "wrangler", "name": "subscription"},
        {"domain": "wrangler", "name": "new_subscription_request"},
        {"domain": "wrangler", "name": "inbound_removal"}
      ],
      "deny": []
    }
    wellKnown_queries = {"allow": [{"rid": "io.picolabs.subscription", "name": "wellKnown_Rx"}], "deny": []}

    // --- what others may ask ---

    established = function(key, value) { matching(ent:established || [], key, value) }

    inbound = function(key, value) { matching(ent:inbound || [], key, value) }

    outbound = function(key, value) { matching(ent:outbound || [], key, value) }

    wellKnown_Rx = function() { wrangler:channels(wellKnown_tags).head() }

    // Passwords of configurations are for comparing, not for showing.
    autoAcceptConfig = function() {
      (ent:autoAcceptConfig || {}).map(function(config) { config.delete("password") })
    }

    matching = function(buses, key, value) {
      key.isnull() || value.isnull() => buses | buses.filter(function(bus) { bus{key} == value })
    }

    // --- buses ---

    // The bus that the current event means. An Id that is given decides: if it is unknown, no other bus is meant.
    meant = function(buses) {
      event:attrs{"Id"} => matching(buses, "Id", event:attrs{"Id"}).head()
      | event:attrs{"Rx"} => matching(buses, "Rx", event:attrs{"Rx"}).head()
      | event:attrs{"Tx"} => matching(buses, "Tx", event:attrs{"Tx"}).head()
      | matching(buses, "Rx", event:eci).head()
    }

    // Compared as a whole and not by Id: a pico that subscribes to itself has both ends of one Id.
    without = function(buses, gone) { buses.filter(function(bus) { bus != gone }) }

    without_nulls = function(bus) { bus.filter(function(value) { not value.isnull() }) }

    // HTTP headers of the caller stay in this pico: they may hold secrets, and the other side can be a stranger.
    for_the_other_side = function(attrs) { attrs.delete("_headers") }

    drop_channel = defaction(eci) {
      if ctx:isOwnChannel(eci) then
        wrangler:deleteChannel(eci)
    }

    // --- automatic acceptance ---

    // One attribute of the request that matches one of its expressions is enough.
    accepts = function(config) {
      config{"entries"}.any(function(expressions, name) {
        event:attrs >< name && expressions.any(function(expression) { event:attrs{name}.match(expression) })
      })
    }
  }

  // --- the well-known channel ---

  // A root gets it when the engine has started, a child when this ruleset is installed in it.
  rule make_wellKnown_Rx {
    select when wrangler ruleset_installed where event:attrs{"rids"} >< meta:rid
             or engine started
             or wrangler need_wellKnown_Rx
    if wellKnown_Rx().isnull() then
      wrangler:createChannel(wellKnown_tags, wellKnown_events, wellKnown_queries)
    fired {
      raise wrangler event "wellKnown_Rx_created" attributes event:attrs
    }
  }

  // --- asking ---

  rule ask {
    select when wrangler subscription where event:attrs{"wellKnown_Tx"}
    pre {
      id = random:uuid()
      channel_name = event:attrs{"name"} || random:word()
      channel_type = event:attrs{"channel_type"} || "Tx_Rx"
    }
    wrangler:createChannel([channel_name, channel_type], allow_all_events, allow_all_queries) setting(channel)
    fired {
      bus = without_nulls({
        "Id": id,
        "Rx": channel{"id"},
        "wellKnown_Tx": event:attrs{"wellKnown_Tx"},
        "Rx_role": event:attrs{"Rx_role"},
        "Tx_role": event:attrs{"Tx_role"},
        "Tx_host": event:attrs{"Tx_host"}
      })
      attrs = event:attrs.put({
        "Id": id,
        "Rx": channel{"id"},
        "channel_name": channel_name,
        "channel_type": channel_type
      })
      ent:outbound := outbound().append(bus)
      raise wrangler event "subscription_request_needed" attributes attrs
      raise wrangler event "outbound_pending_subscription_added" attributes attrs
    }
  }

  rule ask_whom {
    select when wrangler subscription where not event:attrs{"wellKnown_Tx"}
    fired {
      raise wrangler event "wellKnown_Tx_format_failure" attributes event:attrs
    }
  }

  // What is Rx here is Tx there, and so with the roles. The other side answers to Tx_host: this engine, unless the
  // asker knows a better name for it.
  rule send_request {
    select when wrangler subscription_request_needed
    pre {
      own_host = event:attrs{"Rx_host"} || meta:host
      attrs = for_the_other_side(event:attrs).put({
        "Tx": event:attrs{"Rx"},
        "Rx_role": event:attrs{"Tx_role"},
        "Tx_role": event:attrs{"Rx_role"},
        "Tx_host": own_host == "localhost" => null | own_host
      })
    }
    event:send({
      "eci": event:attrs{"wellKnown_Tx"},
      "domain": "wrangler",
      "name": "new_subscription_request",
      "attrs": attrs
    }, event:attrs{"Tx_host"})
  }

  // --- being asked ---

  // A request whose Id is known already has arrived twice.
  rule be_asked {
    select when wrangler new_subscription_request where event:attrs{"Tx"}
    pre {
      id = event:attrs{"Id"} || random:uuid()
      channel_name = event:attrs{"channel_name"} || random:word()
      channel_type = event:attrs{"channel_type"} || "Tx_Rx"
      is_new = inbound("Id", id).isEmpty() && established("Id", id).isEmpty()
    }
    if is_new then
      wrangler:createChannel([channel_name, channel_type], allow_all_events, allow_all_queries) setting(channel)
    fired {
      bus = without_nulls({
        "Id": id,
        "Rx": channel{"id"},
        "Tx": event:attrs{"Tx"},
        "Rx_role": event:attrs{"Rx_role"},
        "Tx_role": event:attrs{"Tx_role"},
        "Tx_host": event:attrs{"Tx_host"} == meta:host => null | event:attrs{"Tx_host"}
      })
      ent:inbound := inbound().append(bus)
      raise wrangler event "inbound_pending_subscription_added"
        attributes event:attrs.put({"Id": id, "Rx": channel{"id"}})
    }
  }

  rule be_asked_by_nobody {
    select when wrangler new_subscription_request where not event:attrs{"Tx"}
    fired {
      raise wrangler event "no_Tx_failure" attributes event:attrs
    }
  }

  // --- agreeing ---

  rule approve {
    select when wrangler pending_subscription_approval
    pre {
      bus = meant(inbound())
    }
    if bus then
      event:send({
        "eci": bus{"Tx"},
        "domain": "wrangler",
        "name": "outbound_pending_subscription_approved",
        "attrs": {"Id": bus{"Id"}, "Tx": bus{"Rx"}}
      }, bus{"Tx_host"})
    fired {
      raise wrangler event "inbound_pending_subscription_approved"
        attributes event:attrs.put({"Id": bus{"Id"}, "bus": bus})
    }
  }

  rule establish_what_was_asked_here {
    select when wrangler inbound_pending_subscription_approved
    pre {
      bus = meant(inbound())
    }
    if bus then noop()
    fired {
      ent:inbound := without(inbound(), bus)
      ent:established := established().append(bus)
      raise wrangler event "subscription_added" attributes event:attrs.put({"bus": bus})
    }
  }

  rule establish_what_was_asked_there {
    select when wrangler outbound_pending_subscription_approved
    pre {
      pending = meant(outbound())
      bus = pending.delete("wellKnown_Tx").put({"Tx": event:attrs{"Tx"}})
    }
    if pending then noop()
    fired {
      ent:outbound := without(outbound(), pending)
      ent:established := established().append(bus)
      raise wrangler event "subscription_added" attributes event:attrs.put({"bus": bus})
    }
  }

  // --- ending an established subscription ---

  // Each side removes its own entry. Whatever arrives second finds nothing and does nothing.
  rule cancel {
    select when wrangler subscription_cancellation
    pre {
      bus = meant(established())
    }
    if bus then
      event:send({
        "eci": bus{"Tx"},
        "domain": "wrangler",
        "name": "established_removal",
        "attrs": {"Id": bus{"Id"}, "Rx": bus{"Tx"}, "Tx": bus{"Rx"}}
      }, bus{"Tx_host"})
    fired {
      raise wrangler event "established_removal" attributes event:attrs.put({"Id": bus{"Id"}})
    }
  }

  rule remove_established {
    select when wrangler established_removal
    pre {
      bus = meant(established())
    }
    if bus then
      drop_channel(bus{"Rx"})
    fired {
      ent:established := without(established(), bus)
      raise wrangler event "subscription_removed" attributes event:attrs.put({"bus": bus})
    }
  }

  // --- ending a request, by the one who was asked ---

  rule reject {
    select when wrangler inbound_rejection
    pre {
      bus = meant(inbound())
    }
    if bus then
      event:send({
        "eci": bus{"Tx"},
        "domain": "wrangler",
        "name": "outbound_removal",
        "attrs": {"Id": bus{"Id"}}
      }, bus{"Tx_host"})
    fired {
      raise wrangler event "inbound_removal" attributes event:attrs.put({"Id": bus{"Id"}})
    }
  }

  rule remove_inbound {
    select when wrangler inbound_removal
    pre {
      bus = meant(inbound())
    }
    if bus then
      drop_channel(bus{"Rx"})
    fired {
      ent:inbound := without(inbound(), bus)
      raise wrangler event "inbound_subscription_cancelled" attributes event:attrs.put({"bus": bus})
    }
  }

  // --- ending a request, by the one who asked ---

  rule withdraw {
    select when wrangler outbound_cancellation
    pre {
      bus = meant(outbound())
    }
    if bus then
      event:send({
        "eci": bus{"wellKnown_Tx"},
        "domain": "wrangler",
        "name": "inbound_removal",
        "attrs": {"Id": bus{"Id"}, "Tx": bus{"Rx"}}
      }, bus{"Tx_host"})
    fired {
      raise wrangler event "outbound_removal" attributes event:attrs.put({"Id": bus{"Id"}})
    }
  }

  rule remove_outbound {
    select when wrangler outbound_removal
    pre {
      bus = meant(outbound())
    }
    if bus then
      drop_channel(bus{"Rx"})
    fired {
      ent:outbound := without(outbound(), bus)
      raise wrangler event "outbound_subscription_cancelled" attributes event:attrs.put({"bus": bus})
    }
  }

  // --- ending everything ---

  rule cancel_all {
    select when wrangler cancel_subscriptions or wrangler rulesets_need_to_cleanup
    foreach established() setting(bus)
    fired {
      raise wrangler event "subscription_cancellation" attributes event:attrs.put({"Id": bus{"Id"}})
    }
  }

  rule reject_all {
    select when wrangler cancel_subscriptions or wrangler rulesets_need_to_cleanup
    foreach inbound() setting(bus)
    fired {
      raise wrangler event "inbound_rejection" attributes event:attrs.put({"Id": bus{"Id"}})
    }
  }

  rule withdraw_all {
    select when wrangler cancel_subscriptions or wrangler rulesets_need_to_cleanup
    foreach outbound() setting(bus)
    fired {
      raise wrangler event "outbound_cancellation" attributes event:attrs.put({"Id": bus{"Id"}})
    }
  }

  rule cancel_and_leave {
    select when wrangler intent_to_delete
    fired {
      raise wrangler event "subscription_cancellation" attributes event:attrs
      raise wrangler event "ready_for_deletion" attributes event:attrs
    }
  }

  // --- sending by relation instead of by channel ---

  rule choose_subscriptions {
    select when wrangler send_event_on_subs
    pre {
      id = event:attrs{"subID"}
      tx_role = event:attrs{"Tx_role"}
      rx_role = event:attrs{"Rx_role"}
      subs = established().filter(function(bus) {
        (id && bus{"Id"} == id) || (tx_role && bus{"Tx_role"} == tx_role) || (rx_role && bus{"Rx_role"} == rx_role)
      })
      found = not subs.isEmpty()
      has_domain = not event:attrs{"domain"}.isEmpty()
      has_type = not event:attrs{"type"}.isEmpty()
    }
    if found && has_domain && has_type then noop()
    fired {
      raise wrangler event "send_event_to_subs" attributes event:attrs.put({"subs": subs})
    } else {
      raise wrangler event "failed_to_send_event_to_sub" attributes event:attrs.put({
        "foundSubsToSendTo": found,
        "domainGiven": has_domain,
        "typeGiven": has_type
      })
    }
  }

  rule send_to_subscriptions {
    select when wrangler send_event_to_subs
    foreach event:attrs{"subs"} setting(bus)
    event:send({
      "eci": bus{"Tx"},
      "domain": event:attrs{"domain"},
      "name": event:attrs{"type"},
      "attrs": event:attrs{"attrs"} || {}
    }, bus{"Tx_host"})
  }

  // --- automatic acceptance ---

  // The configuration comes as one map, or in pieces as a form can send them. One that has a password can only be
  // changed or deleted by who knows it. Each expression is tried once: a bad one fails here, and not at each request.
  rule configure_acceptance {
    select when wrangler autoAcceptConfigUpdate
    pre {
      given = event:attrs{"config"} || {}
      name = given{"configName"} || event:attrs{"configName"}
      password = given{"password"} || event:attrs{"password"}
      entries = given{"entries"} || event:attrs{"regexMap"}.decode() || {}
      stored = ent:autoAcceptConfig{name}
      is_allowed = stored{"password"}.isnull() || stored{"password"} == password
      are_good = entries.all(function(expressions) {
        expressions.all(function(expression) { not "".match(expression).isnull() })
      })
    }
    if name && is_allowed && are_good then noop()
    fired {
      clear ent:autoAcceptConfig{name} if event:attrs{"delete"}
      ent:autoAcceptConfig{name} := without_nulls({
        "configName": name,
        "password": password,
        "entries": entries
      }) if not event:attrs{"delete"}
      raise wrangler event "auto_accept_config_updated" attributes event:attrs
    } else {
      raise wrangler event "autoAcceptConfigUpdate_failure" attributes event:attrs
    }
  }

  rule accept_automatically {
    select when wrangler inbound_pending_subscription_added
    if (ent:autoAcceptConfig || {}).any(accepts) then noop()
    fired {
      raise wrangler event "pending_subscription_approval" attributes event:attrs
      raise wrangler event "auto_accepted_subscription_request" attributes event:attrs
    }
  }
}
