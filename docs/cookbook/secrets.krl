// Asks a service that wants a key. The key is a secret of the ruleset: no trace, no log and no other ruleset shows it.

ruleset secrets {
  meta {
    name "Secrets"
    keys forecast {"token": "not-really-secret"}
    shares forecast
  }

  global {
    url = "https://weather.example.com/forecast"

    headers = function() { {"authorization": "Bearer " + keys:forecast("token")} }

    forecast = function() { ent:forecast }
  }

  rule ask {
    select when forecast wanted city re#(.+)# setting(city)
    pre {
      answer = http:get(url, qs = {"city": city}, headers = headers(), parseJSON = true)
    }
    if answer{"status_code"} == 200 then
      send_directive("forecast", answer{"content"})
    fired {
      ent:forecast := answer{"content"}
    } else {
      error warn "the service answered " + answer{"status_line"}
    }
  }
}
