"""Hand tokens to the parser, deciding for each word what it is in its place.

The rule: a keyword wins where the parser can take one. "Can take" is exact: the parser's own tables are followed
from its present stack, through every reduction that the keyword would cause, until it is shifted or refused. PLY
asks for a token only when it needs one to go on, so the stack is always the right one.

Why so: docs/adr/0012.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .errors import Diagnostic
from .source import Source
from .tokens import DECLARED_KINDS, KEYWORDS, NAME_KINDS, PROPERTY_WORDS, RESERVED, Token
from .tree import Span

MOSTLY = ("RID", "SYMBOL")  # what a word may be that is no keyword anywhere
TELLING = frozenset({"=", ":", "REGEX"})  # what follows a word and tells what it may be


class Refused(Exception):
    """The parser cannot go on. Carries the diagnostic and the number of the token at fault, one beyond at the end."""

    def __init__(self, diagnostic: Diagnostic, index: int) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
        self.index = index


class Stopped(Exception):
    """The parser cannot take the token that it asked for; if the source is wary, it stands as it did before."""


class TokenSource:
    """What PLY calls the lexer: `token()` gives the next token, with its type decided.

    Productions reach this object as `p.lexer`; what is wrong in them but no hindrance they `report`.
    `max_stack` bounds how deep the parser may nest. `wary`: ask of every token whether the parser can take it, which
    takes a third of the time of reading, and which a text without errors does not need.
    """

    lineno = 0  # PLY copies it, and that is all

    def __init__(self, source: Source, tokens: Sequence[Token], parser: Any, max_stack: int, *, wary: bool) -> None:
        self.source = source
        self.parser = parser
        self.findings: list[Diagnostic] = []
        self._max_stack = max_stack
        self._wary = wary
        self._index = 0  # of the token to be given next
        self._end = len(tokens)
        # Two beyond the last, so that looking ahead needs no question whether something is there.
        self.tokens = [*tokens, Token("$end", "", 0, 0), Token("$end", "", 0, 0)]

    @property
    def last(self) -> int:
        """The number of the token that was asked for last."""
        return self._index - 1

    @property
    def lexpos(self) -> int:
        """Where an empty production stands, PLY asks: at the end of what came before, so that it widens nothing."""
        before = self.parser.symstack[-1]
        end = getattr(before, "endlexpos", None)
        return int(end if end is not None else getattr(before, "lexpos", 0))

    def token(self) -> Token | None:
        """The next token, None at the end.

        Raises Refused for too deep a nesting and for a malformed id and, if wary, Stopped where the parser cannot take
        the token. PLY finds out by itself, but only after the reductions that the token may cause (its tables are of
        the LALR kind); then the stack does not show any more what could have stood there.
        """
        token = self.tokens[self._index]
        if token.kind == "STRING" and self.can_take("KEY_FOLLOWS"):
            return Token("KEY_FOLLOWS", "", token.lexpos, token.lexpos)
        self._index += 1
        if len(self.parser.statestack) > self._max_stack:
            raise self.refusal("too-deep", "nested too deep to be read", self.last)
        if token.kind == "SYMBOL":
            return self._decided(token)
        if self._wary and not self.can_take(token.kind):
            raise Stopped
        return token if token.kind != "$end" else None

    def can_take(self, kind: str) -> bool:
        """Whether the parser, as it stands, would shift a token of this kind, or accept `$end`."""
        parser = self.parser
        states, action = parser.statestack, parser.action
        move = action[states[-1]].get(kind)
        if move is None or move >= 0:
            return move is not None
        depth = len(states)  # the stack is states[:depth] + pushed
        pushed: list[int] = []
        while move is not None and move < 0:
            production = parser.productions[-move]
            kept = len(pushed) - production.len
            if kept < 0:
                depth += kept
                kept = 0
            del pushed[kept:]
            state = parser.goto[pushed[-1] if pushed else states[depth - 1]][production.name]
            pushed.append(state)
            move = action[state].get(kind)
        return move is not None

    def report(self, span: Span, code: str, message: str) -> None:
        """Note what is wrong but no hindrance to going on."""
        self.findings.append(Diagnostic(self.source, span, "error", code, message))

    def refusal(self, code: str, message: str, index: int, hint: str | None = None) -> Refused:
        """What to raise for an error at a token."""
        return Refused(Diagnostic(self.source, self.place(index), "error", code, message, hint), index)

    def place(self, index: int) -> Span:
        """Where a token stands; the end of the text is at its last character."""
        if index < self._end:
            return Span(self.tokens[index].lexpos, self.tokens[index].endlexpos)
        length = len(self.source.text)
        return Span(max(length - 1, 0), length)

    def refuse_empty_block(self, end: int) -> None:
        """Refuse an empty block that ends at an offset. The peer does so at the token that follows it."""
        index = bisect_left(self.tokens, end, 0, self._end, key=lambda token: token.lexpos)
        raise self.refusal("expected-action", "expected an action in the block after 'then'", index)

    def _decided(self, word: Token) -> Token:
        following = self.tokens[self._index]
        if word.value in RESERVED and following.kind == "=" and self.can_take("DECLARED") and self.can_take("$end"):
            raise Stopped  # outside rulesets `null = 1` is a faulty declaration, not an expression and then a fault
        *likelier, last = self._kinds(word, following)
        for kind in likelier:
            if self.can_take(kind):
                word.type = kind
                break
        else:
            if self._wary and not self.can_take(last):
                raise Stopped
            word.type = last
        return self._whole_rid(word) if word.type == "RID" else word

    def _kinds(self, word: Token, following: Token) -> Iterable[str]:
        """All that a word may be, first choice first."""
        if word.value not in KEYWORDS and following.kind not in TELLING:
            return MOSTLY
        return self._all_kinds(word, following)

    def _all_kinds(self, word: Token, following: Token) -> Iterator[str]:
        name = None if word.value in RESERVED else NAME_KINDS.get(word.value, "SYMBOL")
        declared = DECLARED_KINDS[name] if name and following.kind == "=" else None
        if following.kind == "REGEX":
            yield "ATTRIBUTE"
        yield "RID"
        if declared and word.value in PROPERTY_WORDS:
            yield declared
        for keyword in KEYWORDS.get(word.value, ()):
            if keyword != "ON_FINAL" or following.value == "final":
                yield keyword
        if declared:
            yield declared
        if name:
            if following.kind == ":" and self.tokens[self._index + 1].kind == "SYMBOL":
                yield "PERSISTENT"
            yield name

    def _whole_rid(self, first: Token) -> Token:
        """Join the words that hang on `first` by dots and dashes; within an id there is no space."""
        end = first.endlexpos
        while (mark := self.tokens[self._index]).kind in (".", "-") and mark.lexpos == end:
            word = self.tokens[self._index + 1]
            self._index += 2
            end = word.endlexpos
            if word.kind != "SYMBOL" or word.lexpos != mark.endlexpos:
                raise self._bad_rid(mark)
        return Token("RID", self.source.text[first.lexpos : end], first.lexpos, end)

    def _bad_rid(self, mark: Token) -> Refused:
        start = min(mark.endlexpos, len(self.source.text) - 1)
        message = f"expected a word right after the {mark.value!r} of a ruleset id"
        return Refused(Diagnostic(self.source, Span(start, start + 1), "error", "bad-rid", message), self.last)
