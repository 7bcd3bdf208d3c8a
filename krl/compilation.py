"""Source text to a program: out of the cache if it is kept there, else by the compiler."""

from __future__ import annotations

from .cache import ProgramCache
from .program import Program
from .source import Source


def compile_ruleset(source: Source, cache: ProgramCache | None = None, *, dialect: str = "1.x") -> Program:
    """The program of a ruleset's text, with the checker's warnings.

    In the dialect "0.x" unknown names in `where` are attributes of the event. Raises KRLSyntaxError with all
    diagnostics; only programs are kept in the cache, what was refused is read again each time.
    """
    if cache is not None and (kept := cache.get(source, dialect)) is not None:
        return kept
    # Imported late: parser, checker and compiler take longer to load than all programs of a start that are kept.
    from . import compiler

    program = compiler.compile_ruleset(source, dialect=dialect)
    if cache is not None:
        cache.put(program, source, dialect)
    return program
