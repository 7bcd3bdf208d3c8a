// Runs in a sensor's pico: tells the manager what it has to know.

ruleset sensor.report {
  meta {
    name "Sensor report"
    description "Violations and alarms, told to the parent"
    use module io.picolabs.wrangler alias wrangler
  }

  rule report_violation {
    select when sensor threshold_violation
    event:send({
      "eci": wrangler:parent_eci(),
      "domain": "sensors",
      "name": "violation",
      "attrs": event:attrs.put({"name": wrangler:name()})
    })
  }

  rule report_alarm {
    select when sensor alarm
    event:send({
      "eci": wrangler:parent_eci(),
      "domain": "sensors",
      "name": "alarm",
      "attrs": event:attrs.put({"name": wrangler:name()})
    })
  }
}
