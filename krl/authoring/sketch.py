"""What a text declares, and where, as far as its tokens alone can tell.

Somebody who is typing has a text that does not parse most of the time. A sketch can be made of any text: brackets are
matched as well as they match, and a line that begins with `rule NAME`, `global {` or `meta {` closes whatever was left
open above it. It serves for outlines and for proposals, and knows less than `symbols.py` does of a text without faults.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..lexer import tokenize
from ..tokens import CLOSING, OPENING, PROPERTY_WORDS, RESERVED, WHITE_SPACE, Comment, Token
from ..tree import Span

ItemKind = Literal["ruleset", "rule", "function", "action", "value", "parameter", "bound", "module", "key"]
"""`bound`: by a `setting`."""

_PARTS = {"meta", "global", "rule"}
_ABOVE_RULES = {"source", "ruleset"}
_TRANSPARENT = {"pre", "global", "meta", "every", "sample", "{"}  # their names belong to the block around
_BLOCK_WORDS = {"meta", "global", "pre", "every", "sample", "fired", "notfired", "else", "finally", "always"}
_PROVIDES = {"provides", "provide"}
_LISTS = {"function": "parameters", "defaction": "parameters", "setting": "setting"}
_PAIRS = {")": "(", "]": "[", "}": "{", "BEESTING_CLOSE": "BEESTING_OPEN", "CHEVRON_CLOSE": "CHEVRON_OPEN"}


@dataclass(slots=True, eq=False)
class Item:
    """Something that is declared."""

    name: str
    kind: ItemKind
    span: Span  # of the name
    detail: str = ""  # parameters, the event that a rule waits for, the rid of a module
    end: int = 0  # of the whole declaration
    items: list[Item] = field(default_factory=list)  # what is declared within


@dataclass(slots=True, eq=False)
class Block:
    """A stretch between brackets, and what is declared in it."""

    kind: str  # what it is: "rule", "pre", "function", "parameters" … or its bracket
    start: int
    parent: Block | None
    owner: Item | None  # the declaration that it belongs to
    end: int = -1
    bracket: str = ""  # with which it begins
    items: list[Item] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True)
class Sketch:
    """A text's tokens, comments, blocks and declarations."""

    text: str
    tokens: Sequence[Token]
    comments: Sequence[Comment]
    root: Block
    outline: Sequence[Item]
    items: Sequence[Item]  # everything that is declared anywhere, in order
    provided: frozenset[str]  # to rulesets that use this one as a module

    def block_at(self, offset: int) -> Block:
        """The innermost block around an offset."""
        block = self.root
        while inner := next((each for each in block.blocks if each.start < offset <= each.end), None):
            block = inner
        return block

    def visible(self, offset: int) -> Iterator[Item]:
        """What an expression at an offset may name, inner names first, and perhaps the name that it is the value of."""
        block: Block | None = self.block_at(offset)
        deferred = False  # within a function all names of the blocks around it are seen
        while block is not None:
            yield from (each for each in reversed(block.items) if deferred or each.span.end < offset)
            deferred = deferred or block.kind == "function"
            block = block.parent

    def module(self, name: str) -> str | None:
        """The rid of the module that the text knows by this name."""
        return next((each.detail for each in self.items if each.kind == "module" and each.name == name), None)

    def declared_at(self, place: Span) -> Item | None:
        """The declaration whose name stands at this place."""
        index = bisect_left(self.items, place, key=lambda each: each.span)
        return self.items[index] if index < len(self.items) and self.items[index].span == place else None

    def token_before(self, offset: int) -> int:
        """The number of the last token that begins before an offset, -1 if there is none."""
        return bisect_right(self.tokens, offset - 1, key=lambda each: each.lexpos) - 1

    def comment_above(self, offset: int) -> str:
        """The line comments that end on the line above an offset's, as one text."""
        lines: list[str] = []
        start = self.text.rfind("\n", 0, offset) + 1
        for comment in reversed(self.comments[: bisect_right(self.comments, offset, key=lambda each: each.span.start)]):
            between = self.text[comment.span.end : start]
            begins = self.text[self.text.rfind("\n", 0, comment.span.start) + 1 : comment.span.start]
            if between.strip() or between.count("\n") != 1 or begins.strip() or not comment.text.startswith("//"):
                break
            lines.append(comment.text.lstrip("/").strip())
            start = comment.span.start - len(begins)
        return "\n".join(reversed(lines))


def sketch_of(text: str) -> Sketch:
    """The sketch of any text; takes time in proportion to it."""
    tokens, comments = tokenize(text)
    artist = _Artist(text, tokens)
    artist.draw()
    return Sketch(text, tokens, comments, artist.root, artist.outline, artist.items, frozenset(artist.provided))


class _Artist:
    """Goes through the tokens once, with the blocks that are open."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text = text
        self._count = len(tokens)
        # Four beyond the last, so that looking ahead needs no question whether something is there.
        self._tokens = [*tokens, *(Token("$end", "", len(text), len(text)) for _ in range(4))]
        self.root = self._block = Block("source", -1, None, None, len(text))
        self.outline: list[Item] = []
        self.items: list[Item] = []
        self.provided: set[str] = set()
        self._open_brackets: Counter[str] = Counter()
        self._parameters: list[Item] | None = None  # of the function whose body comes next
        self._awaited: Item | None = None  # the last declaration whose value is a function
        self._function: Item | None = None  # the one of them whose body comes next
        self._header: Item | None = None  # the rule or ruleset whose block comes next
        self._property = ""  # the word in `meta` to which the next words belong

    def draw(self) -> None:
        for index in range(self._count):
            token = self._tokens[index]
            if token.kind == "SYMBOL":
                self._word(index, token)
            elif token.kind in OPENING:
                self._enter(index, token)
            elif token.kind in CLOSING:
                self._close(token)
        end = len(self._text)
        while self._block is not self.root:
            self._leave(end, end + 1)  # the last place of the text is in it, too
        self._end_last(self.outline, end)

    # --- blocks ---

    def _enter(self, index: int, token: Token) -> None:
        before = self._tokens[index - 1].value if index else ""
        block = Block(token.kind, token.lexpos, self._block, self._block.owner, bracket=token.kind)
        if token.kind == "(" and before in _LISTS:
            block.kind = _LISTS[before]
            self._function = self._awaited if self._tokens[index - 2].kind == "=" else None
        elif token.kind == "{" and self._parameters is not None:
            block.kind, block.items = "function", self._parameters
            block.owner = self._function or block.owner
        elif token.kind == "{" and self._header is not None:
            block.kind, block.owner = self._header.kind, self._header
        elif token.kind == "{" and before in _BLOCK_WORDS:
            block.kind = before
        if token.kind == "{":
            self._parameters = self._header = None
        self._open_brackets[token.kind] += 1
        self._block.blocks.append(block)
        self._block = block

    def _close(self, token: Token) -> None:
        wanted = _PAIRS[token.kind]
        if not self._open_brackets[wanted]:
            return  # it closes nothing
        while self._block.bracket != wanted:
            self._leave(token.lexpos, token.lexpos)
        if self._block.kind == "parameters":
            self._parameters, self._block.items = self._block.items, []
            if self._function is not None:
                self._function.detail = "(" + ", ".join(each.name for each in self._parameters) + ")"
        self._leave(token.lexpos, token.endlexpos)

    def _leave(self, inner: int, end: int) -> None:
        """The block goes up to `inner`, and with its bracket up to `end`."""
        block = self._block
        block.end = end
        self._open_brackets[block.bracket] -= 1
        if block.owner is not None and block.bracket == "{" and block.kind != "{":
            self._end_last(block.owner.items, inner)
        if block.owner is not None and block.kind in ("function", "rule", "ruleset") and not block.owner.end:
            block.owner.end = min(end, len(self._text))
        assert block.parent is not None
        self._block = block.parent

    def _unwind(self, end: int) -> None:
        """A part of the ruleset begins: close what was left open."""
        block: Block | None = self._block
        while block is not None and block.kind != "ruleset":
            block = block.parent
        while block is not None and self._block is not block:
            self._leave(end, end)
        self._parameters = self._header = None

    def _scope(self) -> Block:
        """The block to which a declaration here belongs."""
        block = self._block
        while block.parent is not None and (block.bracket != "{" or block.kind in _TRANSPARENT):
            block = block.parent
        return block

    # --- words ---

    def _word(self, index: int, token: Token) -> None:
        following = self._tokens[index + 1]
        if token.value in _PARTS and self._begins_part(index):
            self._unwind(token.lexpos)
        if self._block.kind == "meta":
            self._in_meta(index, token)
        elif self._block.kind in ("parameters", "setting"):
            self._bound(index, token)
        elif token.value in ("rule", "ruleset") and following.kind == "SYMBOL" and self._block.kind in _ABOVE_RULES:
            self._head(index, token)
        elif token.value == "select" and self._block.kind == "rule":
            self._events(index)
        elif following.kind == "=" and token.value not in RESERVED and self._block.bracket not in ("(", "["):
            self._declare(index, token)

    def _begins_part(self, index: int) -> bool:
        token, following, third = self._tokens[index : index + 3]
        line = self._text.rfind("\n", 0, token.lexpos) + 1
        if self._text[line : token.lexpos].strip():
            return False
        return third.value in ("{", "is") if token.value == "rule" else following.kind == "{"

    def _head(self, index: int, token: Token) -> None:
        span = self._rid(index + 1) if token.value == "ruleset" else _place(self._tokens[index + 1])
        kind: ItemKind = "rule" if token.value == "rule" else "ruleset"
        self._header = Item(self._text[span.start : span.end], kind, span)
        self._declared(self._header)

    def _rid(self, index: int) -> Span:
        """An id of several words; nothing stands between them."""
        start, end = _place(self._tokens[index])
        while self._tokens[index + 1].kind in (".", "-") and self._tokens[index + 2].lexpos == end + 1 < len(
            self._text
        ):
            index += 2
            end = self._tokens[index].endlexpos
        return Span(start, end)

    def _in_meta(self, index: int, token: Token) -> None:
        following, before = self._tokens[index + 1], self._tokens[index - 1]
        if following.kind == "=":
            if self._property == "using":
                self._declare(index, token)
        elif self._property in _PROVIDES and before.value in (",", self._property):
            self.provided.add(token.value)
        elif token.value in PROPERTY_WORDS or token.value == "using":
            self._property = token.value
            if token.value in ("key", "keys") and following.kind == "SYMBOL":
                self._named(Item(following.value, "key", _place(following), end=following.endlexpos))
        elif token.value == "module" and following.kind == "SYMBOL" and before.value == "use":
            self._module(index + 1)

    def _module(self, index: int) -> None:
        span = self._rid(index)
        rid = self._text[span.start : span.end]
        while self._tokens[index].endlexpos < span.end:
            index += 1
        if self._tokens[index + 1].value == "alias" and self._tokens[index + 2].kind == "SYMBOL":
            span = _place(self._tokens[index + 2])
        self._named(Item(self._text[span.start : span.end], "module", span, rid, span.end))

    def _bound(self, index: int, token: Token) -> None:
        """A parameter, or a name of a `setting`."""
        if self._tokens[index - 1].kind not in ("(", ",") or token.value in RESERVED:
            return
        if self._block.kind == "setting":
            self._named(Item(token.value, "bound", _place(token), end=token.endlexpos))
        else:
            item = Item(token.value, "parameter", _place(token), end=token.endlexpos)
            self.items.append(item)
            self._block.items.append(item)

    def _events(self, index: int) -> None:
        """Tell of a rule by the event that it waits for first."""
        when, domain, second, third = (each.value for each in self._tokens[index + 1 : index + 5])
        if self._block.owner is not None and when == "when":
            self._block.owner.detail = f"{domain}:{third}" if second == ":" else f"{domain}:{second}"

    def _declare(self, index: int, token: Token) -> None:
        kind: ItemKind = "value"
        match self._tokens[index + 2].value:
            case "function":
                kind = "function"
            case "defaction":
                kind = "action"
        item = Item(token.value, kind, _place(token))
        self._awaited = item if kind != "value" else None
        self._declared(item)

    def _declared(self, item: Item) -> None:
        """A declaration, which is part of the outline."""
        owner = self._block.owner
        siblings = self.outline if owner is None else owner.items
        self._end_last(siblings, item.span.start)
        siblings.append(item)
        self._named(item)

    def _end_last(self, items: list[Item], end: int) -> None:
        """The last declaration goes no further than this."""
        if items and not items[-1].end:
            start = items[-1].span.start
            items[-1].end = start + len(self._text[start:end].rstrip(WHITE_SPACE))

    def _named(self, item: Item) -> None:
        self.items.append(item)
        self._scope().items.append(item)


def _place(token: Token) -> Span:
    return Span(token.lexpos, token.endlexpos)
