"""KRL's `event`: what a rule may know of the event that it answers.

Everything is null outside an event, and in a used module: the event is the business of the ruleset that uses it.
`send` reaches other picos, so a host that has picos puts its own in the place of the one here.

Source: docs/modules.md, "event".
"""

from __future__ import annotations

from ..errors import KRLValueError
from ..runtime.host import EventFacts, Here, Host, Member, Module, Value
from ..runtime.text import text


def _event(h: Host, here: Here) -> EventFacts | None:
    return None if here.in_module else h.event


def eid(h: Host, here: Here) -> Value:
    """The id of the event, and of all that it causes."""
    event = _event(h, here)
    return event and event.eid


def eci(h: Host, here: Here) -> Value:
    """The channel by which the event came."""
    event = _event(h, here)
    return event and event.eci


def domain(h: Host, here: Here) -> Value:
    """The domain of the event."""
    event = _event(h, here)
    return event and event.domain


def event_type(h: Host, here: Here) -> Value:
    """The type of the event."""
    event = _event(h, here)
    return event and event.type


def attrs(h: Host, here: Here) -> Value:
    """The map of the event's attributes."""
    event = _event(h, here)
    return event and event.attrs


def attr(h: Host, here: Here, name: Value = None) -> Value:
    """The attribute of that name, null if the event has none."""
    event = _event(h, here)
    return event and event.attrs.get(text(name))


def time(h: Host, here: Here) -> Value:
    """When the engine accepted the event, in milliseconds since 1970."""
    event = _event(h, here)
    return event and event.time


def send(h: Host, here: Here, options: Value = None, host: Value = None) -> Value:
    """Raises KRLValueError: there is no pico to send to."""
    raise KRLValueError("event:send needs an engine")


MODULE: Module = {
    "attr": Member("function", attr, ("name",)),
    "attrs": Member("property", attrs),
    "domain": Member("property", domain),
    "eci": Member("property", eci),
    "eid": Member("property", eid),
    "name": Member("property", event_type),
    "send": Member("action", send, ("options", "host")),
    "time": Member("property", time),
    "type": Member("property", event_type),
}
