// Contacts come as a table of comma separated values, or as a JSON list: an event for each of them.

ruleset import {
  meta {
    name "Import"
    shares contacts
  }

  global {
    contacts = function() { ent:contacts || {} }

    lines = function(table) { table.split(re#\r?\n#).filter(function(line) { line.match(re#\S#) }) }

    // The first line names the columns.
    rows = function(table) {
      all = lines(table)
      names = all.head().split(",")
      all.tail().map(function(line) {
        cells = line.split(",")
        names.reduce(function(row, name) { row.put(name, cells[names.index(name)]) }, {})
      })
    }
  }

  rule take_table {
    select when contacts csv table re#((?:.|\n)+)# setting(table)
    foreach rows(table) setting(row)
    fired {
      raise contacts event "found" attributes row
    }
  }

  rule take_list {
    select when contacts json list re#^(\[(?:.|\n)*\])$# setting(list)
    foreach list.decode() setting(row)
    fired {
      raise contacts event "found" attributes row
    }
  }

  rule keep {
    select when contacts found mail re#(.+@.+)# setting(mail)
    fired {
      ent:contacts{mail} := event:attrs{"name"}
    }
  }

  rule leave_out {
    select when contacts found where not event:attrs{"mail"}.defaultsTo("").match(re#.+@.+#)
    send_directive("left_out", event:attrs)
  }
}
