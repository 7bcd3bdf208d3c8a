// A seat is booked at once, and the booking told to the airline when it can be reached. When it has not been reached
// for a day, the engine gives up and says so, and the seat is free again.

ruleset compensate {
  meta {
    name "Compensate"
    shares booked
  }

  global {
    airline = "https://airline.example.com/bookings"

    booked = function() { (ent:seats || {}).keys() }
  }

  rule book {
    select when seat wanted number re#^(\d+[A-F])$# setting(number)
    if not (booked() >< number) then every {
      http:put(airline + "/" + number, json = {"seat": number})
      send_directive("booked", {"seat": number})
    }
    fired {
      ent:seats{number} := time:now()
    } else {
      raise seat event "taken" attributes {"seat": number}
    }
  }

  // The event tells the host, not the path; all bookings that are not confirmed wait for the same host.
  rule release {
    select when outbox dead where event:attrs{"target"} == "PUT https://airline.example.com"
    foreach booked() setting(number)
    fired {
      clear ent:seats{number}
      raise seat event "released" attributes {"seat": number}
    }
  }
}
