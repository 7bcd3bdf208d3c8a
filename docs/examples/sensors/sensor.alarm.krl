// Runs in a sensor's pico: two violations that come close together are an alarm.

ruleset sensor.alarm {
  meta {
    name "Sensor alarm"
    description "Two violations within ten minutes"
    shares alarms
  }

  global {
    alarms = function() { ent:alarms || 0 }
  }

  // Pairs: after an alarm the count begins again. A first violation that stays alone for ten minutes is forgotten.
  rule raise_alarm {
    select when count 2 (sensor threshold_violation temperature re#(.+)#) max(hottest) within 10 minutes
    send_directive("alarm", {"hottest": hottest})
    fired {
      ent:alarms := alarms() + 1
      raise sensor event "alarm" attributes {"hottest": hottest}
    }
  }
}
