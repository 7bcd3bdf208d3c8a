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
    from .authoring.continuation import Continuation, is_incomplete, possible_at
    from .authoring.modernising import Modernised, Replacement, modernise
    from .authoring.outlining import RuleOutline, RulesetOutline, outline
    from .authoring.reference import Entry, member_entries, operator_entries
    from .authoring.renaming import RenameRefused, renamed
    from .authoring.session import Session, only_declares
    from .authoring.sketch import Item, Sketch, sketch_of
    from .authoring.symbols import Analysis, Symbol, analyse
    from .cache import ProgramCache
    from .checker import check
    from .compilation import compile_ruleset
    from .diagnosis import diagnose
    from .dialects import DIALECTS, Dialect
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
    from .facts import fact, record
    from .library import LIBRARY
    from .local import LocalHost
    from .notation import to_json
    from .parser import parse, parse_all
    from .printer import format
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
    "DIALECTS",
    "LIBRARY",
    "Analysis",
    "Continuation",
    "Diagnostic",
    "Dialect",
    "Entry",
    "EventFacts",
    "Guard",
    "Here",
    "Host",
    "Instance",
    "Item",
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
    "Modernised",
    "Module",
    "Program",
    "ProgramCache",
    "QueryFacts",
    "RenameRefused",
    "Replacement",
    "Rule",
    "RuleOutline",
    "RulesetMeta",
    "RulesetOutline",
    "Session",
    "Sketch",
    "Source",
    "Span",
    "Symbol",
    "Use",
    "UseModule",
    "Value",
    "analyse",
    "check",
    "compile_ruleset",
    "decode",
    "delete_path",
    "diagnose",
    "encode",
    "evaluate",
    "fact",
    "failing_line",
    "format",
    "is_incomplete",
    "member_entries",
    "modernise",
    "only_declares",
    "operator_entries",
    "outline",
    "parse",
    "parse_all",
    "plain",
    "possible_at",
    "record",
    "renamed",
    "set_path",
    "simulate",
    "sketch_of",
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
    "authoring.continuation": ("Continuation", "is_incomplete", "possible_at"),
    "diagnosis": ("diagnose",),
    "dialects": ("DIALECTS", "Dialect"),
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
    "facts": ("fact", "record"),
    "library": ("LIBRARY",),
    "local": ("LocalHost",),
    "authoring.modernising": ("Modernised", "Replacement", "modernise"),
    "notation": ("to_json",),
    "authoring.outlining": ("RuleOutline", "RulesetOutline", "outline"),
    "parser": ("parse", "parse_all"),
    "printer": ("format",),
    "program": ("Guard", "Instance", "Program", "Rule", "RulesetMeta", "Use", "UseModule", "failing_line"),
    "authoring.reference": ("Entry", "member_entries", "operator_entries"),
    "authoring.renaming": ("RenameRefused", "renamed"),
    "runtime.access": ("delete_path", "set_path"),
    "runtime.host": ("EventFacts", "Here", "Host", "Limits", "Member", "Module", "QueryFacts", "Value"),
    "runtime.json_text": ("decode", "encode"),
    "runtime.plain": ("plain",),
    "runtime.text": ("text",),
    "runtime.values": ("truth", "typeof"),
    "authoring.session": ("Session", "only_declares"),
    "simulation": ("simulate",),
    "authoring.sketch": ("Item", "Sketch", "sketch_of"),
    "source": ("Source",),
    "authoring.symbols": ("Analysis", "Symbol", "analyse"),
    "tree": ("Span",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
