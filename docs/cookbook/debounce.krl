// A switch that is pressed chatters. What counts is the value that has stood still for two seconds.

ruleset debounce {
  meta {
    name "Debounce"
  }

  global {
    still = {"seconds": 2}
  }

  rule wait {
    select when switch changed value re#(.+)# setting(value)
    if ent:job then
      schedule:remove(ent:job{"id"})
    always {
      schedule debounce event "settled"
        at time:add(time:now(), still)
        attributes {"value": value}
        setting(job)
      ent:job := job
    }
  }

  rule settle {
    select when debounce settled where event:attrs{"value"} != ent:value
    fired {
      ent:value := event:attrs{"value"}
      raise switch event "settled" attributes {"value": ent:value}
    } finally {
      clear ent:job
    }
  }
}
