// Readings come in Fahrenheit and are kept in Celsius. The module that knows how is installed before this ruleset.

ruleset weather {
  meta {
    name "Weather"
    use module units with decimals = 1
    shares latest
  }

  global {
    latest = function() { ent:celsius }
  }

  rule keep {
    select when weather reading fahrenheit re#^(-?[0-9.]+)$# setting(degrees)
    fired {
      ent:celsius := units:celsius(degrees.as("Number"))
    }
  }
}
