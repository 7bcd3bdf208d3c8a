// Runs in a sensor's pico: keeps the last readings and violations, and counts all of them.

ruleset sensor.store {
  meta {
    name "Sensor store"
    description "The last 100 readings and violations, and how many there were"
    shares readings, violations, summary
  }

  global {
    keep = 100

    readings = function() { ent:readings || [] }

    violations = function() { ent:violations || [] }

    summary = function() {
      {
        "readings": ent:reading_count || 0,
        "violations": ent:violation_count || 0,
        "latest": readings()[readings().length() - 1]
      }
    }

    // One comes, so at most one has to go.
    last = function(list) { list.length() > keep => list.tail() | list }
  }

  rule keep_reading {
    select when sensor new_reading
    fired {
      ent:readings := last(readings().append(event:attrs))
      ent:reading_count := (ent:reading_count || 0) + 1
    }
  }

  rule keep_violation {
    select when sensor threshold_violation
    fired {
      ent:violations := last(violations().append(event:attrs))
      ent:violation_count := (ent:violation_count || 0) + 1
    }
  }

  rule forget {
    select when sensor reading_reset
    fired {
      clear ent:readings
      clear ent:reading_count
      clear ent:violations
      clear ent:violation_count
    }
  }
}
