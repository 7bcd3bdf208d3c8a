// Any two of three signs within a minute, in whichever order, are worth a look.

ruleset intrusion {
  meta {
    name "Intrusion"
    shares alarms
  }

  global {
    alarms = function() { ent:alarms || 0 }
  }

  rule notice {
    select when any 2 (door opened, window opened, motion detected) within 1 minute
    send_directive("look", {"last": event:domain})
    fired {
      ent:alarms := alarms() + 1
    }
  }
}
