// Counts what it is told, up to a limit of its configuration, and begins again when it is asked to.

ruleset counter {
  meta {
    name "Counter"
    shares total
  }

  global {
    limit = meta:rulesetConfig{"limit"} || 10

    total = function() { ent:total || 0 }
  }

  rule tick {
    select when counter tick
    pre {
      by = event:attrs{"by"}.defaultsTo(1)
    }
    if total() + by <= limit then
      send_directive("counted", {"total": total() + by})
    fired {
      ent:total := total() + by
    } else {
      raise counter event "full" attributes {"total": total()}
    }
  }

  rule reset {
    select when counter reset
    fired {
      clear ent:total
    }
  }
}
