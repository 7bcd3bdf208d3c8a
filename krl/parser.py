"""Source text to syntax tree.

The lexer cuts the text (`lexer.py`), the token source decides what each word is (`lookahead.py`), PLY's parser
follows the tables (`tables.py`), and the grammar's functions make the nodes (`grammar/`). The parser stops at the
first token that no KRL text could have there; `expectations.py` says what is wrong, `recovery.py` where to go on.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, NoReturn

from ply import yacc

from .depth import too_deep
from .errors import Diagnostic, KRLSyntaxError
from .expectations import refused
from .lexer import tokenize
from .lookahead import Refused, Stopped, TokenSource
from .recovery import Resumption, resumption
from .source import Source
from .tables import defaults, tables
from .tokens import Comment, Token
from .tree import Ruleset, Span, Statements

if sys.flags.optimize > 1:
    raise ImportError("the grammar of KRL is written in docstrings, and python -OO drops them: run it without -OO")

MAX_CHARACTERS = 4 * 1024 * 1024  # of a source text
MAX_DEPTH = 3_000  # of nodes within nodes: whatever walks the tree may recurse, Python's compiler does
MAX_ERRORS = 20  # of one text; nobody reads more

Tree = Ruleset | Statements


def parse(source: Source, *, max_characters: int = MAX_CHARACTERS, max_depth: int = MAX_DEPTH) -> Tree:
    """The tree of a ruleset, or of statements in a row.

    Raises KRLSyntaxError with a diagnostic for each place that was found at fault, the first one first.
    """
    tree, diagnostics, _ = parse_all(source, max_characters=max_characters, max_depth=max_depth)
    if tree is None or diagnostics:
        raise KRLSyntaxError(diagnostics)
    return tree


def parse_all(
    source: Source, *, max_characters: int = MAX_CHARACTERS, max_depth: int = MAX_DEPTH
) -> tuple[Tree | None, tuple[Diagnostic, ...], tuple[Comment, ...]]:
    """The tree, what is wrong, and the comments, each in the order of the text. Never raises for what the text is.

    Without a tree there is a diagnostic. A tree may come with diagnostics too, if only literals in it are at fault.
    """
    if fault := _unfit(source, max_characters):
        return None, (fault,), ()
    tokens, comments = tokenize(source.text)
    tree, diagnostics = _parsed(source, tokens, stack_limit(max_depth))
    if tree and (node := too_deep(tree, max_depth)):
        message = f"nested more than {max_depth} levels deep"
        tree, diagnostics = None, [*diagnostics, Diagnostic(source, node.span, "error", "too-deep", message)]
    return tree, tuple(sorted(diagnostics, key=lambda each: each.span)[:MAX_ERRORS]), tuple(comments)


def _unfit(source: Source, max_characters: int) -> Diagnostic | None:
    if len(source.text) > max_characters:
        message = f"the text has {len(source.text)} characters, and {max_characters} are allowed"
        return Diagnostic(source, Span(0, 0), "error", "too-large", message)
    if not source.text:  # white space would be a program; the peer stumbles over nothing at all, and nobody means it
        return Diagnostic(source, Span(0, 0), "error", "empty-source", "expected a ruleset, found an empty text")
    return None


def stack_limit(max_depth: int) -> int:
    """How many symbols the parser may hold. A level of the tree takes six at most: `event not between (event,`."""
    return 6 * max_depth + 100


def _parsed(source: Source, tokens: Sequence[Token], stack_limit: int) -> tuple[Tree | None, list[Diagnostic]]:
    """The tree of the tokens, None if they make none, and all that is wrong with them."""
    feed = token_source(source, tokens, stack_limit, wary=False)
    try:
        return feed.parser.parse(lexer=feed, tracking=True), feed.findings
    except (Refused, Stopped):
        # Read once more, with care: the parser has gone on beyond the place at which the fault can be told.
        return None, _faults(source, tokens, stack_limit)


def _faults(source: Source, tokens: Sequence[Token], stack_limit: int) -> list[Diagnostic]:
    """All that is wrong with tokens that the parser refuses."""
    found: list[Diagnostic] = []
    going_on: Resumption | None = Resumption(0)
    stopped_at = -1
    while going_on and len(found) < MAX_ERRORS:
        attempt = _attempt(source, tokens, going_on, stack_limit)
        found += attempt.findings
        if attempt.refusal is None:
            break
        at = attempt.refusal.index - len(going_on.beginning) + going_on.at
        if stopped_at >= 0 and _may_be_a_consequence(attempt.refusal, at, len(tokens)):
            break
        found.append(attempt.refusal.diagnostic)
        if at <= stopped_at or attempt.refusal.diagnostic.code == "too-deep":
            break
        going_on = resumption(source.text, tokens, at, attempt.symbols)
        stopped_at = at
    return found


def _may_be_a_consequence(refusal: Refused, at: int, end: int) -> bool:
    """Whether it is only that the brackets do not add up: after an earlier error that is no news."""
    return at >= end or refusal.diagnostic.code == "trailing-input"


class _Attempt(NamedTuple):
    """One run of the parser over the tokens from some place on."""

    findings: list[Diagnostic]
    refusal: Refused | None = None
    symbols: Sequence[Any] = ()  # those it had when it stopped


def _attempt(source: Source, tokens: Sequence[Token], going_on: Resumption, stack_limit: int) -> _Attempt:
    start = tokens[going_on.at].lexpos if going_on.at < len(tokens) else len(source.text)
    invented = [Token(kind, "", start, start) for kind in going_on.beginning]
    feed = token_source(source, [*invented, *tokens[going_on.at :]], stack_limit, wary=True)
    try:
        feed.parser.parse(lexer=feed, tracking=True)
    except Refused as refusal:
        return _Attempt(feed.findings, refusal, feed.parser.symstack)
    except Stopped:
        return _Attempt(feed.findings, refused(feed), feed.parser.symstack)
    return _Attempt(feed.findings)


def token_source(source: Source, tokens: Sequence[Token], stack_limit: int, *, wary: bool) -> TokenSource:
    """The tokens, with a parser of their own."""
    return TokenSource(source, tokens, copy.copy(_master_parser()), stack_limit, wary=wary)


@cache
def _master_parser() -> Any:
    """PLY's parser, to be copied: it keeps the stacks of the text that it reads."""
    table = tables()
    parser = yacc.LRParser(table, _stop)
    # PLY itself takes only those with a single move. The others, too, save asking for a token, and the way that
    # `can_take` has to go from them.
    parser.defaulted_states = defaults(table)
    return parser


def _stop(_: Any) -> NoReturn:
    raise Stopped
