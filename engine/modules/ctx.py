"""`ctx`: this pico, its family, its channels and its rulesets.

Source: docs/modules.md, "ctx". Inside a module that another ruleset uses, `rid` and its like are the module's own.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from krl import (
    Here,
    KRLLoadError,
    KRLTypeError,
    KRLValueError,
    Member,
    Module,
    Program,
    RulesetMeta,
    plain,
    text,
    typeof,
)

from ..callback import OPEN, PATH, callback_id
from ..channel import (
    ALLOW_EVENTS,
    ALLOW_QUERIES,
    SYSTEM,
    Channel,
    check_map,
    check_words,
    clean_tags,
    event_policy,
    query_policy,
)
from ..document import dumps
from ..errors import ChannelNotFound, ChannelProtected, Conflict, EngineError, OwnChannelNotFound, RulesetRefused
from ..event import Event, Query
from ..event_json import event_bytes
from ..host import Host
from ..past.snapshots import birth
from ..pico import Pico
from ..registry.code import EMPTY, Installed
from ..registry.registry import COMPILER_VERSION
from ..store.interface import CallbackRow, InboxRow, PicoRow, RegistryRow
from ..timers.recurrence import instant_ms
from . import known_rulesets

LOGGED_MS = 12 * 3600 * 1000  # how far back ctx:logs looks
LOGGED_EVENTS = 200

# --- this pico --------------------------------------------------------------------------------------------------------


def pico_id(h: Host, here: Here) -> str:
    """The pico's id."""
    return h.pico.id


def parent(h: Host, here: Here) -> str | None:
    """The ECI by which this pico reaches its parent; null on a root."""
    return h.pico.row.parent_eci


def children(h: Host, here: Here) -> list[str]:
    """The ECIs by which this pico reaches its children, in order of creation."""
    return [row.family_eci for row in _children(h) if row.family_eci is not None]


def _children(h: Host) -> list[PicoRow]:
    rows = h.parts.directory.children(h.pico.id)
    for id, row in h.cycle.changes.picos.items():
        if row is None:
            rows.pop(id, None)
        elif row.parent == h.pico.id:
            rows[id] = row
    return list(rows.values())


def channels(h: Host, here: Here) -> list[dict[str, Any]]:
    """This pico's channels, sorted by id."""
    return [channel.as_map() for channel in h.channels()]


def channels_tagged(h: Host, here: Here, tags: Any = None) -> list[dict[str, Any]]:
    """This pico's channels with exactly these tags, sorted by id; the size of the family does not matter to it."""
    return [channel.as_map() for channel in h.channels_tagged(_tags(tags))]


def children_tagged(h: Host, here: Here, tags: Any = None) -> list[str]:
    """The ECI of each child's first channel with exactly these tags, in order of creation of the children."""
    found = [h.channels_tagged(_tags(tags), child.id) for child in _children(h)]
    return [channels[0].eci for channels in found if channels]


def child_of(h: Host, here: Here, eci: Any = None, tags: Any = None) -> str | None:
    """The ECI by which this pico reaches the child that has a channel of this ECI, tagged so; null if none has."""
    channel = _channel(h, eci)
    if channel is None or set(channel.tags) != set(_tags(tags)):
        return None
    row = _pico_row(h, channel.pico)
    return row.family_eci if row is not None and row.parent == h.pico.id else None


def is_own_channel(h: Host, here: Here, eci: Any = None) -> bool:
    """Whether this pico has a channel of this ECI."""
    channel = _channel(h, eci)
    return channel is not None and channel.pico == h.pico.id


def _channel(h: Host, eci: Any) -> Channel | None:
    if isinstance(eci, str):
        with suppress(ChannelNotFound):
            return h.channel(eci)
    return None


def _tags(tags: Any) -> list[str]:
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise KRLTypeError("tags must be an array of strings")
    return tags


def rulesets(h: Host, here: Here) -> list[dict[str, Any]]:
    """This pico's rulesets in order of installation."""
    return [_ruleset_map(h, installed) for installed in h.code]


def _ruleset_map(h: Host, installed: Installed) -> dict[str, Any]:
    instance = h.instances.get(installed.rid)
    row = known_rulesets.registered(h, installed.url)
    return {
        "rid": installed.rid,
        "url": installed.url,
        "config": installed.config_map(),
        "meta": None if instance is None else _meta_map(instance.program, row),
    }


def _meta_map(program: Program, row: RegistryRow | None) -> dict[str, Any]:
    return {
        "krl": program.source,
        "krlMeta": program.meta.krl_meta,
        "hash": program.hash,
        "flushed": None if row is None else instant(row.flushed),
        "compiler": {"version": COMPILER_VERSION, "warnings": [] if row is None else orjson.loads(row.warnings)},
    }


def instant(milliseconds: int) -> str:
    """An instant as KRL writes it."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def logs(h: Host, here: Here) -> list[dict[str, Any]]:
    """The pico's log lines of the last hours, oldest first; of its events the latest only."""
    lines: list[dict[str, Any]] = h.inputs.take("logs", None, lambda: plain(_logs(h)))
    return lines


def _logs(h: Host) -> list[dict[str, Any]]:
    pico = h.pico
    rows = h.parts.store.log(pico.id, max(0, pico.head_seq - LOGGED_EVENTS), LOGGED_EVENTS)
    lines = h.parts.journal.lines(pico.id, rows, h.now() - LOGGED_MS)
    return [{**line, "time": instant(line["time"])} for line in lines]


# --- this ruleset -----------------------------------------------------------------------------------------------------


def rid(h: Host, here: Here) -> str:
    """The ruleset in whose text this stands."""
    return here.rid


def rid_url(h: Host, here: Here) -> str | None:
    """Where the ruleset came from."""
    return here.url


def rid_config(h: Host, here: Here) -> dict[str, Any]:
    """The configuration given at installation."""
    return here.config


def rid_name(h: Host, here: Here) -> str | None:
    """The ruleset's name, as its `meta` says."""
    return _meta(here).name


def rid_description(h: Host, here: Here) -> str | None:
    """The ruleset's description, as its `meta` says."""
    return _meta(here).description


def rid_author(h: Host, here: Here) -> str | None:
    """The ruleset's author, as its `meta` says."""
    return _meta(here).author


def rid_version(h: Host, here: Here) -> str | None:
    """The ruleset's version, as its `meta` says."""
    return _meta(here).version


def _meta(here: Here) -> RulesetMeta:
    meta: RulesetMeta = here.meta
    return meta


# --- family -----------------------------------------------------------------------------------------------------------


def new_pico(h: Host, here: Here, rulesets: Any = None) -> str:
    """Make a child with these rulesets, [{url, config}]; the ECI by which this pico reaches it.

    The child is part of this event: it exists completely or not at all. All texts are loaded first, and one that
    cannot be fails the action; one that only fails to start in the child is told in the journal.
    """
    if not isinstance(rulesets, list) or not all(isinstance(each, dict) for each in rulesets):
        raise KRLTypeError("ctx:newPico expects an array of {url, config}")
    wanted = [(_load(h, each.get("url")), each.get("config")) for each in rulesets]
    child = _newborn(h)
    for row, config in wanted:
        try:
            _install(child, row, config)
        except (KRLLoadError, EngineError) as error:
            child.log(here, "error", f"{row.rid} does not start: {error}")
    h.cycle.births.append(birth(child))
    return child.pico.row.family_eci or ""


def _newborn(h: Host) -> Host:
    """A child without rulesets, with its two family channels, in this cycle's changes."""
    parent, changes = h.pico, h.cycle.changes
    if parent.next_child_no is None:
        parent.next_child_no = h.parts.store.next_child_no(parent.id)
    id, up, down = h.new_id(), h.new_id(), h.new_id()
    row = PicoRow(id, parent.id, parent.next_child_no, up, down, EMPTY.hash, 0, b"")
    parent.next_child_no += 1
    changes.picos[id] = row
    changes.channels[up] = Channel(up, parent.id, (SYSTEM, "parent"), ALLOW_EVENTS, ALLOW_QUERIES, id)
    changes.channels[down] = Channel(down, id, (SYSTEM, "child"), ALLOW_EVENTS, ALLOW_QUERIES, parent.id)
    changes.codes[id] = EMPTY
    pico = Pico(id, row, EMPTY, {}, h.parts.loader.salience(EMPTY), 0, b"", next_child_no=0)
    pico.registry_version = h.parts.registry.version
    child = h.cycle.newborns[id] = Host(h.parts, pico, h.cycle)
    return child


def del_pico(h: Host, here: Here, eci: Any = None) -> None:
    """Delete a child, named by its family ECI, and all below it."""
    row = _child_by(h, eci)
    if row is None:
        raise KRLValueError(f"delPico({'undefined' if eci is None else text(eci)}) - not found in children ECIs")
    for id in _subtree(h, row.id):
        h.delete_pico(id)
    if row.parent_eci is not None:
        h.cycle.changes.channels[row.parent_eci] = None


def _child_by(h: Host, eci: Any) -> PicoRow | None:
    channel = _channel(h, eci)
    if channel is None:
        return None
    row = _pico_row(h, channel.pico)
    return row if row is not None and row.parent == h.pico.id and row.family_eci == eci else None


def _pico_row(h: Host, id: str) -> PicoRow | None:
    picos = h.cycle.changes.picos
    return picos[id] if id in picos else h.parts.directory.pico(id)


def _subtree(h: Host, top: str) -> list[str]:
    """The pico and all below it, the lowest first."""
    found, below = [top], [top]
    while below:
        parents = set(below)
        below = [id for each in below for id in h.children_of(each)]
        below += [id for id, row in h.cycle.changes.picos.items() if row and row.parent in parents and id not in below]
        found.extend(below)
    return list(reversed(found))


# --- channels ---------------------------------------------------------------------------------------------------------


def new_channel(
    h: Host, here: Here, tags: Any = None, eventPolicy: Any = None, queryPolicy: Any = None
) -> dict[str, Any]:
    """Make a channel; a missing policy allows everything. Its map."""
    channel = Channel(
        h.new_id(),
        h.pico.id,
        clean_tags(tags),
        ALLOW_EVENTS if eventPolicy is None else event_policy(eventPolicy),
        ALLOW_QUERIES if queryPolicy is None else query_policy(queryPolicy),
    )
    h.cycle.changes.channels[channel.eci] = channel
    return channel.as_map()


def put_channel(
    h: Host, here: Here, eci: Any = None, tags: Any = None, eventPolicy: Any = None, queryPolicy: Any = None
) -> None:
    """Change the given parts of a channel; family channels silently stay as they are."""
    _edit(h, _own_channel(h, eci), tags, eventPolicy, queryPolicy)


def upsert_channel(h: Host, here: Here, tags: Any = None, eventPolicy: Any = None, queryPolicy: Any = None) -> None:
    """Change the first channel with the same set of tags, or make one."""
    known = h.channels_tagged(clean_tags(tags))
    if known:
        _edit(h, known[0], None, eventPolicy, queryPolicy)
    else:
        new_channel(h, here, tags, eventPolicy, queryPolicy)


def del_channel(h: Host, here: Here, eci: Any = None) -> None:
    """Delete an ordinary channel."""
    channel = _own_channel(h, eci)
    if channel.family_pico is not None:
        raise ChannelProtected("Cannot delete family channels.")
    h.cycle.changes.channels[channel.eci] = None


def _own_channel(h: Host, eci: Any) -> Channel:
    channel = _channel(h, eci)
    if channel is None or channel.pico != h.pico.id:
        raise OwnChannelNotFound(text(eci))
    return channel


def _edit(h: Host, channel: Channel, tags: Any, events: Any, queries: Any) -> None:
    if channel.eci == h.pico.id:
        raise Conflict("Cannot edit the self channel.")
    changed = replace(
        channel,
        tags=channel.tags if tags is None else clean_tags(tags),
        event_policy=channel.event_policy if events is None else event_policy(events),
        query_policy=channel.query_policy if queries is None else query_policy(queries),
    )
    if channel.family_pico is None:
        h.cycle.changes.channels[channel.eci] = changed


# --- rulesets ---------------------------------------------------------------------------------------------------------


def install(h: Host, here: Here, url: Any = None, config: Any = None) -> str:
    """Install the ruleset at the URL, or install it again with another configuration; its rid."""
    return _install(h, _load(h, url), config)


def install_source(h: Host, here: Here, source: Any = None, config: Any = None) -> str:
    """Install a ruleset from its text; its rid. The text stands under `inline:///<rid>.krl`."""
    if not isinstance(source, str):
        raise KRLTypeError(f"Expected string for source but got {typeof(source)}")
    return _install(h, known_rulesets.taken(h, source), config)


def uninstall(h: Host, here: Here, rid: Any = None) -> None:
    """Remove a ruleset and its variables. Refused while other rulesets of the pico use it."""
    if not isinstance(rid, str):
        raise KRLTypeError(f"Expected string for rid but got {typeof(rid)}")
    users = [r for r, each in h.instances.items() if r != rid and any(use.rid == rid for use in each.program.meta.uses)]
    if users:
        raise Conflict(f"Cannot uninstall {rid} because {' and '.join(users)} depends on it")
    if h.code.find(rid) is not None:
        h.uninstall(rid)
        h.parts.timetable.remove(h, rid, None)


def flush(h: Host, here: Here, url: Any = None) -> None:
    """Fetch the URL's text again; whoever follows the URL takes it at his next turn, this pico at once."""
    if not isinstance(url, str):
        raise KRLTypeError(f"Expected string for url but got {typeof(url)}")
    row = known_rulesets.flushed(h, url)
    for installed in h.code:
        if installed.url == row.url and installed.hash != row.hash:
            _install(h, row, installed.config_map())


def _load(h: Host, url: Any) -> RegistryRow:
    if not isinstance(url, str):
        raise KRLTypeError(f"Expected string for url but got {typeof(url)}")
    return known_rulesets.loaded(h, url)


def _install(h: Host, row: RegistryRow, config: Any) -> str:
    new = Installed(row.rid, row.hash, row.url, orjson.dumps(plain(config) if isinstance(config, dict) else {}))
    try:
        h.install(new)
    except KRLLoadError as error:
        raise RulesetRefused(str(error)) from error
    return row.rid


# --- events and queries to picos ------------------------------------------------------------------------------------


def query(h: Host, here: Here, eci: Any = None, rid: Any = None, name: Any = None, args: Any = None) -> Any:
    """The answer of a shared query of a pico of this engine. May wait."""
    words = check_words("query", eci=eci, rid=rid, name=name)
    arguments = plain(check_map(args, "query.args"))
    pico = h.target(words["eci"], "query", words["rid"], words["name"])
    asked = Query(h.new_eid(), words["eci"], words["rid"], words["name"], arguments)
    return h.ask(pico, asked, lambda: h.parts.neighbours.query(h, pico, asked))


def event_query(
    h: Host, here: Here, eci: Any = None, domain: Any = None, name: Any = None, attrs: Any = None, rid: Any = None,
    queryName: Any = None, args: Any = None,
) -> Any:  # fmt: skip
    """Let a pico of this engine evaluate the event, then ask it over the same channel. May wait."""
    words = check_words("event", eci=eci, domain=domain, name=name)
    asked = check_words("query", rid=rid, name=queryName)
    pico = h.target(words["eci"], "event", words["domain"], words["name"])
    h.target(words["eci"], "query", asked["rid"], asked["name"])
    eid = h.new_eid()
    attributes = plain(check_map(attrs, "event.data.attrs"))
    event = Event(eid, words["eci"], words["domain"], words["name"], attributes, h.now())
    arguments = plain(check_map(args, "query.args"))
    then = Query(f"{eid}.q", words["eci"], asked["rid"], asked["name"], arguments)
    return h.parts.neighbours.event_query(h, pico, event, then)


def send_event(
    h: Host, here: Here, eci: Any = None, domain: Any = None, name: Any = None, attrs: Any = None, host: Any = None
) -> str | None:
    """Send an event; it leaves with this event's commit. Its eid, null when it goes to another host.

    An unknown ECI and a refusal are errors.
    """
    words = check_words("event", eci=eci, domain=domain, name=name)
    attributes = plain(check_map(attrs, "event.data.attrs"))
    if host:
        h.post_event(words["eci"], words["domain"], words["name"], attributes, text(host))
        return None
    pico = h.target(words["eci"], "event", words["domain"], words["name"])
    event = Event(h.new_eid(), words["eci"], words["domain"], words["name"], attributes, h.now())
    source = f"pico:{h.pico.id}"
    h.cycle.changes.sends.append(InboxRow(0, pico, event.eid, event.eci, source, event_bytes(event), event.time))
    return event.eid


def new_callback(
    h: Host, here: Here, domain: Any = None, name: Any = None, attrs: Any = None, expires: Any = None
) -> str:
    """A URL by which somebody outside can send this pico an event, once; it leaves with this event's commit.

    `expires`: seconds from now, or a time; then the event `callback:expired` comes instead. Null: it never does.
    """
    words = check_words("event", eci=h.pico.id, domain=domain, name=name)
    attributes = dumps(plain(check_map(attrs, "event.data.attrs")))
    token = h.new_id()
    row = CallbackRow(
        callback_id(token), h.pico.id, here.rid, words["domain"], words["name"], attributes, OPEN, _end(h, expires)
    )
    h.cycle.changes.callbacks[row.id] = row
    return f"{h.base_url.rstrip('/')}{PATH}{token}"


def _end(h: Host, expires: Any) -> int | None:
    """Milliseconds since 1970."""
    if expires is None:
        return None
    if isinstance(expires, int | float) and not isinstance(expires, bool):
        expires = h.now() + expires * 1000
    end = instant_ms(expires)
    if end is None:
        raise KRLTypeError(f"ctx:newCallback expected seconds or a time for expires but got {typeof(expires)}")
    return end


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

__all__ = ["MODULE", "instant", "send_event"]
