"""What a log is good for: the past of a pico, and its events evaluated again. Read-only, on a store that may be in use.

A running engine has one (`Engine.history`); `open_history` makes one of a store that no engine uses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from krl import KRLSyntaxError, Source, compile_ruleset

from ..clock import instant
from ..document import loads
from ..errors import InvalidValue
from ..event_json import event_from
from ..registry.code import EMPTY, code_set_from_json
from ..registry.registry import refusal
from ..settings import Settings
from ..store.choose import store_file
from ..store.interface import Reading
from ..store.reading import view
from ..timers.recurrence import instant_ms
from ..witness.shown import masked
from .case import case
from .replay import Replay
from .snapshots import State
from .state import PAGE, first_state, last_seq, not_yet, past, seq_at

MANY = 1000  # nobody needs to know a larger number exactly


class History:
    """The logs of one store."""

    def __init__(self, store: Reading, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def state(self, pico: str, at: str | None = None) -> dict[str, Any]:
        """A pico, named by its id or an ECI, behind an event (its number) or at a time (ISO 8601); by default now.

        Raises PicoNotFound, InvalidValue for what is neither, PastUnknown, LogBroken.
        """
        id = self.pico_id(pico)
        state = past(self._store, id, None if at is None else self._seq(id, at)).state()
        return self._shown(state)

    def case(self, eid: str) -> dict[str, Any]:
        """All that one event was evaluated with, to make a test of. Raises EventNotFound, PastUnknown, LogBroken."""
        return case(self._store, eid)

    def replay(self, pico: str, source: str | None = None) -> Replay:
        """A replay of the pico's log; with a source, a back-test of that text in the place of the ruleset of its rid.

        Raises PicoNotFound, PastUnknown, LogBroken, and RulesetRefused for a text that does not compile.
        """
        try:
            program = None
            if source is not None:
                program = compile_ruleset(Source(source, "<back-test>"), dialect=self._settings.dialect)
        except KRLSyntaxError as error:
            raise refusal(error) from error
        return Replay(self._store, self._settings, self.pico_id(pico), program)

    def log(self, pico: str) -> Iterator[dict[str, Any]]:
        """The events of a pico's log in order, each with the number of effects that left with it."""
        seq, id = 0, self.pico_id(pico)
        while rows := self._store.log(id, seq, PAGE):
            for row in rows:
                event = event_from(row.eid, row.event)
                yield {
                    "seq": row.seq,
                    "eid": row.eid,
                    "status": row.status,
                    "domain": event.domain,
                    "type": event.type,
                    "attrs": event.attrs,
                    "effects": sum(each[0] != "send" for each in loads(row.effects)),
                }
            seq = rows[-1].seq

    def unfinished(self, now: datetime) -> dict[str, int]:
        """How many stored events, timers that are due, and effects are not done yet; of each kind 1000 at most."""
        until = int(now.timestamp() * 1000)
        return {
            "events": len(self._store.inbox(limit=MANY)),
            "timers": len(self._store.due_timers(until, MANY)),
            "effects": len(self._store.outbox(1 << 62, MANY)),
            "parked effects": len(self._store.parked_effects(limit=MANY)),
        }

    def roots(self) -> list[str]:
        """The ids of the picos that have no parent."""
        return [row.id for row in self._store.roots()]

    def pico_id(self, pico: str) -> str:
        """The id of a pico that is named by it or by an ECI; one that was deleted is known by its id alone."""
        channel = self._store.channel(pico)
        return pico if channel is None else channel.pico

    def _seq(self, pico: str, at: str) -> int:
        if at.isascii() and at.isdecimal():
            return self._not_unborn(pico, int(at))
        time = instant_ms(at)
        if time is None:
            raise InvalidValue(f"expected the number of an event or a time such as 2031-05-01T12:00:00Z, found {at!r}")
        return seq_at(self._store, pico, time)

    def _not_unborn(self, pico: str, seq: int) -> int:
        """The number, if the pico was there: one that no other has made is there from its first event on."""
        last_seq(self._store, pico)  # or there is no such pico
        if seq < first_state(self._store, pico)[0] == 1:
            raise not_yet(self._store, pico)
        return seq

    def _shown(self, state: State) -> dict[str, Any]:
        """The state as a person reads it."""
        pico, seq = state["pico"], state["seq"]
        rows = self._store.log(pico, seq - 1, 1) if seq else []
        body = self._store.blob(state["code"])
        code = EMPTY if body is None else code_set_from_json(body)
        return {
            "pico": pico,
            "seq": seq,
            "time": instant(rows[0].t_commit) if rows else None,
            "hash": state["hash"],
            "parent": state["parent"],
            "rulesets": [{"rid": each.rid, "url": each.url, "hash": each.hash} for each in code],
            "variables": masked(_nested(state.get("ent", ()))),
            "expressions": _nested([[rid, rule, memory] for rid, rule, _, memory in state.get("memory", ())]),
            "channels": [_channel(row) for row in state.get("channels", ())],
            "children": [id for id, *_ in state.get("children", ())],
            "timers": [{"rid": rid, **loads(spec)} for _, rid, _, spec, *_ in state.get("timers", ())],
        }


def _nested(rows: Any) -> dict[str, dict[str, Any]]:
    maps: dict[str, dict[str, Any]] = {}
    for rid, name, value in rows:
        maps.setdefault(rid, {})[name] = value
    return maps


def _channel(row: list[Any]) -> dict[str, Any]:
    eci, _, tags, events, queries, family_pico = row
    policies = {"eventPolicy": loads(events), "queryPolicy": loads(queries)}
    return {"id": eci, "tags": tags, **policies, "familyChannelPicoID": family_pico}


@contextmanager
def open_history(settings: Settings) -> Iterator[History]:
    """The history in the store of these settings, until the end of the block.

    Raises StoreUnavailable if there is no store, InvalidValue if it is in no file.
    """
    with view(store_file(os.fspath(settings.store))) as store:
        yield History(store, settings)
