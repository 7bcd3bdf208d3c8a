"""`ctx`: events and queries to the picos of this engine, and a URL by which somebody outside sends an event."""

from __future__ import annotations

from typing import Any

from krl import Here, KRLTypeError, plain, text, typeof

from ...callback import OPEN, PATH, callback_id
from ...channel import check_map, check_words
from ...document import dumps
from ...event import Event, Query
from ...event_json import event_bytes
from ...host import Host
from ...store.interface import CallbackRow, InboxRow
from ...surroundings import ask, target
from ...timers.recurrence import instant_ms


def query(h: Host, here: Here, eci: Any = None, rid: Any = None, name: Any = None, args: Any = None) -> Any:
    """The answer of a shared query of a pico of this engine. May wait."""
    words = check_words("query", eci=eci, rid=rid, name=name)
    arguments = plain(check_map(args, "query.args"))
    pico = target(h, words["eci"], "query", words["rid"], words["name"])
    asked = Query(h.new_eid(), words["eci"], words["rid"], words["name"], arguments)
    return ask(h, pico, asked, lambda: h.parts.neighbours.query(h, pico, asked))


def event_query(
    h: Host, here: Here, eci: Any = None, domain: Any = None, name: Any = None, attrs: Any = None, rid: Any = None,
    queryName: Any = None, args: Any = None,
) -> Any:  # fmt: skip
    """Let a pico of this engine evaluate the event, then ask it over the same channel. May wait."""
    words = check_words("event", eci=eci, domain=domain, name=name)
    asked = check_words("query", rid=rid, name=queryName)
    pico = target(h, words["eci"], "event", words["domain"], words["name"])
    target(h, words["eci"], "query", asked["rid"], asked["name"])
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
    pico = target(h, words["eci"], "event", words["domain"], words["name"])
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
