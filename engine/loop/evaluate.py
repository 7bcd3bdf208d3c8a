"""Phase 4, evaluate: one ruleset's turn with one event, and the functions that answer queries.

Each salient rule steps its event expression; a rule whose expression is complete runs its whole body before the next
rule is asked. Nothing here touches the store or the network: the host keeps what is done aside.
"""

from __future__ import annotations

from typing import Any

from krl import (
    Here,
    KRLError,
    KRLLimitError,
    KRLRuntimeError,
    KRLSyntaxError,
    Session,
    failing_line,
    step,
    to_json,
)

from ..errors import (
    EngineError,
    Failed,
    FunctionNotFound,
    InvalidValue,
    QueryFailed,
    RuleFailed,
    RulesetNotFound,
    StoreUnavailable,
)
from ..event import Look, Query
from ..host import Host
from ..trigger import reached
from .schedule import Entry

TESTING = "__testing"  # every ruleset answers it: what a UI may offer to try


def evaluate(entry: Entry, host: Host) -> None:
    """Offer the entry's event to its rules. Raises RuleFailed if a rule stops."""
    if entry.rid not in host.instances:
        return  # uninstalled by an earlier entry of this cycle
    event, trace, rid = entry.event, host.trace, entry.rid
    if trace is not None:
        trace.turn(rid, event.domain, event.type, same_event=event is host.event)
    host.event = event
    host.rid = rid
    instance = host.instances[rid]
    if instance.here.origin is not None:
        host.inputs.uses("globals", rid, instance.here.origin)
    hashes = instance.program.expression_hashes
    for rule in entry.rules:
        reached("T3")
        host.rule_name = name = rule.name
        try:
            simple = rule.machine.simple  # a single primitive has nothing to remember
            memory = None if simple else host.memory_of(rid, name, hashes[name])
            after, captured = step(rule, host, memory)
            if after is not memory:
                host.remember(rid, name, hashes[name], after)
            if trace is not None:
                if captured is None:
                    trace.skipped(name, simple=simple, moved=after is not memory)
                else:
                    trace.selected(name, captured)
            if captured is not None and (word := rule.body(host, captured)) is not None:
                if trace is not None:
                    trace.ended(word)
                break  # `last` and `error error` end the ruleset's turn
        except StoreUnavailable:
            raise  # not the rule's fault, and never "unset"
        except (KRLError, EngineError, RecursionError) as error:
            raise _failed(RuleFailed, error, host) from error
    host.rule_name = None


def answer(query: Query, host: Host) -> Any:
    """The value of a shared function. Raises RulesetNotFound, FunctionNotFound, QueryFailed."""
    if not host.parts.settings.trace:
        return _answer(query, host)
    asked = host.parts.journal.asked(host.pico.id, query)
    try:
        return _answer(query, host)
    except EngineError as error:
        asked.failure = error.text
        raise
    finally:
        asked.done_at = host.parts.chance.now()


def _answer(query: Query, host: Host) -> Any:
    if isinstance(query, Look):
        return _seen(query, host)
    instance = host.instances.get(query.rid)
    if instance is None:
        raise (
            RulesetNotFound(query.rid) if host.code.find(query.rid) is None else FunctionNotFound(query.rid, query.name)
        )
    if query.name not in (*instance.program.meta.shares, TESTING):
        raise FunctionNotFound(query.rid, query.name)
    host.query = query
    host.event = None
    host.rid = query.rid
    host.rule_name = None
    if instance.here.origin is not None:
        host.inputs.uses("globals", query.rid, instance.here.origin)
    try:
        return instance.query(host, query.name, query.args)
    except StoreUnavailable:
        raise
    except (KRLError, EngineError, RecursionError) as error:
        raise _failed(QueryFailed, error, host) from error


def _seen(look: Look, host: Host) -> Any:
    """The value of an expression, in KRL's notation. Raises as `answer`, and InvalidValue for a text that is none."""
    instance = host.instances.get(look.rid)
    if instance is None and look.rid:
        raise RulesetNotFound(look.rid)
    host.query, host.event, host.rid, host.rule_name = look, None, look.rid or None, None
    session = Session(host, instance.here if instance else Here(""), instance.names if instance else {})
    try:
        return to_json(session.take(look.text))
    except StoreUnavailable:
        raise
    except KRLSyntaxError as error:
        raise InvalidValue(str(error), "CompileError") from error
    except (KRLError, EngineError, RecursionError) as error:
        raise _failed(QueryFailed, error, host) from error


def _failed(kind: type[Failed], error: Exception, host: Host) -> Failed:
    if isinstance(error, RecursionError):
        error = KRLLimitError(f"functions within functions deeper than {host.limits.max_depth} levels (max_depth)")
    if isinstance(error, (KRLRuntimeError, EngineError)):
        words, text = error.kind, error.message
    else:
        words, text = "Error", str(error)
    instance = host.instances.get(host.rid) if host.rid else None
    line = failing_line(error, instance.program) if instance is not None else None
    return kind(words, text, host.rid, host.rule_name, line, error)
