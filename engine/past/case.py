"""All that one event was evaluated with: its pico's state before it, the rulesets of then, and what came from outside.

From it a test can be made that lets the same happen again. Secrets are masked, and a text that holds keys is not told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from krl import KRLSyntaxError, Source, outline

from ..document import loads
from ..errors import EventNotFound, PastUnknown
from ..event_json import event_from
from ..registry.code import EMPTY, CodeSet, code_set_from_json
from ..registry.sources import BUNDLED
from ..store.interface import LogRow, Reading
from ..witness.event_report import report
from ..witness.shown import masked
from .state import past


def case(store: Reading, eid: str) -> dict[str, Any]:
    """The case of a finished event. Raises EventNotFound, PastUnknown, LogBroken."""
    row = store.log_by_eid(eid)
    if row is None:
        raise EventNotFound(eid)
    if not row.trace:
        raise PastUnknown(f"event {eid} was not traced, or its trace was dropped (trace, trace_seconds)")
    before = past(store, row.pico, row.seq - 1).state()
    told = report(row, lambda hash: _code(store, hash), whole=True)
    found = {
        "event": told,
        "now": row.t_in,
        "rulesets": list(_rulesets(store, _code(store, row.code))),
        "variables": _nested(before.get("ent", ())),
        "expressions": _nested([[rid, rule, memory] for rid, rule, _, memory in before.get("memory", ())]),
        "inputs": loads(row.io),
        "sent": list(_sent(store, row)),
        "effects": [target for kind, target, *_ in loads(row.effects) if kind != "send"],
    }
    shown: dict[str, Any] = masked(found)
    return shown


def _code(store: Reading, hash: str) -> CodeSet:
    body = store.blob(hash)
    return EMPTY if body is None else code_set_from_json(body)


def _rulesets(store: Reading, code: CodeSet) -> Iterator[dict[str, Any]]:
    for each in code:
        stored = store.ruleset(each.hash)
        text = "" if stored is None else stored[1]
        told: dict[str, Any] = {"rid": each.rid, "url": each.url, "config": each.config_map()}
        try:
            seen = outline(Source(text))
        except KRLSyntaxError:  # a text that this compiler refuses and an older one took
            yield {**told, "uses": [], "bundled": False, "source": text}
            continue
        bundled = each.url.startswith(BUNDLED)
        source = None if bundled or seen.keeps_keys else text
        yield {**told, "uses": list(seen.uses), "bundled": bundled, "source": source}


def _nested(rows: Any) -> dict[str, dict[str, Any]]:
    maps: dict[str, dict[str, Any]] = {}
    for rid, name, value in rows:
        maps.setdefault(rid, {})[name] = value
    return maps


def _sent(store: Reading, row: LogRow) -> Iterator[dict[str, Any]]:
    """The events to picos of this engine, as far as they are finished."""
    for kind, pico, eid, *_ in loads(row.effects):
        sent = store.log_by_eid(eid) if kind == "send" else None
        if sent is not None:
            event = event_from(eid, sent.event)
            yield {"pico": pico, "eci": event.eci, "event": f"{event.domain}:{event.type}", "attrs": event.attrs}
