"""Read what is given: picos with their rulesets and their state, the time, and what the network answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .problems import NOTHING
from .specification import (
    DEFAULT_PICO,
    DEFAULT_TIME,
    Answer,
    Given,
    GivenChannel,
    GivenPico,
    GivenRuleset,
    Stub,
    Subscription,
)
from .tables import Table, suggestion


def read_given(table: Table, beside: Path) -> Given:
    """What is given; without `rulesets` it is the one in the file `beside`. Raises FormatError."""
    tested = _pico(table, table.text("pico") or DEFAULT_PICO, beside)
    others = []
    for each in table.tables("picos", short="name"):
        others.append(_pico(each, each.needed("name"), None))
        each.end()
    picos = (tested, *others)
    names = [each.name for each in picos]
    for pico in picos:
        if names.count(pico.name) > 1:
            table.fail(f"two picos are called {pico.name!r}")
        if pico.parent is not None and pico.parent not in names[: names.index(pico.name)]:
            table.fail(f"{pico.name!r} comes behind its parent {pico.parent!r}, and there is none before it")
    time = table.time("time")
    given = Given(
        picos=picos,
        time=DEFAULT_TIME if time is None else time,
        stubs=tuple(_stub(each) for each in table.tables("http")),
        answers=tuple(_answer(each) for each in table.tables("answers")),
        subscriptions=tuple(_subscription(each, names) for each in table.tables("subscriptions")),
        texts=_texts(table, beside.parent),
        seed=table.get("seed", int) or 0,
        numbers=tuple(table.get("random", list) or ()),
        names=table.texts("ids"),
    )
    table.end()
    return given


def _pico(table: Table, name: str, beside: Path | None) -> GivenPico:
    return GivenPico(
        name=name,
        parent=None if beside else table.text("parent"),
        rulesets=_rulesets(table, Path(table.file).parent, beside),
        state=table.map("state"),
        expressions=table.map("expressions"),
        channels=tuple(_channel(each) for each in table.tables("channels")),
        introduce=table.flag("introduce", True),
    )


def _rulesets(table: Table, folder: Path, beside: Path | None) -> tuple[GivenRuleset, ...]:
    """Those that are listed, else the one beside; `config` is that of the last one."""
    config = table.map("config")
    if "rulesets" not in table and beside is not None:
        found = [_ruleset(table, beside, None, {})]
    else:
        found = []
        for each in table.tables("rulesets", short="file"):
            found.append(_ruleset(each, folder / each.needed("file"), each.text("url"), each.map("config")))
            each.end()
    if config:
        if not found:
            table.fail("'config' is that of the last ruleset, and there is none")
        found[-1] = GivenRuleset(found[-1].file, found[-1].url, {**found[-1].config, **config})
    return tuple(found)


def _ruleset(table: Table, file: Path, url: str | None, config: dict[str, Any]) -> GivenRuleset:
    file = file.resolve()
    if not file.is_file():
        folder = file.parent
        near = [each.name for each in folder.glob("*.krl")] if folder.is_dir() else []
        table.fail(f"there is no ruleset {file.name!r} in {folder}{suggestion(file.name, near)}")
    return GivenRuleset(file, url or file.as_uri(), config)


def _texts(table: Table, folder: Path) -> dict[str, Path]:
    texts = {}
    for url, file in (table.get("urls", dict) or {}).items():
        path = (folder / str(file)).resolve()
        if not path.is_file():
            table.fail(f"'urls' has {str(file)!r} for {url}, and there is no such file")
        texts[url] = path
    return texts


def _channel(table: Table) -> GivenChannel:
    events = table.texts("events") if "events" in table else None
    queries = table.texts("queries") if "queries" in table else None
    for words, separator in ((events, ":"), (queries, "/")):
        for each in words or ():
            if separator not in each:
                table.fail(f"expected {'domain:type' if separator == ':' else 'rid/name'}, found {each!r}")
    channel = GivenChannel(table.needed("eci"), table.texts("tags"), events, queries)
    table.end()
    return channel


def _subscription(table: Table, names: list[str]) -> Subscription:
    between, roles = table.texts("between"), table.texts("roles")
    table.end()
    if len(between) != 2 or between[0] == between[1]:
        table.fail("'between' names two picos")
    for each in between:
        if each not in names:
            table.fail(f"there is no pico {each!r}{suggestion(each, names)}")
    if len(roles) not in (0, 2):
        table.fail("'roles' are those of the two picos, in the order of 'between'")
    first, second = roles or ("", "")
    return Subscription((between[0], between[1]), (first, second))


def _answer(table: Table) -> Answer:
    query = table.needed("query")
    if "/" not in query:
        table.fail(f"expected rid/name, found {query!r}")
    if not table.has_value("answer"):
        table.fail("'answer' is missing")
    args = table.value("args", expected=True) if table.has_value("args") else NOTHING
    answer = Answer(table.needed("pico"), query, args, table.value("answer"))
    table.end()
    return answer


def _stub(table: Table) -> Stub:
    method, url = _asked(table)
    bodies = [key for key in ("body", "json") if table.has_value(key)]
    if len(bodies) > 1:
        table.fail("an answer has 'body' or 'json', not both")
    headers = {name.lower(): str(value) for name, value in table.map("headers").items()}
    body = (table.text("body") or "").encode()
    if table.has_value("json"):
        body = json.dumps(table.value("json"), ensure_ascii=False).encode()
        headers.setdefault("content-type", "application/json")
    sent = table.value("sent", expected=True) if table.has_value("sent") else NOTHING
    status = table.get("status", int)
    no_answer = table.text("no_answer")
    times = table.get("times", int)
    table.end()
    if no_answer is not None and (bodies or status is not None):
        table.fail("'no_answer' says that there is none: it stands without 'status', 'body' and 'json'")
    return Stub(method, url, sent, 200 if status is None else status, headers, body, no_answer, times)


def _asked(table: Table) -> tuple[str, str]:
    method, _, url = table.needed("request").strip().partition(" ")
    if not url.strip():
        table.fail(f"'request' must be such as \"GET https://example.com/*\", found {method!r}")
    return method.upper(), url.strip()
