"""The cycle: the five phases in full view.

1 wait (a mailbox brings a request) → 2 decode (done at the door) → 3 schedule → 4 evaluate → 5 respond, and the pico
waits again. A cycle is synchronous code in a greenlet of its own; where a rule waits, only its pico waits.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from ..cycle import Cycle, Parts
from ..effects.steps import Journalled
from ..errors import (
    ChannelNotFound,
    Diverged,
    EngineError,
    EventDiverged,
    PicoNotFound,
    QueryFailed,
    RuleFailed,
    StoreUnavailable,
)
from ..event import Event, EventQuery, Query
from ..host import Host
from ..pico import Pico
from ..recorder import BROKEN, ONE_ANSWER
from ..resumed import Resumed, globals_used
from ..witness.trace import Trace
from .evaluate import answer
from .nested import evaluate_event
from .poison import Poison
from .respond import Responder
from .wait import Item, Mailbox
from .wake import Waker

RAW = "_raw"  # the directive that is a whole answer

_log = structlog.get_logger("picoengine")


class Cycles:
    """Runs one request of one pico from its mailbox to its commit."""

    def __init__(self, parts: Parts, waker: Waker, responder: Responder, poison: Poison) -> None:
        self._parts = parts
        self._waker = waker
        self._responder = responder
        self._poison = poison

    def run(self, box: Mailbox, item: Item) -> None:
        """The whole cycle of a request that has just left its mailbox. Never raises: whoever waits is told."""
        if item.outcome is not None:
            return  # a query that nobody waits for any more
        try:
            pico = self._waker.awake(box)
            match item.request:
                case Event() as event:
                    self._event(box, item, pico, event)
                case Query() as query:
                    self._query(box, item, pico, query)
                case EventQuery(event, query):
                    self._event_then_query(box, item, pico, event, query)
        except PicoNotFound:
            self._responder.drop(item, ChannelNotFound(item.eci))
        except StoreUnavailable as error:
            if item.inbox_id is not None:  # accepted, on disk or on its way there
                self._responder.again(item)
            else:
                item.finish(None, error)
        except Exception:  # noqa: BLE001 - the last line of defence: no request may end the engine
            _log.exception("a cycle failed in the engine itself", pico=box.id, eid=item.eid)
            box.pico = None
            item.finish(None, EngineError("internal error", eid=item.eid))

    def _event(
        self, box: Mailbox, item: Item, pico: Pico, event: Event, *, then_asked: bool = False
    ) -> EngineError | None:
        """Why the event failed, if it did. Its caller is told, unless it is `then_asked` something."""
        parts = self._parts
        trace = None
        if parts.settings.trace:
            trace = Trace(item.source, parts.chance.now(), item.received_ns, item.entered_ns)
        cycle = Cycle(event.eid, attachments=event.attachments)
        cycle.journal = Journalled(item, box, pico.code.hash)
        box.cycle = cycle
        failure: RuleFailed | None
        if item.begun and item.verdict is None:
            host, failure = self._again(item, pico, event, cycle, trace)
        else:
            host = Host(parts, pico, cycle, trace)
            failure = item.verdict or run_rules(host, event, item.one_answer)
        if failure is not None and not then_asked:
            failure = self._patience(item, failure)
            if failure is None:
                return None
        if failure is not None:
            failure.eid = event.eid
            parts.journal.failed(box.id, failure)
        told = replace(item, request=event, done=None, followers=[]) if then_asked else item
        self._responder.respond(host, box, told, event, failure)
        return failure

    def _again(
        self, item: Item, pico: Pico, event: Event, cycle: Cycle, trace: Trace | None
    ) -> tuple[Host, RuleFailed | None]:
        """Evaluate an event from its beginning that has made steps before: with the inputs and the globals of then."""
        store = self._parts.store
        rows = store.steps(pico.id, event.eid)
        cycle.inputs = inputs = Resumed(rows, store.blob)
        if cycle.journal is not None:
            cycle.journal.known = {row.n: row for row in rows}
        host = Host(self._parts, pico, cycle, trace)
        failure: RuleFailed | None
        try:
            if any(row.code != pico.code.hash for row in rows):
                raise Diverged("the pico has other rulesets than those that the event has begun with")
            host.instances = self._waker.with_globals(pico, globals_used(rows))
            failure = run_rules(host, event, item.one_answer)
            lost = inputs.left()
            if failure is not None and isinstance(failure.cause, Diverged):
                lost = failure.cause
        except Diverged as error:
            inputs.left()
            failure, lost = None, error
        return host, failure if lost is None else EventDiverged(lost, host.rid, host.rule_name)

    def _patience(self, item: Item, failure: RuleFailed) -> RuleFailed | None:
        """How an event ends whose rule has failed; None if it is evaluated again, since only a read is to blame."""
        if not isinstance(failure.cause, EngineError) or not failure.cause.passing or item.done or item.followers:
            return failure
        return self._poison.judge(item, failure)

    def _query(self, box: Mailbox, item: Item, pico: Pico, query: Query) -> None:
        asker: Cycle | None = item.asked_by
        cycle = Cycle(query.eid, asked_by=asker, depth=0 if asker is None else asker.depth + 1)
        box.cycle = cycle
        value, failure = None, None
        try:
            value = answer(query, Host(self._parts, pico, cycle))
        except EngineError as error:
            error.eid = query.eid
            failure = error
            if isinstance(error, QueryFailed):
                self._parts.journal.failed(box.id, error)
        behind = 0 if box.aside is None else box.behind
        self._responder.answer(box, item, value, failure, saw_others=cycle.saw_others, behind=behind)

    def _event_then_query(self, box: Mailbox, item: Item, pico: Pico, event: Event, query: Query) -> None:
        """Both in one turn; the caller gets the query's answer, or the failure of the event."""
        failure = self._event(box, item, pico, event, then_asked=True)
        if failure is not None:
            self._responder.answer(box, item, None, failure)
        else:
            self._query(box, item, pico, query)


def run_rules(host: Host, event: Event, one_answer: bool) -> RuleFailed | None:
    """Ask the rules; why the event failed, if it did. Raises StoreUnavailable: then it has not happened; Diverged."""
    try:
        if len(host.instances) < len(host.code.installed):
            host.inputs.draw(BROKEN, lambda: [rid for rid in host.code.rids() if rid not in host.instances])
        evaluate_event(host, event)
        if one_answer:
            check_one_answer(host)
    except (StoreUnavailable, Diverged):
        raise
    except RuleFailed as error:
        return error
    except Exception as error:  # noqa: BLE001 - a fault of ours must not take the pico's other events with it
        _log.exception("a rule met a fault of the engine", pico=host.pico.id, eid=event.eid, rid=host.rid)
        return RuleFailed("Error", "internal error", host.rid, host.rule_name, None, error)
    return None


def check_one_answer(host: Host) -> None:
    """A caller who gets one raw body can be given one only. Raises RuleFailed, naming both rules, for two."""
    raw = [each["meta"] for each in host.directives if each["name"] == RAW]
    if len(raw) > 1:
        host.inputs.note(ONE_ANSWER)
        first, second = (f"{meta['rid']}/{meta['rule_name']}" for meta in raw[:2])
        text = f"one request, two answers: {first} and {second} both sent the directive {RAW}"
        raise RuleFailed("Error", text, raw[1]["rid"], raw[1]["rule_name"], None)
