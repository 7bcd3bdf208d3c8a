// Money is moved once, however often the request comes: who repeats it gets the first answer again.

ruleset idempotent {
  meta {
    name "Idempotent"
    shares balance
  }

  global {
    keep = {"days": 1}

    balance = function() { ent:balance || 0 }

    done = function(key) { ent:done{key} }
  }

  rule move {
    select when money moved key re#(.+)# setting(key) where done(key).isnull()
    pre {
      answer = {"key": key, "balance": balance() + event:attrs{"amount"}}
    }
    send_directive("moved", answer)
    fired {
      ent:balance := answer{"balance"}
      ent:done{key} := answer
      schedule money event "key_forgotten" at time:add(time:now(), keep) attributes {"key": key}
      last
    }
  }

  rule repeat_answer {
    select when money moved key re#(.+)# setting(key)
    send_directive("moved", done(key))
  }

  rule forget {
    select when money key_forgotten key re#(.+)# setting(key)
    fired {
      clear ent:done{key}
    }
  }
}
