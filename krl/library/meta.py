"""KRL's `meta`: where the running code is.

A used module does not learn of the event or query: `eci` and `txnId` are null there and `inEvent`, `inQuery` false.

Source: docs/modules.md, "meta".
"""

from __future__ import annotations

from ..runtime.host import EventFacts, Here, Host, Member, Module, QueryFacts, Value


def _request(h: Host, here: Here) -> EventFacts | QueryFacts | None:
    return None if here.in_module else h.event or h.query


def eci(h: Host, here: Here) -> Value:
    """The channel by which the event or the query came."""
    request = _request(h, here)
    return request and request.eci


def txn_id(h: Host, here: Here) -> Value:
    """The id of the event or the query."""
    request = _request(h, here)
    return request and request.eid


def in_event(h: Host, here: Here) -> Value:
    """Whether an event is answered."""
    return isinstance(_request(h, here), EventFacts)


def in_query(h: Host, here: Here) -> Value:
    """Whether a query is answered."""
    return isinstance(_request(h, here), QueryFacts)


def rule_name(h: Host, here: Here) -> Value:
    """The running rule; null in queries and while a ruleset is loaded."""
    return h.rule_name


def rid(h: Host, here: Here) -> Value:
    """The ruleset in whose text this stands, also when another one uses it as a module."""
    return here.rid


def rid_url(h: Host, here: Here) -> Value:
    """Where the ruleset came from."""
    return here.url


def ruleset_config(h: Host, here: Here) -> Value:
    """The configuration that the ruleset was installed with."""
    return here.config


def pico_id(h: Host, here: Here) -> Value:
    """The id of the pico."""
    return h.pico_id


def host(h: Host, here: Here) -> Value:
    """The base URL of this engine."""
    return h.base_url


MODULE: Module = {
    "eci": Member("property", eci),
    "host": Member("property", host),
    "inEvent": Member("property", in_event),
    "inQuery": Member("property", in_query),
    "picoId": Member("property", pico_id),
    "rid": Member("property", rid),
    "rid_url": Member("property", rid_url),
    "ruleName": Member("property", rule_name),
    "rulesetConfig": Member("property", ruleset_config),
    "rulesetURI": Member("property", rid_url),
    "txnId": Member("property", txn_id),
}
