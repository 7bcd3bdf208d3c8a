"""`ctx`: this pico, its family, its channels, its rulesets, and whom it reaches. A file for each of these.

Source: docs/modules.md, "ctx". Inside a module that another ruleset uses, `rid` and its like are the module's own.
"""

from __future__ import annotations

from krl import Member, Module

from .channels import channels, channels_tagged, del_channel, is_own_channel, new_channel, put_channel, upsert_channel
from .events import event_query, new_callback, query, send_event
from .family import child_of, children, children_tagged, del_pico, new_pico, parent
from .rulesets import flush, install, install_source, rulesets, uninstall
from .this import (
    logs,
    pico_id,
    rid,
    rid_author,
    rid_config,
    rid_description,
    rid_name,
    rid_url,
    rid_version,
)

MODULE: Module = {
    "picoId": Member("property", pico_id),
    "rid": Member("property", rid),
    "rid_url": Member("property", rid_url),
    "rid_config": Member("property", rid_config),
    "rid_version": Member("property", rid_version),
    "rid_name": Member("property", rid_name),
    "rid_description": Member("property", rid_description),
    "rid_author": Member("property", rid_author),
    "parent": Member("property", parent),
    "children": Member("property", children),
    "channels": Member("property", channels),
    "channelsTagged": Member("function", channels_tagged, ("tags",)),
    "childrenTagged": Member("function", children_tagged, ("tags",)),
    "childOf": Member("function", child_of, ("eci", "tags")),
    "isOwnChannel": Member("function", is_own_channel, ("eci",)),
    "rulesets": Member("property", rulesets),
    "newPico": Member("action", new_pico, ("rulesets",)),
    "delPico": Member("action", del_pico, ("eci",)),
    "newChannel": Member("action", new_channel, ("tags", "eventPolicy", "queryPolicy")),
    "putChannel": Member("action", put_channel, ("eci", "tags", "eventPolicy", "queryPolicy")),
    "upsertChannel": Member("action", upsert_channel, ("tags", "eventPolicy", "queryPolicy")),
    "delChannel": Member("action", del_channel, ("eci",)),
    "install": Member("action", install, ("url", "config")),
    "installSource": Member("action", install_source, ("source", "config")),
    "uninstall": Member("action", uninstall, ("rid",)),
    "flush": Member("action", flush, ("url",)),
    "event": Member("action", send_event, ("eci", "domain", "name", "attrs", "host")),
    "eventQuery": Member("action", event_query, ("eci", "domain", "name", "attrs", "rid", "queryName", "args")),
    "newCallback": Member("action", new_callback, ("domain", "name", "attrs", "expires")),
    "query": Member("function", query, ("eci", "rid", "name", "args")),
    "logs": Member("function", logs),
}

__all__ = ["MODULE"]
