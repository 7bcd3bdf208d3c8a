// An order is told to a shop's server, whose answer is an event of the same cycle: the order is confirmed or refused.

ruleset webhook {
  meta {
    name "Webhook"
    shares status
  }

  global {
    url = meta:rulesetConfig{"url"} || "https://shop.example.com/orders"

    status = function(id) { ent:orders{id} }
  }

  rule tell_shop {
    select when order new id re#(.+)# setting(id)
    http:post(url, json = event:attrs, autoraise = id)
    fired {
      ent:orders{id} := "sent"
    }
  }

  rule confirm {
    select when http post where event:attrs{"status_code"} < 300
    send_directive("confirmed", {"id": event:attrs{"label"}})
    fired {
      ent:orders{event:attrs{"label"}} := "confirmed"
    }
  }

  rule refuse {
    select when http post where event:attrs{"status_code"} >= 300
    send_directive("refused", {"id": event:attrs{"label"}, "why": event:attrs{"content"}.decode(){"why"}})
    fired {
      ent:orders{event:attrs{"label"}} := "refused"
    }
  }
}
