// One reading that is too hot may be a mistake. Three within ten minutes are an alarm, which tells the hottest.

ruleset threshold {
  meta {
    name "Threshold"
  }

  global {
    limit = meta:rulesetConfig{"limit"} || 80
  }

  rule find_violation {
    select when sensor reading where event:attrs{"temperature"} > limit
    fired {
      raise sensor event "violation" attributes event:attrs
    }
  }

  rule alarm {
    select when count 3 (sensor violation temperature re#(.+)#) max(hottest) within 10 minutes
    send_directive("alarm", {"hottest": hottest})
    fired {
      raise sensor event "alarm" attributes {"hottest": hottest}
    }
  }
}
