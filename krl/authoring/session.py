"""Texts one after the other, each of which sees what those before have declared: what a prompt needs.

A text becomes a function whose parameters are the names that are known; what it declares is part of its result, and
known from then on. So a name can be declared again, by a value that uses the old one.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import tree
from ..errors import Diagnostic, KRLSyntaxError
from ..evaluation import run
from ..local import LocalHost
from ..parser import parse
from ..runtime.calls import call
from ..runtime.host import Here, Host, Value
from ..source import Source

NAME = "input"


class Session:
    """The names that are known, and the host that expressions ask of the world."""

    def __init__(
        self, host: Host | None = None, here: Here | None = None, names: Mapping[str, Value] | None = None
    ) -> None:
        """`here`: the ruleset in whose place expressions stand, so that `ent:x` is its variable."""
        self.host = host or LocalHost()
        self.here = here or Here(NAME)
        self.names: dict[str, Value] = dict(names or {})

    def take(self, text: str) -> Value:
        """The value of the last expression of a text; null if a declaration comes last. Its names are known then.

        Raises KRLSyntaxError for a text that cannot run (a ruleset among them), KRLRuntimeError for one that fails;
        then nothing is declared.
        """
        source = Source(text, self.here.rid)
        items = _items(source)
        declared = [each.name.name for each in items if isinstance(each, tree.Declaration)]
        function = run(tree.Statements(_everything(text), (self._function(items, text),)), source, self.host, self.here)
        *values, last = call(self.host, function, list(self.names.values()))
        self.names.update(zip(declared, values[len(values) - len(declared) :], strict=True))
        return last

    def _function(self, items: tuple[tree.Declaration | tree.Expression, ...], text: str) -> tree.Function:
        """`function(known …) { (function() { declarations; [expressions …, names …, last] })() }`."""
        place = tree.Span(0, 0)
        declarations = tuple(each for each in items if isinstance(each, tree.Declaration))
        *others, last = items
        result = tree.Array(
            place,
            (
                *(each for each in others if isinstance(each, tree.Expression)),
                *(tree.Name(each.name.span, each.name.name) for each in declarations),
                last if isinstance(last, tree.Expression) else tree.Null(place),
            ),
        )
        body = tree.Function(_everything(text), (), declarations, result)
        known = tuple(tree.Parameter(place, tree.Name(place, name), None) for name in self.names)
        return tree.Function(_everything(text), known, (), tree.Call(place, body, ()))


def only_declares(text: str) -> bool:
    """Whether a text has nothing but declarations, so that its value is of no interest. Raises KRLSyntaxError."""
    return all(isinstance(each, tree.Declaration) for each in _items(Source(text, NAME)))


def _items(source: Source) -> tuple[tree.Declaration | tree.Expression, ...]:
    root = parse(source)
    if not isinstance(root, tree.Statements):
        span = tree.Span(0, min(1, len(source.text)))
        raise KRLSyntaxError([Diagnostic(source, span, "error", "expected-expression", "expected no ruleset")])
    if not root.items:
        return (tree.Null(root.span),)
    return root.items


def _everything(text: str) -> tree.Span:
    return tree.Span(0, len(text))
