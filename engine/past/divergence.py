"""Where two accounts of one event differ: the log's, and what comes out when the event is evaluated again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from ..document import loads
from ..store.interface import LogRow


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()
"""What stands for a value where there is none; null is one."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """One place where what comes out is not what the log, or the store, has."""

    seq: int
    eid: str
    event: str  # domain:type
    what: str  # "changes/ent/counter/n", "response/directives/0/options/n", "input", "stored/ent/counter/n" …
    expected: Any
    actual: Any
    rid: str | None = None  # the rule that did it, as far as that is known
    rule: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is told: `expected` or `actual` is missing where there is nothing."""
        told = {"seq": self.seq, "eid": self.eid, "event": self.event, "what": self.what}
        told |= {name: each for name, each in (("rid", self.rid), ("rule", self.rule)) if each is not None}
        values = (("expected", self.expected), ("actual", self.actual))
        return told | {name: each for name, each in values if each is not ABSENT}


Place = tuple[str, ...]
Difference = tuple[Place, Any, Any]
"""The place, what is expected there, and what is there."""


def differences(expected: Any, actual: Any, *place: str) -> Iterator[Difference]:
    """Every place where the two differ, as deep as they can be compared."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in (*expected, *(name for name in actual if name not in expected)):
            yield from differences(expected.get(name, ABSENT), actual.get(name, ABSENT), *place, name)
    elif isinstance(expected, list) and isinstance(actual, list):
        for number, (was, now) in enumerate(zip_longest(expected, actual, fillvalue=ABSENT)):
            yield from differences(was, now, *place, str(number))
    elif expected != actual or isinstance(expected, bool) is not isinstance(actual, bool):
        yield place, expected, actual


def told(row: LogRow) -> dict[str, Any]:
    """What a row of the log tells of what came of its event, in a form in which places have names."""
    return {
        "status": row.status,
        "changes": by_name(loads(row.changes)),
        "effects": loads(row.effects),
        "response": loads(row.response),
    }


def by_name(account: dict[str, Any]) -> dict[str, Any]:
    """A state, or changes, with maps in the place of lists of named things."""
    named = dict(account)
    for kind in ("ent", "memory"):
        maps: dict[str, dict[str, Any]] = {}
        for rid, name, *value in account.get(kind, ()):
            maps.setdefault(rid, {})[name] = value[0] if kind == "ent" else value
        named[kind] = maps
    if isinstance(account.get("channels"), list):
        named["channels"] = {row[0]: row for row in account["channels"]}
    return named
