// A device says now and then that it is there. When it has been silent for five minutes it is missed.

ruleset presence {
  meta {
    name "Presence"
    shares here
  }

  global {
    patience = {"minutes": 5}

    here = function() { (ent:seen || {}).keys() }
  }

  rule greet {
    select when device heartbeat id re#(.+)# setting(id)
    if not (here() >< id) then
      send_directive("welcome", {"id": id})
    fired {
      raise presence event "arrived" attributes {"id": id}
    } finally {
      ent:seen{id} := time:now()
      schedule presence event "patience_ended"
        at time:add(time:now(), patience)
        attributes {"id": id, "seen": time:now()}
    }
  }

  // Each heartbeat has its own end of patience; only that of the last one tells something.
  rule miss {
    select when presence patience_ended where event:attrs{"seen"} == ent:seen{event:attrs{"id"}}
    fired {
      clear ent:seen{event:attrs{"id"}}
      raise presence event "left" attributes {"id": event:attrs{"id"}}
    }
  }
}
