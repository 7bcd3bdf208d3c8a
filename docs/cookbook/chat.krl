// A room for chats: who joins gives the channel on which he wants to be told what the others say.

ruleset chat {
  meta {
    name "Chat"
    shares members, history
  }

  global {
    keep = 50

    members = function() { (ent:members || {}).keys() }

    history = function() { ent:history || [] }

    shortened = function(list) { list.length() > keep => list.slice(list.length() - keep, list.length() - 1) | list }
  }

  rule join {
    select when chat joined name re#(.+)# eci re#(.+)# setting(name, eci)
    send_directive("history", {"messages": history()})
    fired {
      ent:members{name} := eci
    }
  }

  rule leave {
    select when chat left name re#(.+)# setting(name)
    fired {
      clear ent:members{name}
    }
  }

  rule keep_message {
    select when chat said name re#(.+)# text re#(\S.*)# setting(name, words) where members() >< name
    fired {
      ent:history := shortened(history().append({"name": name, "text": words}))
    }
  }

  rule relay {
    select when chat said name re#(.+)# text re#(\S.*)# setting(name, words) where members() >< name
    foreach ent:members.delete(name) setting(eci)
    event:send({"eci": eci, "domain": "chat", "name": "heard", "attrs": {"from": name, "text": words}})
  }
}
