"""`picoengine trace`: what became of an event, rule by rule; of the latest events; of all to come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from .client import Client, Failure, engine_options, write_json
from .picos import pico_id

STATUSES = click.Choice(["ok", "failed", "dead", "cancelled"])
EVENTS = ("api", "v1", "events")
INDENT = "  "


@click.command("trace", short_help="Show what became of events.")
@click.argument("eid", required=False)
@click.option("--follow", is_flag=True, help="Show every event that finishes from now on, until interrupted.")
@click.option("--pico", metavar="PICO", help="Only events of this pico: its id, an ECI of it, or its name.")
@click.option("--status", type=STATUSES, help="Only events that ended so.")
@click.option("--last", type=click.IntRange(1, 500), default=20, show_default=True, help="How many events to list.")
@click.option("--as-test", "test", metavar="FILE", type=click.Path(path_type=Path), help="Make a test of the event.")
@engine_options
def command(
    eid: str | None,
    follow: bool,
    pico: str | None,
    status: str | None,
    last: int,
    test: Path | None,
    client: Client,
    as_json: bool,
) -> None:
    """Show what became of the event EID: which rules were selected, or why not, and what each of them did.

    Without EID the latest events are listed, one on a line. With --as-test the event becomes a test in
    FILE.test.toml: what was there before, what happened, what came of it. Texts of rulesets are written beside it.
    """
    if test is not None:
        if eid is None:
            raise click.UsageError("--as-test makes a test of one event: which EID?")
        _write_test(client, eid, test)
        return
    if eid is not None and (follow or pico or status):
        raise click.UsageError("EID names one event; --follow, --pico and --status choose among many")
    if eid is not None:
        report = client.get(*EVENTS, eid)
        write_json(report) if as_json else click.echo("\n".join(lines(report)))
        return
    id = None if pico is None else pico_id(client, pico)
    if follow:
        _follow(client, id, status, as_json)
    else:
        _list(client, id, status, last, as_json)


def _write_test(client: Client, eid: str, path: Path) -> None:
    from .. import testing
    from ..logs import log_nothing

    log_nothing()
    case = client.get(*EVENTS, eid, "case")
    try:
        draft, problems = testing.write_test(testing.as_test(case), path)
    except testing.FormatError as error:
        raise click.UsageError(str(error)) from error
    for doubt in draft.doubts:
        click.echo(doubt, err=True)
    click.echo(str(path))
    if problems:
        outcome = testing.Outcome(str(path), draft.name, tuple(problems))
        raise Failure("\n".join(testing.told(outcome, testing.Painter(False))), 1)


def _list(client: Client, pico: str | None, status: str | None, last: int, as_json: bool) -> None:
    page = client.get(*EVENTS, pico=pico, status=status, limit=last)
    if as_json:
        write_json(page["events"])
        return
    for event in page["events"]:
        click.echo(_summary(event))


def _follow(client: Client, pico: str | None, status: str | None, as_json: bool) -> None:
    try:
        for name, data in client.follow(*EVENTS, "stream", pico=pico, status=status):
            if as_json and name == "event":
                write_json(data)
            elif name == "event":
                click.echo("\n".join(lines(data)) + "\n")
            else:
                click.echo(f"{data['dropped']} events were too many to be shown in time", err=True)
    except KeyboardInterrupt:
        return


# --- one event ------------------------------------------------------------------------------------------------


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The report of one event, to be read from the top."""
    yield _summary(report)
    yield from came_in(report)
    trace = report.get("trace")
    if trace is not None:
        yield from _indented(_story(trace))
    elif "trace" in report:
        yield f"{INDENT}(not traced)"
    if "failure" in report:
        yield f"{INDENT}failed{_place(report['failure'])}: {report['error']}; nothing of it remains"
    yield from _indented(_changes(report.get("changes", {})))
    for sent in report.get("sent", ()):
        yield f"{INDENT}sent {sent['eid']} to pico {sent['pico']}"


def came_in(report: dict[str, Any]) -> Iterator[str]:
    """Where the event came in, and what with."""
    yield f"{INDENT}pico {report['pico']}, channel {report['eci']}"
    yield f"{INDENT}attributes {_json(report['attrs'])}"


def _summary(event: dict[str, Any]) -> str:
    words = [event.get("time", ""), event["eid"], event["status"], f"{event['domain']}:{event['type']}"]
    return "  ".join([*words, event["error"]] if "error" in event else words)


def _place(failure: dict[str, Any]) -> str:
    known = [("rule", failure.get("rule")), ("of", failure.get("rid")), ("line", failure.get("line"))]
    place = " ".join(f"{word} {value}" for word, value in known if value is not None)
    return f" in {place}" if place else ""


def _story(trace: dict[str, Any]) -> Iterator[str]:
    times = ", ".join(f"{phase} {ms:g}" for phase, ms in trace["times"].items())
    yield f"from {trace['source']}; milliseconds: {times}"
    if not trace["events"]:
        yield "no rule of this pico cares about it"
    for event in trace["events"]:
        yield f"{event['domain']}:{event['type']}"
        for ruleset in event["rulesets"]:
            yield f"{INDENT}ruleset {ruleset['rid']}"
            for rule in ruleset["rules"]:
                yield from _indented(_rule(rule), 2)
    if trace.get("missed"):
        yield f"({trace['missed']} further entries were not kept)"


def _rule(rule: dict[str, Any]) -> Iterator[str]:
    if not rule["selected"]:
        yield f"rule {rule['rule']}: not selected, {rule['why']}"
    else:
        captured = f", captured {_json(rule['captured'])}" if rule["captured"] else ""
        yield f"rule {rule['rule']}: selected{captured}"
    yield from _indented(map(_deed, rule["did"]))
    for number, each in enumerate(rule.get("rounds", ()), 1):
        yield INDENT + _round(number if len(rule["rounds"]) > 1 else None, each)
        yield from _indented(map(_deed, each["did"]), 2)
    if "ended" in rule:
        yield f"{INDENT}{rule['ended']}: the ruleset's turn ends here"


def _round(number: int | None, told: dict[str, Any]) -> str:
    which = "" if number is None else f"round {number}: "
    if "fired" not in told:
        return f"{which}stopped before its condition"
    condition = "" if told["condition"] is told["fired"] else f" (condition {_json(told['condition'])})"
    return f"{which}{'fired' if told['fired'] else 'not fired'}{condition}"


def _deed(deed: dict[str, Any]) -> str:
    match deed:
        case {"directive": name, **rest}:
            return f"directive {name} {_json(rest.get('options', {}))}"
        case {"action": name, "arguments": arguments, "result": result}:
            return f"{name} {_json(arguments)} -> {_json(result)}"
        case {"step": kind, "target": target, "attempts": attempts, "put_aside": aside}:
            did = "awaited" if kind == "event" else "called"
            return f"{did} {target} (attempts: {attempts}{', put aside' if aside else ''})"
        case {"set": name, "rid": rid}:
            return f"set ent:{name} of {rid}"
        case {"raise": event, "attrs": attrs, **rest}:
            return f"raise {event}{' for ' + rest['for'] if 'for' in rest else ''} {_json(attrs)}"
        case {"schedule": timing, "event": event, "id": id}:
            return f"schedule {event['domain']}:{event['name']} {timing}, job {id}"
        case {"log": message, "level": level, **rest}:
            return f"log {level} {_json(message)}{' ' + _json(rest) if rest else ''}"
        case {"cleared": _}:
            return "the schedule was emptied"
        case _:
            return _json(deed)


def _changes(changes: dict[str, Any]) -> Iterator[str]:
    for each in changes.get("variables", ()):
        before = f"{_json(each['before'])} -> " if "before" in each else ""
        yield f"ent:{each['name']} of {each['rid']}: {before}{_json(each['after'])}"
    for each in changes.get("expressions", ()):
        yield f"rule {each['rule']} of {each['rid']} {'waits for more' if each['begun'] else 'begins anew'}"
    if "rulesets" in changes:
        yield f"rulesets: {_difference(changes['rulesets'])}"
    for each in changes.get("channels", ()):
        yield f"channel {each['eci']} {'deleted' if each['channel'] is None else _json(each['channel']['tags'])}"
    for kind, ids in changes.get("picos", {}).items():
        yield from (f"pico {id} {kind}" for id in ids)
    for each in changes.get("timers", ()):
        yield f"job {each['id']} {'removed' if each['due'] is None else 'due ' + each['due']}"


def _difference(rulesets: dict[str, list[str]]) -> str:
    before, after = rulesets["before"], rulesets["after"]
    news = [f"+{rid}" for rid in after if rid not in before] + [f"-{rid}" for rid in before if rid not in after]
    return " ".join(news) or "the same, with other texts or configurations"


def _indented(told: Iterable[str], levels: int = 1) -> Iterator[str]:
    return (INDENT * levels + line for line in told)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
