// A list of things to do. Each has a number that stays its own.

ruleset todo {
  meta {
    name "To do"
    shares open, all
  }

  global {
    all = function() { ent:items || {} }

    open = function() { all().filter(function(item) { not item{"done"} }) }
  }

  rule add {
    select when todo new text re#(\S.*)# setting(words)
    pre {
      number = ent:last.defaultsTo(0) + 1
    }
    send_directive("added", {"number": number})
    fired {
      ent:last := number
      ent:items{number} := {"text": words, "done": false}
    }
  }

  rule finish {
    select when todo done number re#^(\d+)$# setting(number)
    if all() >< number then
      send_directive("done", all(){number})
    fired {
      ent:items{[number, "done"]} := true
    } else {
      raise todo event "unknown" attributes {"number": number}
    }
  }

  rule tidy_up {
    select when todo tidied
    foreach all() setting(item, number)
    if item{"done"} then
      noop()
    fired {
      clear ent:items{number}
    }
  }
}
