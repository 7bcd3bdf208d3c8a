// A page with a form, and what becomes of it when it is sent. The page is asked for and answered on /sky/event, where
// a directive `_raw` is the whole answer.

ruleset form {
  meta {
    name "Form"
    shares guests
  }

  global {
    guests = function() { ent:guests || [] }

    escaped = function(value) { value.replace(re#&#g, "&amp;").replace(re#<#g, "&lt;").replace(re#"#g, "&quot;") }

    page = function(body) { << <!doctype html><title>Guests</title>#{body} >> }

    field = << <form action="guest_signed"><input name="name"><button>Sign</button></form> >>

    listed = function(names) {
      items = names.map(function(name) { << <li>#{escaped(name)}</li> >> }).join("")
      << <ul>#{items}</ul> >>
    }
  }

  rule show {
    select when form shown
    send_directive("_raw", {"content": page(field + listed(guests())), "content_type": "text/html"})
  }

  rule sign {
    select when form guest_signed name re#(\S.*)# setting(name)
    send_directive("_raw", {"content": page(listed(guests().append(name))), "content_type": "text/html"})
    fired {
      ent:guests := guests().append(name)
    }
  }
}
