"""What the tests of compiled rulesets share: a ruleset is written as its inside, events as "domain:type"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from krl.compiler import compile_ruleset
from krl.local import LocalHost, user_of
from krl.program import Instance, Program
from krl.runtime.host import Here, Limits
from krl.simulation import simulate
from krl.source import Source


def compiled(inside: str, rid: str = "r") -> Program:
    """The program of a ruleset with this inside."""
    return compile_ruleset(Source(f"ruleset {rid} {{ {inside} }}", rid))


@pytest.fixture
def program() -> Callable[..., Program]:
    return compiled


@pytest.fixture
def load() -> Callable[..., Instance]:
    """Load a ruleset on a host of its own; `modules` are the insides of rulesets that it may use, by rid."""

    def loaded(inside: str, *, host: LocalHost | None = None, **modules: str) -> Instance:
        host = host or LocalHost()
        programs = {rid: compiled(text, rid) for rid, text in modules.items()}
        return compiled(inside).load(host, Here("r"), user_of(host, programs))

    return loaded


@pytest.fixture
def ask(load: Callable[..., Instance]) -> Callable[..., Any]:
    """What the function `f` of a `global` block answers."""

    def answer(block: str, *, limits: Limits | None = None, **args: Any) -> Any:
        host = LocalHost(limits=limits)
        return load(f"meta {{ shares f }} global {{ {block} }}", host=host).query(host, "f", args)

    return answer


@pytest.fixture
def offer() -> Callable[..., list[dict[str, Any]]]:
    """The results of events that are offered to a ruleset: "a:b", or ("a:b", {attributes})."""

    def results(inside: str, *events: Any, **options: Any) -> list[dict[str, Any]]:
        given = [(each, {}) if isinstance(each, str) else each for each in events]
        facts = [
            {"domain": words.split(":")[0], "type": words.split(":")[1], "attrs": attrs, "time": number * 1000}
            for number, (words, attrs) in enumerate(given, 1)
        ]
        modules = {rid: compiled(text, rid) for rid, text in options.pop("modules", {}).items()}
        return list(simulate(compiled(inside), facts, modules=modules, **options))

    return results


@pytest.fixture
def shown(offer: Callable[..., list[dict[str, Any]]]) -> Callable[..., Any]:
    """The options of the directives that one event `a:b` brings from a rule with this inside."""

    def options(rule: str, block: str = "", **attrs: Any) -> list[Any]:
        inside = f"global {{ {block} }} rule one {{ select when a b {rule} }}"
        result = offer(inside, ("a:b", attrs))[0]
        assert result["error"] is None, result["error"]
        return [each["options"] for each in result["directives"]]

    return options
