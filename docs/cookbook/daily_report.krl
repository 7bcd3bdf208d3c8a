// Sales are added up, and every morning at seven the sum of the day before is told.

ruleset daily_report {
  meta {
    name "Daily report"
    shares today
  }

  global {
    at_seven = {"hour": 7, "minute": 0, "tz": "UTC"}

    today = function() { ent:today || [] }
  }

  rule begin {
    select when wrangler ruleset_installed where event:attrs{"rids"} >< meta:rid
    if schedule:list().length() == 0 then
      noop()
    fired {
      schedule report event "due" repeat at_seven
    }
  }

  rule keep {
    select when sale made
    fired {
      ent:today := today().append(event:attrs{"amount"})
    }
  }

  rule report {
    select when report due
    send_directive("report", {"sales": today().length(), "sum": today().reduce(function(a, b) { a + b }, 0)})
    fired {
      clear ent:today
    }
  }
}
