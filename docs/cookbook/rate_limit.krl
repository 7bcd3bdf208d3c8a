// Everybody may send three messages a minute. Those beyond are refused, and told when to try again.

ruleset rate_limit {
  meta {
    name "Rate limit"
  }

  global {
    most = 3

    a_minute_ago = function() { time:add(time:now(), {"minutes": -1}) }

    recent = function(sender) { ent:sent{sender}.defaultsTo([]).filter(function(at) { at > a_minute_ago() }) }
  }

  rule take_message {
    select when message new sender re#(.+)# setting(sender)
    pre {
      sent = recent(sender)
    }
    if sent.length() < most then
      noop()
    fired {
      ent:sent{sender} := sent.append(time:now())
      raise message event "accepted" attributes event:attrs
    } else {
      raise message event "refused" attributes event:attrs.put({"until": time:add(sent.head(), {"minutes": 1})})
    }
  }

  rule refuse {
    select when message refused
    send_directive("wait", {"until": event:attrs{"until"}})
  }
}
