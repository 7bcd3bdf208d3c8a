"""Every expression of expressions.json has the value, or the error, that the vector states."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from math import isinf
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from krl.errors import KRLRuntimeError, KRLSyntaxError
from krl.evaluation import evaluate
from krl.runtime.regexp import RegExp
from krl.runtime.values import Action

VECTORS = json.loads((Path(__file__).parent / "expressions.json").read_text(encoding="utf-8"))
GROUPS: dict[str, list[dict[str, Any]]] = defaultdict(list)
for vector in VECTORS:
    GROUPS[vector["group"]].append(vector)


@pytest.fixture(autouse=True)
def process_in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The vectors of `time:strftime` were made in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def shown(value: Any) -> Any:
    """The value as vectors write it: what has no JSON form becomes {"$type": …}."""
    match value:
        case list():
            return [shown(each) for each in value]
        case dict():
            return {key: shown(each) for key, each in value.items()}
        case RegExp():
            return {"$type": "RegExp", "source": value.source, "flags": value.flags}
        case Action():
            return {"$type": value.kind}
        case FunctionType():
            return {"$type": "Function"}
        case float() if isinf(value):
            return {"$type": "Infinity"}
        case _:
            return value


def same(found: Any, wanted: Any) -> bool:
    """JSON equality: numbers as doubles, maps without order, true is not 1."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[key], wanted[key]) for key in found)
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return float(found) == float(wanted)
    return bool(found == wanted)


def outcome(expression: str) -> dict[str, Any]:
    try:
        return {"value": shown(evaluate(expression))}
    except KRLSyntaxError:
        return {"error": {"phase": "compile"}}
    except KRLRuntimeError as error:
        return {"error": {"kind": error.kind, "message": error.message}}


def is_as_stated(found: dict[str, Any], vector: dict[str, Any]) -> bool:
    if "value" in vector:
        return "value" in found and same(found["value"], vector["value"])
    wanted, error = vector["error"], found.get("error", {})
    if wanted.get("phase") == "compile" or error.get("phase") == "compile":
        return bool(wanted.get("phase") == error.get("phase"))
    return error.get("kind") == wanted["kind"] and (wanted.get("native") or error["message"] == wanted["message"])


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_expressions_have_the_stated_outcome(group: str) -> None:
    outcomes = [(vector, outcome(vector["expr"])) for vector in GROUPS[group]]

    wrong = [(vector["id"], vector["expr"], found) for vector, found in outcomes if not is_as_stated(found, vector)]

    assert not wrong
