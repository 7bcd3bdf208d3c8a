// The best score of each player, the best players first.

ruleset leaderboard {
  meta {
    name "Leaderboard"
    shares top
  }

  global {
    best = function(player) { ent:best{player} || 0 }

    // Equal scores are in the order of names, so that the list is the same each time.
    first = function(a, b) { b{"score"} <=> a{"score"} || a{"player"} cmp b{"player"} }

    top = function(n = 3) {
      rows = (ent:best || {}).keys().map(function(player) { {"player": player, "score": best(player)} })
      rows.sort(first).slice(0, n - 1)
    }
  }

  rule score {
    select when game finished player re#(.+)# setting(player)
    if event:attrs{"score"} > best(player) then
      send_directive("record", {"player": player, "score": event:attrs{"score"}})
    fired {
      ent:best{player} := event:attrs{"score"}
      raise game event "leader_changed"
        attributes {"player": player}
        if top(1)[0]{"player"} == player
    }
  }
}
