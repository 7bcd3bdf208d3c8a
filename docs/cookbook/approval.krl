// Somebody has to say yes within a day. Without an answer it is a no.

ruleset approval {
  meta {
    name "Approval"
    shares pending
  }

  global {
    patience = {"hours": 24}

    pending = function() { ent:pending || {} }
  }

  rule ask {
    select when approval wanted id re#(.+)# setting(id) where not (pending() >< id)
    send_directive("asked", {"id": id})
    fired {
      schedule approval event "timed_out" at time:add(time:now(), patience) attributes {"id": id} setting(job)
      ent:pending{id} := {"what": event:attrs{"what"}, "job": job{"id"}}
    }
  }

  rule answer {
    select when approval answered id re#(.+)# answer re#^(yes|no)$# setting(id, said)
    if pending() >< id then
      schedule:remove(pending(){[id, "job"]})
    fired {
      raise approval event "decided" attributes {"id": id, "approved": said == "yes"}
      clear ent:pending{id}
    } else {
      raise approval event "too_late" attributes {"id": id}
    }
  }

  rule give_up {
    select when approval timed_out id re#(.+)# setting(id)
    fired {
      raise approval event "decided" attributes {"id": id, "approved": false}
      clear ent:pending{id}
    }
  }
}
