// Where is it, inside or outside? Told when it changes, and not each time that the phone says where it is.

ruleset geofence {
  meta {
    name "Geofence"
    shares inside
  }

  global {
    home = meta:rulesetConfig{"home"} || {"lat": 40.25, "lng": -111.65}
    radius = meta:rulesetConfig{"radius"} || 100

    meters = 111320 // of a degree of latitude
    shrink = 0.763 // of a degree of longitude, at the latitude of home

    // In squares of meters: near enough to home the earth is flat, and no root has to be taken.
    from_home = function(lat, lng) {
      north = (lat - home{"lat"}) * meters
      east = (lng - home{"lng"}) * meters * shrink
      north * north + east * east
    }

    inside = function() { ent:inside || false }
  }

  rule cross {
    select when phone moved where event:attrs{"lat"} && event:attrs{"lng"}
    pre {
      now_inside = from_home(event:attrs{"lat"}, event:attrs{"lng"}) < radius * radius
    }
    if now_inside != inside() then
      send_directive(now_inside => "entered" | "left", {})
    fired {
      ent:inside := now_inside
      raise fence event (now_inside => "entered" | "left")
    }
  }
}
