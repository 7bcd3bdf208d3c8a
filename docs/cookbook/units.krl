// A module: what several rulesets share. Whoever uses it says how many decimals there are to be.

ruleset units {
  meta {
    name "Units"
    configure using decimals = 0
    provides celsius, fahrenheit
  }

  global {
    celsius = function(f) { math:round((f - 32) / 1.8, decimals) }

    fahrenheit = function(c) { math:round(c * 1.8 + 32, decimals) }
  }
}
