// A house makes a pico for each of its rooms, and takes it away again. A room knows that it is one: it is told.

ruleset house {
  meta {
    name "House"
    shares rooms
  }

  global {
    rooms = function() { (ent:rooms || {}).keys() }
  }

  rule build {
    select when room wanted name re#(.+)# setting(name)
    if not (rooms() >< name) then
      noop()
    fired {
      raise wrangler event "new_child_request" attributes {"name": name, "room": true}
    } else {
      raise room event "exists" attributes {"name": name}
    }
  }

  rule furnish {
    select when wrangler new_child_created where event:attrs{"room"}
    event:send({"eci": event:attrs{"eci"}, "domain": "room", "name": "built", "attrs": {"name": event:attrs{"name"}}})
    fired {
      ent:rooms{event:attrs{"name"}} := event:attrs{"eci"}
    }
  }

  rule tear_down {
    select when room unwanted name re#(.+)# setting(name) where rooms() >< name
    fired {
      raise wrangler event "child_deletion_request" attributes {"eci": ent:rooms{name}}
      clear ent:rooms{name}
    }
  }
}
