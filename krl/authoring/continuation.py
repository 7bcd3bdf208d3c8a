"""What could stand at a place in a text, as the parser sees it: the keywords, and whether a value or an action could.

The parser reads the text up to the place and is stopped there; its state tells. Only the rule, the `meta` or the
`global` around the place is read, so it is quick in a long file, and mistakes elsewhere do not matter.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from ..expectations import refused
from ..lexer import tokenize
from ..lookahead import Refused, Stopped, TokenSource
from ..parser import MAX_DEPTH, MAX_ERRORS, parse_all, stack_limit, token_source
from ..recovery import IN_RULESET, Layout, Resumption, resumption
from ..source import Source
from ..tokens import KEYWORDS, OPENING, RESERVED, Token
from .sketch import Sketch

_IN_RULE = (*IN_RULESET, "RULE", "SYMBOL", "{")
_BEGINNINGS = {
    **{word: (*_IN_RULE, word.upper(), "{") for word in ("pre", "every", "sample", "fired", "notfired", "always")},
    **dict.fromkeys(("else", "finally"), (*_IN_RULE, "FIRED", "{")),
    "rule": (*_IN_RULE, "SELECT", "WHEN", "SYMBOL", "SYMBOL"),
    "function": ("DECLARED", "=", "FUNCTION", "(", ")", "{"),
}
"""What leads into a block, by its kind."""
_EXPORTS = {"SHARES", "PROVIDES"}


class Continuation(NamedTuple):
    """What could come next."""

    keywords: frozenset[str] = frozenset()
    value: bool = False  # an expression could begin
    action: bool = False  # the name of an action could stand
    variable: bool = False  # an entity variable could be set
    rid: bool = False  # the id of a ruleset could stand
    export: bool = False  # a name of `global` could stand, to be shared or provided


def possible_at(sketch: Sketch, offset: int) -> Continuation:
    """What could come right behind the tokens that end at or before an offset."""
    count = bisect_right(sketch.tokens, offset, key=lambda token: token.endlexpos)
    # The parser can never take the last one, so it always stops there.
    tokens = [*sketch.tokens[:count], Token("ILLEGAL", "", offset, offset)]
    for beginning in (_nearest_part(sketch.text, tokens), _nearest_line(sketch, tokens, offset)):
        if stopped := _at_the_end(Source(sketch.text), tokens, beginning):
            return _possible(stopped)
    return Continuation()


def is_incomplete(text: str) -> bool:
    """Whether the text is no program, and could become one if it went on."""
    source = Source(text)
    tree, diagnostics, _ = parse_all(source)
    if tree is not None or not text.strip():
        return False
    tokens, _ = tokenize(text)
    if any(token.kind == "UNCLOSED" for token in tokens):
        return True
    _, index = _stopped(source, [*tokens, Token("ILLEGAL", "", len(text), len(text))], Resumption(0))
    return bool(diagnostics) and index >= len(tokens)


def _at_the_end(source: Source, tokens: Sequence[Token], going_on: Resumption | None) -> TokenSource | None:
    """The token source with the parser before the last token; None if it cannot be led there."""
    for _ in range(MAX_ERRORS):
        if going_on is None or going_on.at >= len(tokens):
            return None
        stopped, index = _stopped(source, tokens, going_on)
        at = index - len(going_on.beginning) + going_on.at
        if at >= len(tokens) - 1:
            return stopped
        going_on = resumption(source.text, tokens, at, stopped.parser.symstack)
    return None


def _nearest_part(text: str, tokens: Sequence[Token]) -> Resumption:
    """Begin where the last part of a ruleset begins, if there is a ruleset."""
    if not any(token.value == "ruleset" for token in tokens[:1]):
        return Resumption(0)
    layout = Layout(text, tokens, 0)
    for index in range(len(tokens) - 1, 0, -1):
        if tokens[index].value in ("rule", "meta", "global") and layout.begins_part(index):
            return Resumption(index, IN_RULESET)
    return Resumption(0)


def _nearest_line(sketch: Sketch, tokens: Sequence[Token], offset: int) -> Resumption | None:
    """Begin with the line, if the block around it is of a kind that can be begun: there are mistakes above."""
    block = sketch.block_at(offset)
    while block.parent is not None and block.bracket != "{":
        block = block.parent
    start = max(sketch.text.rfind("\n", 0, offset) + 1, block.start + 1)
    beginning = _BEGINNINGS.get(block.kind)
    return Resumption(bisect_left(tokens, start, key=lambda token: token.lexpos), beginning) if beginning else None


def _stopped(source: Source, tokens: Sequence[Token], going_on: Resumption) -> tuple[TokenSource, int]:
    """The token source where the parser could not go on, and the number of the token."""
    invented = [Token(kind, "", 0, 0) for kind in going_on.beginning]
    tokens_read = token_source(source, [*invented, *tokens[going_on.at :]], stack_limit(MAX_DEPTH), wary=True)
    try:
        tokens_read.parser.parse(lexer=tokens_read, tracking=True)
    except Refused as refusal:
        return tokens_read, refusal.index
    except Stopped:
        return tokens_read, refused(tokens_read).index
    raise AssertionError("the parser took a token that no production has")


def _possible(stopped: TokenSource) -> Continuation:
    can, stack = stopped.can_take, [symbol.type for symbol in stopped.parser.symstack]
    words = frozenset(word for word, kinds in KEYWORDS.items() if any(can(kind) for kind in kinds))
    value = can("INT")
    return Continuation(
        keywords=words if stack[-1] != "WHEN" else words - RESERVED,
        value=value,
        action=can("SYMBOL") and not value and (can("EVERY") or _among_actions(stack)),
        variable=can("PERSISTENT"),
        rid=can("RID"),
        export=stack[-1] in _EXPORTS or (stack[-1] == "," and not _EXPORTS.isdisjoint(stack[-4:])),
    )


def _among_actions(stack: Sequence[str]) -> bool:
    """Whether the innermost bracket that is open is that of several actions."""
    opening = max((at for at, kind in enumerate(stack) if kind in OPENING), default=0)
    return stack[opening] == "{" and not {"EVERY", "SAMPLE", "CHOOSE"}.isdisjoint(stack[max(opening - 2, 0) : opening])
