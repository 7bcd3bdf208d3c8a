"""What picos said and did, line by line: what `ctx:logs()` answers.

Lines of an event are in its trace and are told from there when somebody asks (`lines_of`). Only what has no trace is
kept here, in a ring that drops the oldest: queries, lines written while one was answered, and what the engine itself
has to say about a pico. All lines that a rule or the engine writes also go to the log of the process, without secrets.

Source: docs/operations.md, "Watching it".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import structlog

from krl import record

from ..document import dumps, loads
from ..errors import Failed
from ..event import Query
from ..event_json import event_from
from ..store.interface import LogRow
from .shown import shown
from .trace import Kind, read

KEPT = 5000  # lines and queries without a trace, of all picos together
MAX_ARGS = 4000  # bytes of a query's arguments that are kept as they are
ENDS = ("txnDone", "txnError")

_LEVELS = {"error": "error", "warn": "warning", "info": "info", "klog": "info", "debug": "debug"}

Line = dict[str, Any]


@record
class Asked:
    """A query that a pico answers, or has answered."""

    query: tuple[str, str, str, str]  # eid, eci, rid, name
    args: bytes  # JSON
    at: int  # milliseconds since 1970
    done_at: int | None = None  # None: not yet
    failure: str | None = None


class Journal:
    """The recent past of all picos, as far as it has no trace."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._kept: deque[tuple[str, Line | Asked]] = deque(maxlen=KEPT)  # with the pico
        self._log = structlog.get_logger("picoengine")

    def note(
        self,
        pico: str | None,
        level: str,
        message: Any,
        *,
        rid: str | None = None,
        eid: str | None = None,
        rule: str | None = None,
        fields: dict[str, Any] | None = None,
    ) -> None:
        """Keep one line and say it: `level` is error, warn, info, klog or debug; `message` any KRL value."""
        line = self.say(pico, level, message, rid=rid, eid=eid, rule=rule, fields=fields)
        if pico is not None:
            self.keep(pico, line)

    def keep(self, pico: str, line: Line) -> None:
        """Keep a line that has been said."""
        self._kept.append((pico, line))

    def say(
        self,
        pico: str | None,
        level: str,
        message: Any,
        *,
        rid: str | None = None,
        eid: str | None = None,
        rule: str | None = None,
        fields: dict[str, Any] | None = None,
        aloud: bool = True,
    ) -> Line:
        """Write one line to the log of the process, unless it was written before; answer it for whoever keeps it."""
        message = shown(message)
        known = {"rid": rid, "txnId": eid, "rule_name": rule}
        facts = {name: value for name, value in known.items() if value is not None}
        if fields:
            facts |= shown(fields)
        write = getattr(self._log, _LEVELS[level]) if aloud else _nothing
        write(message if isinstance(message, str) else "log", **_spoken(message), pico=pico, **facts)
        return {"level": level, "time": self._now(), "msg": message, **facts}

    def failed(self, pico: str, failure: Failed) -> None:
        """Say that a rule or a query failed; what it failed in is kept elsewhere."""
        self._log.error(failure.text, pico=pico, eid=failure.eid, rid=failure.rid, rule=failure.rule, line=failure.line)

    def asked(self, pico: str, query: Query) -> Asked:
        """Keep that the pico is asked."""
        # As bytes, since that is quick and small; what may be shown of them is found out when somebody looks.
        args = dumps(query.args)
        if len(args) > MAX_ARGS:
            args = dumps(shown(query.args))
        asked = Asked((query.eid, query.eci, query.rid, query.name), args, self._now())
        self._kept.append((pico, asked))
        return asked

    def lines(self, pico: str, rows: Iterable[LogRow], since: int) -> list[Line]:
        """The pico's lines since that time (ms), oldest first: those of its finished events and those kept here.

        Requests of one moment stand in the order of their ids, which are given in the order of arrival.
        """
        told = [line for row in rows for line in lines_of(row)]
        for owner, kept in self._kept:
            if owner == pico:
                told.extend(_query_lines(kept) if isinstance(kept, Asked) else (kept,))
        told.sort(key=_moment)
        return [line for line in told if line["time"] >= since]


def lines_of(row: LogRow) -> Iterator[Line]:
    """The lines of a finished event; of one that was not traced only its beginning and its end are known."""
    event = event_from(row.eid, row.event)
    facts = _event_facts(event.eci, event.domain, event.type, shown(event.attrs), event.time)
    trace = read(row.trace) or {"at": row.t_in, "entries": []}
    yield _line(row.t_in, row.eid, "txnQueued", txn={"id": row.eid, "kind": "event", "event": facts})
    time = max(row.t_in, trace["at"])
    yield _line(time, row.eid, "txnStart")
    for line in _rule_lines(row.eid, facts, time, trace["entries"]):
        time = line["time"]
        yield line
    failure = loads(row.response).get("failure")
    time = max(time, row.t_commit)
    if failure is None:
        yield _line(time, row.eid, "txnDone")
    else:
        yield _line(time, row.eid, "txnError", error=f"{failure['kind']}: {failure['message']}")


def _rule_lines(eid: str, facts: dict[str, Any], time: int, entries: list[list[Any]]) -> Iterator[Line]:
    """What the rules did. An entry without a time of its own happened after the last one that has one."""
    rid = None
    raised = deque([facts])  # in the order in which they have their turn; some that nobody listens to among them
    for at, entry in enumerate(entries):
        match entry:
            case [Kind.EVENT, domain, type]:
                while raised and (facts["domain"], facts["name"]) != (domain, type):
                    facts = raised.popleft()
                for turn in _turns(entries, at + 1):
                    yield _line(time, eid, "event added to schedule", rid=turn, event=facts)
            case [Kind.TURN, turn]:
                rid = turn
            case [Kind.RAISE, domain, type, attrs, _]:
                raised.append(_event_facts(facts["eci"], domain, type, shown(attrs), time))
            case [Kind.RULE, rule, _]:
                yield _line(time, eid, "rule selected", rid=rid, rule_name=rule)
            case [Kind.FIRED, _, fired]:
                yield _line(time, eid, "fired" if fired else "not fired", rid=rid)
            case [Kind.CLEARED]:
                yield _line(time, eid, "schedule cleared")
            case [Kind.LOG, line]:
                time = max(time, line["time"])
                yield line


def _moment(line: Line) -> tuple[int, str, bool]:
    return line["time"], line.get("txnId", ""), line["msg"] in ENDS


def _turns(entries: list[list[Any]], start: int) -> Iterator[str]:
    """The rulesets that have a turn with the event whose entries begin here."""
    for entry in islice(entries, start, None):
        if entry[0] == Kind.EVENT:
            return
        if entry[0] == Kind.TURN:
            yield entry[1]


def _query_lines(asked: Asked) -> Iterator[Line]:
    eid, eci, rid, name = asked.query
    request = {"eci": eci, "rid": rid, "name": name, "args": shown(loads(asked.args))}
    yield _line(asked.at, eid, "txnQueued", txn={"id": eid, "kind": "query", "query": request})
    yield _line(asked.at, eid, "txnStart")
    if asked.done_at is None:
        return
    if asked.failure is not None:
        yield _line(asked.done_at, eid, "txnError", error=asked.failure)
    else:
        yield _line(asked.done_at, eid, "txnDone")


def _event_facts(eci: str, domain: str, type: str, attrs: Any, time: int) -> dict[str, Any]:
    return {"eci": eci, "domain": domain, "name": type, "data": {"attrs": attrs}, "time": time}


def _line(time: int, eid: str, message: str, **facts: Any) -> Line:
    return {"level": "debug", "time": time, "msg": message, "txnId": eid, **facts}


def _spoken(message: Any) -> dict[str, Any]:
    return {} if isinstance(message, str) else {"value": message}


def _nothing(*_: Any, **__: Any) -> None:
    """Write nothing."""
