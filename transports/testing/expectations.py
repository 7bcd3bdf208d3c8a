"""Compare what was expected of a step with what has come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .facets import FACETS, OF_HEADERS, Facet
from .problems import NOTHING, Problem, Words
from .report import written
from .seen import Asked, Item, Seen
from .sources import Sources
from .tables import suggestion
from .values import equal


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a step: what the pico has done, what it has now, and what the one who asked was told."""

    seen: Seen
    rid: str  # of the ruleset under test
    tested: Sequence[str]  # the rids that the test has given to this pico
    variable: Callable[[str, str], Any]  # (rid, name); None: unset
    children: Sequence[str]
    sources: Sources
    answer: Any = NOTHING
    refused: str | None = None  # at the door
    failed: Mapping[str, Any] | None = None  # of the event or query of the step itself


def compare(expect: Mapping[str, Any], result: Result) -> Iterator[Problem]:
    """Whatever is not as expected. A failure that nobody expects is a problem, too."""
    yield from _failures(expect, result)
    for facet in FACETS:
        rules = facet.name in ("selected", "fired")
        listed = [_full(each, result) for each in getattr(result.seen, facet.name)()]
        if rules:
            listed = [each for each in listed if each["rid"] in result.tested] + [
                each for each in listed if each["rid"] not in result.tested and _is_named(each, expect, facet)
            ]
        actual = _distinct(listed) if not facet.ordered else listed
        for prefix, suffix, check in (("", "", _all), ("", "_include", _among), ("not_", "", _none)):
            wanted = expect.get(f"{prefix}{facet.name}{suffix}")
            if wanted is not None:
                yield from check(facet, [_named(each, result) for each in wanted], actual, result)
    yield from _state(expect, result)
    if "children" in expect and sorted(expect["children"]) != sorted(result.children):
        yield Problem("children", list(expect["children"]), list(result.children))
    if "answer" in expect and result.failed is None and not equal(expect["answer"], result.answer):
        yield Problem("answer", expect["answer"], result.answer)


# --- names ------------------------------------------------------------------------------------------------------


def _named(item: Item, result: Result) -> Item:
    """The expected thing, the rule that it names told apart from its ruleset."""
    rule = item.get("rule")
    if not isinstance(rule, str):
        return dict(item)
    rid, name = parted(rule, result.rid)
    return {**item, "rule": name, "rid": rid}


def _full(item: Item, result: Result) -> Item:
    return {"rid": result.rid, **item}


def _is_named(item: Item, expect: Mapping[str, Any], facet: Facet) -> bool:
    wanted = [
        *expect.get(facet.name, ()),
        *expect.get(f"{facet.name}_include", ()),
        *expect.get(f"not_{facet.name}", ()),
    ]
    return any(each.get("rule") == f"{item['rid']}/{item['rule']}" for each in wanted)


def parted(name: str, rid: str) -> tuple[str, str]:
    """`rid/name` as two words; without a rid it is the one of the ruleset under test."""
    first, found, last = name.rpartition("/")
    return (first, last) if found else (rid, last)


def _distinct(items: list[Item]) -> list[Item]:
    return list({(each["rid"], each["rule"]): each for each in items}.values())


# --- failures ---------------------------------------------------------------------------------------------------


def _failures(expect: Mapping[str, Any], result: Result) -> Iterator[Problem]:
    refused, wanted = expect.get("refused"), expect.get("failed")
    if result.refused is not None or refused is not None:
        yield from _refusal(refused, result.refused)
    own = result.failed
    failures = [each for each in result.seen.failures if own is None or any(each.get(k) != v for k, v in own.items())]
    failures = failures if own is None else [dict(own), *failures]
    if wanted is None:
        if result.refused is None:
            for each in failures[:1]:
                yield _at_rule(
                    Problem("the step", Words("no failure"), Words(_told(each))),
                    each.get("rid"),
                    each.get("rule"),
                    result,
                )
        return
    if not wanted["failed"]:
        for each in failures[:1]:
            yield _at_rule(
                Problem("failed", Words("no failure"), Words(_told(each))), each.get("rid"), each.get("rule"), result
            )
    elif not failures:
        yield Problem("failed", Words(_wanted_failure(wanted)), Words("nothing failed"))
    elif not any(_is_failure(wanted, each) for each in failures):
        first = failures[0]
        yield _at_rule(
            Problem("failed", Words(_wanted_failure(wanted)), Words(_told(first))),
            first.get("rid"),
            first.get("rule"),
            result,
        )


def _refusal(wanted: Mapping[str, Any] | None, refused: str | None) -> Iterator[Problem]:
    if wanted is None:
        yield Problem("the step", Words("to be let in"), Words(f"refused: {refused}"))
    elif wanted["failed"] and refused is None:
        yield Problem("refused", Words(wanted.get("message", "a refusal")), Words("it was let in"))
    elif not wanted["failed"] and refused is not None:
        yield Problem("refused", Words("to be let in"), Words(f"refused: {refused}"))
    elif refused is not None and wanted.get("message", "") not in refused:
        yield Problem("refused", Words(wanted["message"]), Words(refused))


def _is_failure(wanted: Mapping[str, Any], failure: Mapping[str, Any]) -> bool:
    told = {name: each for name, each in wanted.items() if name not in ("failed", "message")}
    if wanted.get("message", "") not in _text(failure):
        return False
    return all(failure.get(name) == each for name, each in told.items())


def _text(failure: Mapping[str, Any]) -> str:
    return f"{failure['kind']}: {failure['message']}"


def _told(failure: Mapping[str, Any]) -> str:
    place = [("rule", failure.get("rule")), ("line", failure.get("line"))]
    words = ", ".join(f"{word} {value}" for word, value in place if value is not None)
    return _text(failure) + (f" ({words})" if words else "")


def _wanted_failure(wanted: Mapping[str, Any]) -> str:
    words = ", ".join(f"{name} {each}" for name, each in wanted.items() if name not in ("failed", "message"))
    return f"{wanted.get('message', 'a failure')}{f' ({words})' if words else ''}"


# --- things that happen -------------------------------------------------------------------------------------------


def _fits(facet: Facet, wanted: Item, actual: Item) -> bool:
    return all(
        equal({"$includes": each} if name == OF_HEADERS else each, actual.get(name)) for name, each in wanted.items()
    )


def _all(facet: Facet, wanted: list[Item], actual: list[Item], result: Result) -> Iterator[Problem]:
    if facet.ordered:
        if len(wanted) != len(actual) or not all(_fits(facet, w, a) for w, a in zip(wanted, actual, strict=True)):
            yield _list_problem(facet, wanted, actual, result)
        return
    yield from _among(facet, wanted, actual, result)
    for each in actual:
        if not any(_fits(facet, one, each) for one in wanted):
            yield _unwanted(facet, each, result)


def _among(facet: Facet, wanted: list[Item], actual: list[Item], result: Result) -> Iterator[Problem]:
    missing = [each for each in wanted if not any(_fits(facet, each, one) for one in actual)]
    for each in missing:
        if facet.ordered:
            yield _list_problem(facet, [each], actual, result, "among the ")
        else:
            yield _missing_rule(facet, each, result)


def _none(facet: Facet, wanted: list[Item], actual: list[Item], result: Result) -> Iterator[Problem]:
    for each in wanted:
        found = next((one for one in actual if _fits(facet, each, one)), None)
        if found is None:
            continue
        if facet.ordered:
            problem = Problem(f"no {_brief(facet, each)} among the {facet.noun}", NOTHING, _shown(facet, found))
            yield _at_rule(problem, found.get("rid"), found.get("rule"), result)
        else:
            yield _unwanted(facet, found, result)
    if not facet.ordered:
        yield from _unknown_rules(wanted, result)


def _list_problem(facet: Facet, wanted: list[Item], actual: list[Item], result: Result, among: str = "") -> Problem:
    """The one thing that differs if there is one, else the lists."""
    pairs = list(zip(wanted, actual, strict=False))
    differing = [number for number, (w, a) in enumerate(pairs) if not _fits(facet, w, a)]
    if not among and len(wanted) == len(actual) and len(differing) == 1:
        want, found = pairs[differing[0]]
        what = facet.noun if len(wanted) == 1 else f"{facet.noun}, number {differing[0] + 1}"
        problem = Problem(what, _plain(want), {name: found.get(name, NOTHING) for name in _plain(want)})
        return _at_rule(problem, found.get("rid"), found.get("rule"), result)
    names = [name for name in facet.members if any(name in each for each in wanted)] or [facet.short]
    expected = [_plain(each) for each in wanted]
    told = [{name: each[name] for name in names if name in each} for each in actual]
    return Problem(f"{among}{facet.noun}", expected[0] if among else expected, told)


def _plain(item: Item) -> Item:
    return {name: each for name, each in item.items() if name != "rid"}


def _shown(facet: Facet, item: Item) -> Item:
    return {name: item[name] for name in facet.members if name in item and item[name] is not None}


def _brief(facet: Facet, item: Item) -> str:
    return str(item.get(facet.short, next(iter(_plain(item).values()), "")))


# --- rules ------------------------------------------------------------------------------------------------------


def _missing_rule(facet: Facet, wanted: Item, result: Result) -> Problem:
    rid, rule = wanted["rid"], wanted["rule"]
    why, actual = _why_not(facet, rid, rule, result)
    return Problem(
        f"rule {rule}", Words(facet.name), Words(actual), rule=rule, place=result.sources.place(rid, rule), why=why
    )


def _unwanted(facet: Facet, found: Item, result: Result) -> Problem:
    rid, rule = found["rid"], found["rule"]
    events = list(dict.fromkeys(each.event for each in result.seen.rules() if (each.rid, each.rule) == (rid, rule)))
    why = f"it was offered {', '.join(events)}"
    place = result.sources.place(rid, rule)
    return Problem(f"rule {rule}", Words(f"not {facet.name}"), Words(facet.name), rule=rule, place=place, why=why)


def _unknown_rules(wanted: list[Item], result: Result) -> Iterator[Problem]:
    """A rule that must not do something, and that is not there, is most likely misspelt."""
    for each in wanted:
        known = result.sources.rules(each["rid"])
        if known is not None and each["rule"] not in known:
            yield Problem(f"rule {each['rule']}", NOTHING, NOTHING, why=_no_rule(each["rid"], each["rule"], known))


def _no_rule(rid: str, rule: str, known: Sequence[str]) -> str:
    return f"ruleset {rid} has no rule {rule!r}{suggestion(rule, known)}"


def _why_not(facet: Facet, rid: str, rule: str, result: Result) -> tuple[str, str]:
    asked: list[Asked] = [each for each in result.seen.rules() if (each.rid, each.rule) == (rid, rule)]
    if any(each.selected for each in asked):
        conditions = [condition for each in asked for condition in each.conditions]
        if conditions:
            return f"its condition came to {written(conditions[-1])}", "selected, not fired"
        return "there was no round: its foreach had nothing to go through", "selected, not fired"
    if asked:
        return asked[-1].why or "", "not selected"
    known = result.sources.rules(rid)
    if known is None:
        return f"no ruleset {rid} is given", "not selected"
    if rule not in known:
        return _no_rule(rid, rule, known), "not selected"
    ender = result.seen.ended_by(rid)
    if ender is not None:
        return f"rule {ender} before it has ended the ruleset's turn", "not asked"
    failure = next(iter(result.seen.failures), None)
    if failure is not None:
        return f"rule {failure.get('rule')} failed before it was asked", "not asked"
    events = result.seen.events()
    waits = result.sources.listens(rid, rule)
    happened = ", ".join(events) if events else "nothing"
    return f"it waits for {waits}; what happened in this pico: {happened}", "not asked"


# --- state ------------------------------------------------------------------------------------------------------


def _state(expect: Mapping[str, Any], result: Result) -> Iterator[Problem]:
    wanted = {**expect.get("state", {}), **dict.fromkeys(expect.get("unset", ()))}
    for key, value in wanted.items():
        rid, name = parted(key, result.rid)
        actual = result.variable(rid, name)
        if not equal(value, actual):
            rule = result.seen.setter(rid, name)
            yield _at_rule(Problem(f"state {key}", _shown_value(value), _shown_value(actual)), rid, rule, result)


def _shown_value(value: Any) -> Any:
    """A variable that is unset is not there."""
    return NOTHING if value is None else value


def _at_rule(problem: Problem, rid: str | None, rule: str | None, result: Result) -> Problem:
    if rule is None:
        return problem
    place = result.sources.place(rid or result.rid, rule)
    return Problem(problem.what, problem.expected, problem.actual, rule=rule, place=place, why=problem.why)
