// Runs in a sensor's pico: understands what the device posts and says it in the words of the other rulesets.

ruleset sensor.heartbeat {
  meta {
    name "Sensor heartbeat"
    description "From a device's heartbeat to a reading, and from a reading to a violation"
    use module io.picolabs.wrangler alias wrangler
    shares threshold, battery, place
  }

  global {
    // The device may send heartbeats and nothing else; nobody may ask anything by its channel.
    device_events = {"allow": [{"domain": "wovyn", "name": "heartbeat"}], "deny": []}
    no_queries = {"allow": [], "deny": []}

    // Degrees Fahrenheit.
    threshold = function() { ent:threshold || meta:rulesetConfig{"threshold"} || 80 }

    battery = function() { ent:battery }

    place = function() { ent:place }
  }

  rule introduce_myself {
    select when wrangler ruleset_installed where event:attrs{"rids"} >< meta:rid
    if wrangler:channels(["device"]).isEmpty() then every {
      wrangler:createChannel(["device"], device_events, no_queries) setting(channel)
      event:send({
        "eci": wrangler:parent_eci(),
        "domain": "sensors",
        "name": "sensor_ready",
        "attrs": {
          "name": wrangler:name(),
          "eci": channel{"id"},
          "family": wrangler:myself(){"eci"}
        }
      })
    }
  }

  // A device has one probe or several; each gives a reading. A heartbeat without measurements has no genericThing.
  rule take_readings {
    select when wovyn heartbeat where event:attrs{"genericThing"}
    foreach event:attrs{["genericThing", "data", "temperature"]} setting(probe)
    pre {
      reading = {
        "probe": probe{"transducerGUID"},
        "temperature": probe{"temperatureF"},
        "at": time:new(event:time)
      }
    }
    send_directive("reading", {"probe": reading{"probe"}, "temperature": reading{"temperature"}})
    fired {
      raise sensor event "new_reading" attributes reading
    }
  }

  rule remember_device {
    select when wovyn heartbeat where event:attrs{"specificThing"}
    fired {
      ent:battery := event:attrs{["specificThing", "battery", "currentVoltage"]}
      ent:place := event:attrs{["property", "location", "description"]}
    }
  }

  rule find_violation {
    select when sensor new_reading where event:attrs{"temperature"} > threshold()
    send_directive("threshold_violation", {"temperature": event:attrs{"temperature"}, "threshold": threshold()})
    fired {
      raise sensor event "threshold_violation" attributes event:attrs
    }
  }

  rule change_threshold {
    select when sensor threshold_changed threshold re#^([0-9.]+)$# setting(degrees)
    fired {
      ent:threshold := degrees.as("Number")
    }
  }
}
