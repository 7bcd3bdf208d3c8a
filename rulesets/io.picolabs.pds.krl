// The pico's data service: things to keep that belong to no ruleset in particular. Three drawers: general data by
// namespace and key, settings by ruleset, and a profile of whom or what the pico stands for.

ruleset io.picolabs.pds {
  meta {
    name "Pico data service"
    description "General data, settings and a profile"
    use module io.picolabs.wrangler alias wrangler
    provides items, get_keys, profile, settings, get_setting_data_value, get_config_value, config_value,
      settings_names, getChannelEci
    shares items, get_keys, profile, settings, get_setting_data_value, get_config_value, config_value,
      settings_names, getChannelEci
  }

  global {
    pds_tags = ["pds"]
    pds_events = {"allow": [{"domain": "pds", "name": "*"}], "deny": []}
    pds_queries = {"allow": [{"rid": "io.picolabs.pds", "name": "*"}], "deny": []}

    // --- general data ---

    items = function(namespace, key) {
      general = ent:general || {}
      namespace.isnull() => {"status": "failed", "general": general}
      | key.isnull() => {"status": "success", "general": general{namespace}}
      | {"status": "success", "general": general{[namespace, key]}}
    }

    get_keys = function(namespace) { ent:general{namespace}.keys() }

    // `put` and not a path on the left of `:=`, which would begin an array for a key that looks like an index.
    with_item = function(path, value) { (ent:general || {}).put(path, value) }

    // --- settings ---

    settings = function(Rid, Key, detail) {
      all = ent:settings || {}
      found = Rid.isnull() => all
        | Key.isnull() => all{Rid}
        | detail.isnull() => all{[Rid, Key]}
        | all{[Rid, "data", detail]}
      return {"status": "success", "settings": found}
    }

    get_setting_data_value = function(setRID, setKey) { ent:settings{[setRID, "data", setKey]} }

    // A function of a module is not told which ruleset calls it, so both answer for this ruleset itself.
    get_config_value = function(setKey) { get_setting_data_value(meta:rid, setKey) }

    config_value = function(setKey) { get_config_value(setKey) }

    settings_names = function() {
      (ent:settings || {}).values().map(function(each) { {"setRID": each{"rid"}, "setName": each{"name"}} })
    }

    // --- profile ---

    profile = function(key) {
      {"status": "success", "profile": key.isnull() => ent:profile | ent:profile{key}}
    }

    kept_members = ["name", "description", "photo", "email", "phone"]

    initial_profile = {
      "description": "",
      "photo": "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'%3E"
        + "%3Crect width='64' height='64' fill='lightgray'/%3E%3Ccircle cx='32' cy='24' r='12' fill='gray'/%3E"
        + "%3Cpath d='M8 64c0-16 11-24 24-24s24 8 24 24z' fill='gray'/%3E%3C/svg%3E"
    }

    // 20210304T050607+0000. Not by strftime, which writes the server's local time.
    timestamp = function() {
      time:now().replace(re#[-:]#g, "").replace(re#[.][0-9]+Z$#, "+0000")
    }

    // --- the service's channel ---

    getChannelEci = function() { ent:pds_channel_eci }
  }

  // A root is prepared when the engine has started, a child when this ruleset is installed in it.
  rule prepare {
    select when wrangler ruleset_installed where event:attrs{"rids"} >< meta:rid
             or engine started
    pre {
      existing = wrangler:channels(pds_tags).head()
    }
    if existing.isnull() then
      wrangler:createChannel(pds_tags, pds_events, pds_queries) setting(created)
    always {
      ent:pds_channel_eci := (existing || created){"id"}
      raise pds event "updated_profile" attributes {"name": wrangler:name()} if not ent:profile{"name"}
    }
  }

  // --- general data ---

  rule add_item {
    select when pds new_data_available namespace re#.+# key re#.+#
    pre {
      namespace = event:attrs{"namespace"}
      key = event:attrs{"key"}
    }
    fired {
      ent:general := with_item([namespace, key], event:attrs{"value"})
      raise pds event "data_added" attributes {"namespace": namespace, "keyvalue": key}
    }
  }

  rule update_item {
    select when pds updated_data_available namespace re#.+# key re#.+#
    foreach event:attrs{"value"} setting(value, member)
    pre {
      namespace = event:attrs{"namespace"}
      key = event:attrs{"key"}
    }
    fired {
      ent:general := with_item([namespace, key, member], value)
      raise pds event "data_updated" attributes {"namespace": namespace, "keyvalue": key}
    }
  }

  rule remove_item {
    select when pds remove_old_data namespace re#.+# key re#.+#
    pre {
      namespace = event:attrs{"namespace"}
      key = event:attrs{"key"}
    }
    fired {
      clear ent:general{[namespace, key]}
      raise pds event "data_deleted" attributes {"namespace": namespace, "keyvalue": key}
    }
  }

  rule remove_namespace {
    select when pds remove_namespace namespace re#.+#
    pre {
      namespace = event:attrs{"namespace"}
    }
    fired {
      clear ent:general{namespace}
      raise pds event "namespace_deleted" attributes {"namespace": namespace}
    }
  }

  // A form can only send text, so the map may come as JSON.
  rule replace_namespace {
    select when pds map_item namespace re#.+#
    pre {
      namespace = event:attrs{"namespace"}
      values = event:attrs{"mapvalues"}.decode()
    }
    if values.typeof() == "Map" then noop()
    fired {
      ent:general := with_item([namespace], values)
      raise pds event "new_map_added" attributes {"namespace": namespace, "mapvalues": values}
    }
  }

  // --- profile ---

  // Who updates a profile gives the whole of it; only the members that every profile has outlive not being given.
  rule update_profile {
    select when pds updated_profile
    pre {
      given = event:attrs.delete("_headers")
      old = ent:profile || {}
      kept = old.filter(function(value, member) { kept_members >< member })
      now = timestamp()
    }
    if not given.isEmpty() then noop()
    fired {
      ent:profile := initial_profile.put(kept).put(given).put({
        "_created": old{"_created"} || now,
        "_modified": now
      })
      raise pds event "profile_updated" attributes event:attrs.put({"_status": "success"})
    } else {
      raise pds event "profile_updated" attributes event:attrs.put({"_status": "failure"})
    }
  }

  // --- settings ---

  rule add_settings {
    select when pds add_settings keyed_rid re#.+#
    pre {
      rid = event:attrs{"keyed_rid"}
      old = ent:settings{rid} || {}
      data = old{"data"} || {}
      data_key = event:attrs{"data_key"}
    }
    fired {
      ent:settings{rid} := {
        "name": event:attrs{"name"} || old{"name"},
        "rid": rid,
        "schema": event:attrs{"schema"} || old{"schema"},
        "data": data_key => data.put([data_key], event:attrs{"value"}) | data
      }.filter(function(value) { not value.isnull() })
      raise pds event "settings_added" attributes event:attrs
    }
  }

  // --- everything ---

  rule clear_all {
    select when pds clear_all_data
    fired {
      clear ent:general
      clear ent:settings
      clear ent:profile
    }
  }
}
