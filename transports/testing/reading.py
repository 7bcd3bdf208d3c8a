"""Read a test file.

Source: docs/testing.md; TOML 1.0 (toml.io/en/v1.0.0).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .facets import EXPECTATIONS
from .finding import ENDING
from .given import read_given
from .problems import FormatError
from .specification import Given, Step, Test, TestFile
from .tables import Table
from .values import instant

OF_A_STEP = (
    "event",
    "attrs",
    "attrs:=",
    "query",
    "args",
    "args:=",
    "after",
    "at",
    "pico",
    "channel",
    "expect",
    "title",
)


def read_file(path: Path) -> TestFile:
    """The tests of a file. Raises FormatError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(str(path), "", f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FormatError(str(path), "", "the file is not in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise FormatError(str(path), "", f"no TOML: {error}") from error
    top = Table(str(path), "", content)
    beside = path.with_name(path.name.removesuffix(ENDING) + ".krl")
    shared = top.get("given", dict) or {}
    tests = tuple(_read_test(top, each, shared, beside) for each in _tests(top))
    top.end()
    if not tests:
        raise FormatError(str(path), "", "there is no [[test]]")
    names = [each.name for each in tests]
    for name in names:
        if names.count(name) > 1:
            raise FormatError(str(path), "", f"two tests are called {name!r}")
    return TestFile(path, tests)


def _tests(top: Table) -> Iterator[Table]:
    for number, each in enumerate(top.tables("test"), 1):
        name = each.text("name")
        each.place = f"test {number}" if name is None else f'test "{name}"'
        yield each


def _read_test(top: Table, test: Table, shared: dict[str, Any], beside: Path) -> Test:
    name = test.needed("name")
    own = test.get("given", dict) or {}
    place = f"{test.place}, given" if own else "given"
    given = read_given(Table(top.file, place, _laid_over(shared, own)), beside)
    skip = test.text("skip")
    inline = {key: value for key in OF_A_STEP if (value := test.get(key)) is not None}
    if inline and "step" in test:
        test.fail(f"{next(iter(inline))!r} belongs into a [[test.step]], since there are some")
    steps = [Table(test.file, test.place, inline)] if inline else list(test.tables("step"))
    test.end()
    if not steps:
        test.fail("there is nothing to do: no event, no query, no [[test.step]]")
    return Test(name, given, tuple(_read_step(number, each, given) for number, each in enumerate(steps, 1)), skip)


def _laid_over(shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The file's `given` with a test's own over it: tables are joined, a test's stubs come first, others replace."""
    joined = {**shared, **own}
    for key in shared.keys() & own.keys():
        match shared[key], own[key]:
            case dict(), dict():
                joined[key] = {**shared[key], **own[key]}
            case list(), list() if key == "http":
                joined[key] = own[key] + shared[key]
    return joined


def _read_step(number: int, step: Table, given: Given) -> Step:
    event, query = step.text("event"), step.text("query")
    if event is not None and query is not None:
        step.fail("a step has an event or a query, not both")
    words = None if event is None else _words(step, event, ":", "domain:type")
    asked = None if query is None else (_words(step, query, "/", "rid/name") if "/" in query else ("", query))
    for key, owner in (("attrs", event), ("args", query)):
        if step.has_value(key) and owner is None:
            step.fail(f"{key!r} belongs to {'an event' if key == 'attrs' else 'a query'}, and there is none")
    members = step.value("attrs" if query is None else "args")
    if not isinstance(members, dict | None):
        step.fail(f"{'attrs' if query is None else 'args'!r} must be a table, found {members!r}")
    pico = step.text("pico") or given.picos[0].name
    after, at = step.span("after"), step.time("at")
    expect = _expectations(step.table("expect"))
    title = step.text("title") or _title(event, query, after, at, pico)
    read = Step(number, title, pico, step.text("channel"), words, asked, members or {}, after, at, expect)
    step.get("args")
    step.end()
    if not read.acts and not expect:
        step.fail("the step does nothing and expects nothing")
    if "answer" in expect and query is None:
        step.fail("'answer' is expected of a query, and there is none")
    return read


def _title(event: str | None, query: str | None, after: int, at: int | None, pico: str) -> str:
    time = f"after {after / 1000:g} s" if after else f"at {instant(at)}" if at is not None else ""
    deed = f"event {event}" if event else f"query {query}" if query else ""
    return ", ".join(part for part in (time, deed) if part) or f"look at {pico}"


def _words(step: Table, text: str, separator: str, form: str) -> tuple[str, str]:
    first, found, second = (part.strip() for part in text.partition(separator))
    if not (first and found and second):
        step.fail(f"expected {form}, found {text!r}")
    return first, second


def _expectations(table: Table) -> dict[str, Any]:
    """Each expectation that is there, read by what it is about."""
    found = {name: read(table, name) for name, read in EXPECTATIONS.items() if table.has_value(name)}
    for name in EXPECTATIONS:
        table.get(name)
        table.get(f"{name}:=")
    table.end()
    return found
