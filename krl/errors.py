"""What can be wrong with a KRL text or its evaluation.

    KRLError
      KRLSyntaxError      the text is no KRL, or no KRL that can run; carries its diagnostics
        KRLCheckError     it can be parsed and cannot work
      KRLEventexError     an event expression from which no machine can be built; carries its span
      KRLLoadError        the program could not be loaded: a module is missing, a global failed
      KRLRuntimeError     evaluation failed; `kind` is the word that KRL's users know
        KRLTypeError        kind "TypeError"
        KRLValueError       kind "Error"
        KRLPatternError     kind "SyntaxError": a bad regular expression
        KRLLimitError       kind "LimitError": a limit was reached; names it

Each message of a runtime error is the peer's where the peer's is a promise (docs: operators, "Errors").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .source import Source
from .tree import Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding in a source text."""

    source: Source
    span: Span
    severity: Literal["error", "warning"]
    code: str  # a stable word, e.g. "expected-token", "undefined-name"
    message: str  # lower case, no full stop
    hint: str | None = None  # what to do

    def __str__(self) -> str:
        line, column = self.source.position(self.span.start)
        text = f"{self.source.name}:{line}:{column}: {self.severity}: {self.message}"
        excerpt = "\n".join("    " + each for each in self.source.excerpt(self.span).split("\n"))
        return f"{text}\n{excerpt}" + (f"\n    hint: {self.hint}" if self.hint else "")

    def as_json(self) -> dict[str, object]:
        """The form that `picoengine check --json` prints; columns in UTF-16 code units, the end exclusive."""
        line, column = self.source.position(self.span.start)
        end_line, end_column = self.source.position(self.span.end)
        return {
            "file": self.source.name,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        }


class KRLError(Exception):
    """The root of everything this package raises on purpose."""


class KRLSyntaxError(KRLError):
    """The text cannot become a program; `diagnostics` has at least one error, the first one first."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(each) for each in self.diagnostics if each.severity == "error"))


class KRLEventexError(KRLError):
    """An event expression that could never match, or whose machine would be too large; `span` is the place."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


class KRLCheckError(KRLSyntaxError):
    """The text can be parsed, and what it says cannot work: an unknown name, two rules of one name."""


class KRLLoadError(KRLError):
    """A compiled program could not be made ready to run."""


class KRLRuntimeError(KRLError):
    """Evaluation failed. `kind` and `message` are what a KRL author sees: `TypeError: 5 is not a function`."""

    kind = "Error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class KRLTypeError(KRLRuntimeError):
    """A value of the wrong type."""

    kind = "TypeError"


class KRLValueError(KRLRuntimeError):
    """A value of the right type that does not do."""


class KRLPatternError(KRLRuntimeError):
    """A regular expression that cannot be compiled."""

    kind = "SyntaxError"


class KRLLimitError(KRLRuntimeError):
    """A limit was reached; the message names it and its setting."""

    kind = "LimitError"
