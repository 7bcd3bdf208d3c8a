// A switch is subscribed to lamps. It tells all of them, and each of them knows it by its role.

ruleset switch {
  meta {
    name "Switch"
    use module io.picolabs.subscription alias subscription
    shares lamps
  }

  global {
    lamps = function() { subscription:established("Tx_role", "lamp") }
  }

  rule pass_on {
    select when switch pressed
    foreach lamps() setting(lamp)
    event:send({"eci": lamp{"Tx"}, "domain": "lamp", "name": "toggle", "attrs": {"by": meta:picoId}})
  }

  rule welcome {
    select when wrangler inbound_pending_subscription_added where event:attrs{"Tx_role"} == "lamp"
    fired {
      raise wrangler event "pending_subscription_approval" attributes {"Id": event:attrs{"Id"}}
    }
  }
}
