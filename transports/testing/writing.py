"""Make a test of an event that has happened: what was given, the event, and what has come of it.

ECIs and ids of the engine are capabilities, and stand in no test: each becomes `pico`, `pico-id` or a name by number,
the same wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .toml import inline, pairs, table, text
from .values import instant

Case = dict[str, Any]

_ID = re.compile(r"\b[a-z][a-z0-9]{25}\b")
_FAILED = re.compile(r"request to .*? failed, reason: (.*)", re.DOTALL)
_TOLD = frozenset({"now", "random", "id", "eid", "http", "query", "target", "globals", "channel"})  # kinds of inputs


@dataclass(frozen=True, slots=True)
class Draft:
    """A test in the making."""

    name: str
    given: Mapping[str, Any]
    tables: Mapping[str, list[Mapping[str, Any]]]  # arrays of tables in `given`
    event: str
    attrs: Mapping[str, Any]
    expect: dict[str, Any]
    rulesets: Mapping[str, str | None]  # file → text; None: it must not be told
    doubts: list[str] = field(default_factory=list)  # what the test cannot know

    def lines(self) -> Iterator[str]:
        """The file."""
        yield f"# Made of an event that has happened, by `picoengine trace --as-test`; see {inline(self.name)} below."
        yield from (f"# {each}" for each in self.doubts)
        given = {name: each for name, each in self.given.items() if not isinstance(each, dict)}
        yield from table("given", given)
        for name, each in self.given.items():
            if isinstance(each, dict):
                yield from table(f"given.{name}", each)
        for name, rows in self.tables.items():
            for row in rows:
                yield from ("", f"[[given.{name}]]", *pairs(row))
        yield from ("", "[[test]]", f"name = {text(self.name)}", f"event = {text(self.event)}")
        yield from table("test.attrs", self.attrs)
        yield from table("test.expect", self.expect)


def as_test(case: Case) -> Draft:
    """The test of this case, as `GET /api/v1/events/<eid>/case` tells it."""
    event = case["event"]
    names = Names(event["eci"], event["pico"])
    case = names.hidden(case)
    event = case["event"]
    own = [each for each in case["rulesets"] if not each["bundled"]]
    tested = own[-1]["rid"] if own else ""
    inputs = list(case["inputs"])
    doubts = [f"The event has asked for {kind!r}, which a test cannot give it." for kind in _unknown(inputs)]
    rids = _rids_of_interest(case, own)
    now = next((each[2] for each in inputs if each[0] == "now"), case["now"])
    given: dict[str, Any] = {
        "rulesets": [
            {"file": f"{each['rid']}.krl", **({} if _is_local(each["url"]) else {"url": each["url"]}),
             **({"config": each["config"]} if each["config"] else {})}
            for each in own
        ],
        "time": instant(now),
        "introduce": False,
    }  # fmt: skip
    given |= _drawn(inputs)
    given |= {
        "state": _named(case["variables"], rids, tested),
        "expressions": _named(case["expressions"], rids, tested),
    }
    tables: dict[str, list[Mapping[str, Any]]] = {
        "picos": [{"name": each} for each in _others(case, inputs, names)],
        "http": [*_stubs(inputs), *({"request": f"{each}*"} for each in dict.fromkeys(case["effects"]) if " " in each)],
        "answers": list(_answers(inputs)),
    }
    attrs = {name: each for name, each in event["attrs"].items() if name != "_headers" or _reads_headers(own)}
    name = f"{event['domain']}:{event['type']} of {event['time']}"
    words = f"{event['domain']}:{event['type']}"
    texts = {f"{each['rid']}.krl": each["source"] for each in own}
    return Draft(name, given, tables, words, attrs, _expected(case, tested, own), texts, doubts)


class Names:
    """Names in the place of the engine's own."""

    def __init__(self, eci: str, pico: str) -> None:
        self._known = {pico: "pico-id", eci: "pico"}

    def hidden(self, value: Any) -> Any:
        """The value with every id in it replaced."""
        match value:
            case str():
                return _ID.sub(lambda found: self._name(found[0]), value)
            case dict():
                return {self.hidden(name): self.hidden(each) for name, each in value.items()}
            case list():
                return [self.hidden(each) for each in value]
            case _:
                return value

    def _name(self, id: str) -> str:
        return self._known.setdefault(id, f"id-{len(self._known) - 1}")


def _unknown(inputs: list[list[Any]]) -> list[str]:
    return sorted({each[0] for each in inputs} - _TOLD)


def _is_local(url: str) -> bool:
    return urlsplit(url).scheme not in ("http", "https")


def _reads_headers(own: list[Case]) -> bool:
    return any("_headers" in (each["source"] or "_headers") for each in own)


def _rids_of_interest(case: Case, own: list[Case]) -> set[str]:
    """Rulesets whose state the event may have met: the tested ones, those that they use, those with selected rules."""
    rids = {each["rid"] for each in own} | {rid for each in own for rid in each["uses"]}
    for event in case["event"]["trace"]["events"]:
        rids |= {each["rid"] for each in event["rulesets"] if any(rule["selected"] for rule in each["rules"])}
    return rids


def _named(values: Mapping[str, Mapping[str, Any]], rids: set[str], tested: str) -> dict[str, Any]:
    return {
        name if rid == tested else f"{rid}/{name}": value
        for rid, members in values.items()
        if rid in rids
        for name, value in members.items()
        if value is not None
    }


def _drawn(inputs: list[list[Any]]) -> dict[str, Any]:
    drawn = {
        key: [each[2] for each in inputs if each[0] == kind] for key, kind in (("random", "random"), ("ids", "id"))
    }
    return {key: values for key, values in drawn.items() if values}


def _others(case: Case, inputs: list[list[Any]], names: Names) -> list[str]:
    """Picos that must be there to be reached."""
    asked = [each[1][0] for each in inputs if each[0] == "target" and isinstance(each[1], list)]
    return [each for each in dict.fromkeys(asked) if each not in ("pico", "pico-id")]


def _answers(inputs: list[list[Any]]) -> Iterator[dict[str, Any]]:
    for kind, asked, answer, *error in inputs:
        if kind == "query" and isinstance(asked, list) and not error:
            eci, rid, name, args = asked
            yield {"pico": eci, "query": f"{rid}/{name}", "args": args, "answer": answer}


def _stubs(inputs: list[list[Any]]) -> Iterator[dict[str, Any]]:
    for kind, asked, answer, *error in inputs:
        if kind != "http" or not isinstance(asked, list):
            continue
        stub: dict[str, Any] = {"request": f"{asked[0]} {asked[1]}", "times": 1}
        if error:
            found = _FAILED.fullmatch(error[0]["message"])
            yield {**stub, "no_answer": error[0]["message"] if found is None else found[1]}
            continue
        content = answer["content"]
        body = {"body": content} if isinstance(content, str) else {"json": content}
        headers = {name: each for name, each in answer["headers"].items() if name != "content-length"}
        yield {**stub, "status": answer["status_code"], "headers": headers, **body}


def _expected(case: Case, tested: str, own: list[Case]) -> dict[str, Any]:
    event, rids = case["event"], {each["rid"] for each in own}
    rules = [
        (each["rid"], rule)
        for happened in event["trace"]["events"]
        for each in happened["rulesets"]
        if each["rid"] in rids
        for rule in each["rules"]
        if rule["selected"]
    ]

    def name(rid: str, rule: str) -> str:
        return rule if rid == tested else f"{rid}/{rule}"

    expect: dict[str, Any] = {
        "selected": list(dict.fromkeys(name(rid, rule["rule"]) for rid, rule in rules)),
        "fired": list(
            dict.fromkeys(name(rid, rule["rule"]) for rid, rule in rules if any(r.get("fired") for r in rule["rounds"]))
        ),
    }
    if "failure" in event:
        known = {key: event["failure"].get(key) for key in ("rule", "line", "message")}
        return {**expect, "failed": {key: each for key, each in known.items() if each is not None}}
    expect["directives"] = [{"name": each["name"], "options": each["options"]} for each in event["directives"]]
    expect["raised"] = [
        {"event": deed["raise"], "attrs": deed["attrs"]}
        for happened in event["trace"]["events"]
        for each in happened["rulesets"]
        for rule in each["rules"]
        for deeds in (rule["did"], *(each["did"] for each in rule.get("rounds", ())))
        for deed in deeds
        if "raise" in deed
    ]
    if len(case["sent"]) == len(event["sent"]):
        expect["sent"] = [{"event": each["event"], "to": each["eci"], "attrs": each["attrs"]} for each in case["sent"]]
    expect |= _state(event, rids, name)
    return expect


def _state(event: Case, rids: set[str], name: Any) -> dict[str, Any]:
    changed = [each for each in event["changes"].get("variables", ()) if each["rid"] in rids]
    state = {name(each["rid"], each["name"]): each["after"] for each in changed if each["after"] is not None}
    unset = [name(each["rid"], each["name"]) for each in changed if each["after"] is None]
    return {**({"state": state} if state else {}), **({"unset": unset} if unset else {})}
