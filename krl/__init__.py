"""KRL: text in, running code out. This package has never heard of a pico.

    source = Source(text, "owner.krl")
    for finding in diagnose(source): ...           # what is wrong or doubtful, before anything runs
    program = compile_ruleset(source)              # once per text, or once for all with a ProgramCache
    instance = program.load(host, Here(rid), use)  # once per configuration; its rules answer events

`evaluate` and `simulate` need no engine at all. Whatever a program asks of the world goes through its `Host`.

The names are imported when they are first used: a command that only checks a file need not load the compiler.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cache import ProgramCache
    from .checker import check
    from .compilation import compile_ruleset
    from .diagnosis import diagnose
    from .errors import (
        Diagnostic,
        KRLCheckError,
        KRLError,
        KRLEventexError,
        KRLLimitError,
        KRLLoadError,
        KRLPatternError,
        KRLRuntimeError,
        KRLSyntaxError,
        KRLTypeError,
        KRLValueError,
    )
    from .evaluation import evaluate
    from .eventex.step import step
    from .library import LIBRARY
    from .local import LocalHost
    from .notation import to_json
    from .parser import parse, parse_all
    from .program import Guard, Instance, Program, Rule, RulesetMeta, Use, UseModule, failing_line
    from .runtime.access import delete_path, set_path
    from .runtime.host import EventFacts, Here, Host, Limits, Member, Module, QueryFacts, Value
    from .runtime.json_text import decode, encode
    from .runtime.plain import plain
    from .runtime.text import text
    from .runtime.values import truth, typeof
    from .simulation import simulate
    from .source import Source
    from .tree import Span

__all__ = [
    "LIBRARY",
    "Diagnostic",
    "EventFacts",
    "Guard",
    "Here",
    "Host",
    "Instance",
    "KRLCheckError",
    "KRLError",
    "KRLEventexError",
    "KRLLimitError",
    "KRLLoadError",
    "KRLPatternError",
    "KRLRuntimeError",
    "KRLSyntaxError",
    "KRLTypeError",
    "KRLValueError",
    "Limits",
    "LocalHost",
    "Member",
    "Module",
    "Program",
    "ProgramCache",
    "QueryFacts",
    "Rule",
    "RulesetMeta",
    "Source",
    "Span",
    "Use",
    "UseModule",
    "Value",
    "check",
    "compile_ruleset",
    "decode",
    "delete_path",
    "diagnose",
    "encode",
    "evaluate",
    "failing_line",
    "parse",
    "parse_all",
    "plain",
    "set_path",
    "simulate",
    "step",
    "text",
    "to_json",
    "truth",
    "typeof",
]

_HOMES = {
    "cache": ("ProgramCache",),
    "checker": ("check",),
    "compilation": ("compile_ruleset",),
    "diagnosis": ("diagnose",),
    "errors": (
        "Diagnostic",
        "KRLCheckError",
        "KRLError",
        "KRLEventexError",
        "KRLLimitError",
        "KRLLoadError",
        "KRLPatternError",
        "KRLRuntimeError",
        "KRLSyntaxError",
        "KRLTypeError",
        "KRLValueError",
    ),
    "evaluation": ("evaluate",),
    "eventex.step": ("step",),
    "library": ("LIBRARY",),
    "local": ("LocalHost",),
    "notation": ("to_json",),
    "parser": ("parse", "parse_all"),
    "program": ("Guard", "Instance", "Program", "Rule", "RulesetMeta", "Use", "UseModule", "failing_line"),
    "runtime.access": ("delete_path", "set_path"),
    "runtime.host": ("EventFacts", "Here", "Host", "Limits", "Member", "Module", "QueryFacts", "Value"),
    "runtime.json_text": ("decode", "encode"),
    "runtime.plain": ("plain",),
    "runtime.text": ("text",),
    "runtime.values": ("truth", "typeof"),
    "simulation": ("simulate",),
    "source": ("Source",),
    "tree": ("Span",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
