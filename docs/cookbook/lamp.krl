// A lamp with three states. From each of them some events lead on; all others are none of its business.

ruleset lamp {
  meta {
    name "Lamp"
    shares state
  }

  global {
    state = function() { ent:state || "off" }

    next = {
      "off": {"pressed": "on"},
      "on": {"pressed": "dimmed", "held": "off"},
      "dimmed": {"pressed": "off", "held": "on"}
    }
  }

  rule change {
    select when lamp pressed or lamp held
    pre {
      to = next{[state(), event:type]}
    }
    if to then
      send_directive("lamp", {"from": state(), "to": to})
    fired {
      raise lamp event "changed" attributes {"from": state(), "to": to}
      ent:state := to
    }
  }
}
