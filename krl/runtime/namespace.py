"""The global names of compiled code: all that it can reach besides what it is given.

There are no Python built-ins in it but the few that are listed. Names of the library bear a prefix (names.py), so
that neither they nor a user's names can hide one of these.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, Final

from .. import names
from . import calls, operators
from .access import get, item
from .intrinsics import (
    attribute_groups,
    built_in_member,
    join_texts,
    key_value,
    module_value,
    nth,
    path_steps,
    pick,
    refuse_depth,
    rounds,
    time_limit,
    too_early,
)
from .limits import spend
from .methods import METHODS
from .regexp import RegExp
from .text import text
from .values import MISSING, Action, ordered_map

TESTING: Final = "__testing"  # the generated map of queries and events, which every ruleset can name

LIBRARY: Final = {**{name: names.library(name) for name in METHODS}, TESTING: "testing"}
"""What a KRL name means if no declaration of the program is meant: name to Python name."""

_INTRINSICS = (
    attribute_groups,
    built_in_member,
    get,
    item,
    join_texts,
    key_value,
    module_value,
    nth,
    ordered_map,
    path_steps,
    pick,
    refuse_depth,
    rounds,
    spend,
    text,
    time_limit,
    too_early,
)

NAMESPACE: Final[dict[str, Any]] = {
    "__builtins__": {},
    "COLLECTIONS": frozenset({list, dict}),  # always true
    "SIMPLE": frozenset({int, float, str, bool, NoneType}),  # where Python's == is KRL's between values of one type
    "MISSING": MISSING,
    "Action": Action,
    "NameError": NameError,
    "RegExp": RegExp,
    **{each.__name__: each for each in (int, len, str, type, dict)},
    **{each.__name__: each for each in _INTRINSICS},
    **{name: getattr(operators, name) for name in operators.__all__},
    **{name: getattr(calls, name) for name in ("call", "call0", "call1", "call2", "call3", "run_action")},
    **{names.library(name): method for name, method in METHODS.items()},
}
"""To be copied for each program, which adds its own."""
