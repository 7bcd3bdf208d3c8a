"""The words of a source in their order, each taken once, and the gaps between them.

A chevron is one word, with all that stands in it. Marks that nobody needs, such as a comma behind the last item, are
dropped by who meets them; the comments in front of them go to the next word.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from ..lexer import tokenize
from ..tokens import Comment, Token
from .gaps import BLANK, LINE, NOTHING, Gap, Remark

END = ""  # the word behind the last one
_OPENING = frozenset("([{")
_HANGING = frozenset([")", "]", "}", ",", ";", ":", ".", "("])


class Words:
    """A cursor over the words of a source text."""

    def __init__(self, text: str) -> None:
        tokens, comments = tokenize(text)
        self._text = text
        self.at = 0  # the number of the next word
        self.texts: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        for token, end in _whole(tokens):
            self.texts.append(text[token.lexpos : end])
            self.starts.append(token.lexpos)
            self.ends.append(end)
        self.texts.append(END)
        self.starts.append(len(text))
        self._remarks = self._placed(comments)

    def take(self) -> str:
        """The next word, and go on."""
        self.at += 1
        return self.texts[self.at - 1]

    def sees(self, word: str) -> bool:
        """Whether this is the next word."""
        return self.texts[self.at] == word

    def start(self) -> int:
        """Where the next word begins in the source."""
        return self.starts[self.at]

    def follows_at_once(self) -> bool:
        """Whether there is nothing between the last word and the next."""
        return self.at > 0 and self.ends[self.at - 1] == self.starts[self.at]

    def drop(self) -> None:
        """Go on without the next word; its comments stay."""
        at = self.at
        if remarks := self._remarks.pop(at, None):
            first, *rest = self._remarks.get(at + 1) or (None,)
            if first is not None:
                # Behind a comment that ends its line, the next one begins a line, whatever stood between them.
                rest = [first._replace(is_apart=first.is_apart or remarks[-1].ends_line), *rest]
            self._remarks[at + 1] = (*remarks, *rest)
            self._remark_ends.setdefault(at + 1, self._remark_ends[at])
        self.at += 1

    def gap(self) -> Gap:
        """What stands in front of the next word."""
        at = self.at
        start = self.ends[at - 1] if at else 0
        if not self._remarks or at not in self._remarks:
            lines = self._text.count("\n", start, self.starts[at])
            return NOTHING if lines == 0 else LINE if lines == 1 else BLANK
        remarks = self._remarks[at]
        start = max(start, self._remark_ends[at])
        return Gap(
            remarks,
            lines=self._text.count("\n", start, self.starts[at]),
            opens=at > 0 and self.texts[at - 1] in _OPENING,
            closes=self.texts[at] in _HANGING,
        )

    def _placed(self, comments: list[Comment]) -> dict[int, tuple[Remark, ...]]:
        """The comments by the number of the word that they stand in front of."""
        placed: dict[int, list[Remark]] = {}
        self._remark_ends: dict[int, int] = {}
        for comment in comments:
            at = bisect_left(self.starts, comment.span.start)
            if at and self.ends[at - 1] > comment.span.start:
                continue  # within a chevron
            before = max(self.ends[at - 1] if at else 0, self._remark_ends.get(at, 0))
            lines = self._text.count("\n", before, comment.span.start)
            text = comment.text.rstrip() if comment.text.startswith("//") else comment.text
            remark = Remark(text, lines > 0 or (at == 0 and at not in placed), lines > 1)
            placed.setdefault(at, []).append(remark)
            self._remark_ends[at] = comment.span.end
        return {at: tuple(remarks) for at, remarks in placed.items()}


def _whole(tokens: list[Token]) -> Iterator[tuple[Token, int]]:
    """Each token and where it ends, a chevron in one piece."""
    open_chevrons = 0
    first = None
    for token in tokens:
        if token.kind == "CHEVRON_OPEN":
            open_chevrons += 1
            first = first or token
        elif token.kind == "CHEVRON_CLOSE":
            open_chevrons -= 1
            if open_chevrons == 0 and first is not None:
                yield first, token.endlexpos
                first = None
        elif open_chevrons == 0:
            yield token, token.endlexpos
