// Runs in the manager pico: one child for each sensor, made on request, and told of every violation.

ruleset sensor.manager {
  meta {
    name "Sensor manager"
    description "A pico for each sensor, and what they report"
    shares sensors, violations, recent_violations, violations_of, alarms, readings, summaries
  }

  global {
    // What a sensor's pico needs, published beside this file. In the order of installation: `sensor.heartbeat` comes
    // last, since it introduces the sensor, and a sensor that is introduced should be complete.
    sensor_rids = ["sensor.store", "sensor.alarm", "sensor.report", "sensor.heartbeat"]
    beside = function(rid) { meta:rulesetURI.replace(re#[^/]*$#, rid + ".krl") }

    keep = 100

    // name -> {name, eci, family}: `eci` is where the sensor posts, `family` is for the manager alone.
    sensors = function() { ent:sensors || {} }

    // name -> how many
    violations = function() { ent:violations || {} }
    alarms = function() { ent:alarms || {} }

    // The last ones of all sensors together.
    recent_violations = function() { ent:recent || [] }

    // The sensors' picos are asked, one after the other.
    readings = function() { sensors().map(function(sensor) { stored(sensor, "readings") }) }
    summaries = function() { sensors().map(function(sensor) { stored(sensor, "summary") }) }
    violations_of = function(name) { stored(sensors(){name}, "violations") }

    stored = function(sensor, what) { ctx:query(sensor{"family"}, "sensor.store", what) }

    last = function(list) { list.length() > keep => list.tail() | list }
  }

  // --- making sensors ---

  rule make_sensor {
    select when sensors new_sensor name re#(.+)# setting(name)
    pre {
      known = sensors(){name}
    }
    if known then
      send_directive("sensor_exists", known)
    notfired {
      raise wrangler event "new_child_request" attributes {
        "name": name,
        "sensor_config": {"threshold": event:attrs{"threshold"} || 80}
      }
    }
  }

  // The child exists now, and its first event lies in its mailbox; these come behind it.
  rule equip_sensor {
    select when wrangler new_child_created where event:attrs{"sensor_config"}
    foreach sensor_rids setting(rid)
    event:send({
      "eci": event:attrs{"eci"},
      "domain": "wrangler",
      "name": "install_ruleset_request",
      "attrs": {
        "url": beside(rid),
        "config": event:attrs{"sensor_config"}
      }
    })
  }

  rule introduce_sensor {
    select when sensors sensor_ready name re#(.+)# setting(name)
    fired {
      ent:sensors{name} := {"name": name, "eci": event:attrs{"eci"}, "family": event:attrs{"family"}}
    }
  }

  rule remove_sensor {
    select when sensors unneeded_sensor name re#(.+)# setting(name)
    pre {
      sensor = sensors(){name}
    }
    if sensor then
      send_directive("sensor_removed", {"name": name})
    fired {
      clear ent:sensors{name}
      raise wrangler event "child_deletion_request" attributes {"eci": sensor{"family"}}
    }
  }

  // --- being told ---

  rule count_violation {
    select when sensors violation name re#(.+)# setting(name)
    fired {
      ent:violations{name} := (violations(){name} || 0) + 1
      ent:recent := last(recent_violations().append(event:attrs))
    }
  }

  rule count_alarm {
    select when sensors alarm name re#(.+)# setting(name)
    fired {
      ent:alarms{name} := (alarms(){name} || 0) + 1
    }
  }
}
