"""Texts that the grammar itself grows: each production may occur anywhere it is allowed, in any layout.

Seeded: the same seed gives the same text. Not every text parses, since words that stand side by side may mean more
than what they were grown from; so whoever uses them asks the parser first.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from krl.lexer import tokenize
from krl.tables import grammar, producers
from krl.tokens import KEYWORDS, MARKS

SPELLED: dict[str, tuple[str, ...]] = {
    "INT": ("0", "1", "2", "007"),
    "FLOAT": (".5", "1.50"),
    "STRING": ('"a"', '"b\\"c"', '"domain:type"', '""', '"two\nlines"', '"a rather long text, so that a line is full"'),
    "REGEX": ("re#a#", "re##gi", "re#(.*)\\##", "re#two\nlines#"),
    "SYMBOL": ("a", "bc", "f", "event", "ent", "a_rather_long_name_that_fills_lines", "rule", "within", "$x"),
    "CHEVRON_TEXT": ("text ", "two\n  lines", "\\#{x", "// no comment "),
    "RID": ("a", "a.b", "io.picolabs.x-y"),
    "DECLARED": ("x", "y", "name"),
    "DECLARED_OPERATOR": ("and", "count"),
    "PERSISTENT": ("ent",),
    "ATTRIBUTE": ("k", "where"),
    "KEY_FOLLOWS": ("",),
    "OPERATOR_WORD": ("any", "then"),
    "POSTLUDE_WORD": ("fired", "always"),
    "CHEVRON_OPEN": ("<<",),
    "CHEVRON_CLOSE": (">>",),
    "BEESTING_OPEN": ("#{",),
    "BEESTING_CLOSE": ("}",),
    "ON_FINAL": ("on",),
    **{kind: (mark,) for mark, kind in MARKS.items()},
    "{": ("{",),
    "}": ("}",),
}
for _word, _kinds in KEYWORDS.items():
    for _kind in _kinds:
        SPELLED[_kind] = (*SPELLED.get(_kind, ()), _word) if _kind not in MARKS else SPELLED[_kind]

REMARKS = ("/* c */", "/**/", "// c\n", "// two words  \n", "/* two\n   lines */", "//\n")
BLANKS = (" ", " ", " ", " ", "\n", "\n", "\n\n\n", "  \t", "\r\n")


@cache
def _productions() -> dict[str, list[tuple[int, tuple[str, ...]]]]:
    """Per symbol its right sides, each with the least number of steps that it takes to end."""
    made = grammar(producers())
    sides = {name: [tuple(each.prod) for each in made.Prodnames[name]] for name in made.Prodnames}
    steps: dict[str, int] = {}
    while len(steps) < len(sides):
        for name, choices in sides.items():
            ends = [_steps(each, steps, sides) for each in choices]
            known = [each for each in ends if each is not None]
            if known and (name not in steps or min(known) < steps[name]):
                steps[name] = min(known)
    return {name: [(_steps(each, steps, sides) or 0, each) for each in choices] for name, choices in sides.items()}


def _steps(side: tuple[str, ...], steps: dict[str, int], sides: Any) -> int | None:
    inner = [steps.get(each) for each in side if each in sides]
    if any(each is None for each in inner):
        return None
    return 1 + max((each for each in inner if each is not None), default=0)


def grown(seed: int, start: str = "ruleset", depth: int = 28) -> list[str]:
    """The words of a text."""
    chance = random.Random(seed)
    productions = _productions()
    words: list[str] = []
    waiting: list[tuple[str, int]] = [(start, depth + chance.randrange(10))]
    while waiting:
        symbol, left = waiting.pop()
        if symbol not in productions:
            words.append(chance.choice(SPELLED[symbol]))
            continue
        choices = productions[symbol]
        allowed = [side for steps, side in choices if steps <= left]
        if not allowed or len(words) > 60:
            least = min(steps for steps, _ in choices)
            allowed = [side for steps, side in choices if steps == least]
        side = chance.choice(allowed)
        waiting.extend((each, left - 1) for each in reversed(side))
    return [each for each in words if each]


def written(words: list[str], seed: int, remarks: float = 0.1) -> str:
    """The words with blanks and line breaks between them, and comments here and there; none within chevrons."""
    chance = random.Random(seed)
    breaks = chance.choice([0.02, 0.2, 0.9])
    text = ""
    chevrons: list[int] = []
    for word in words:
        if word in (">>",) and chevrons:
            chevrons.pop()
        text += word
        if word == "<<":
            chevrons.append(0)
        if chevrons:
            text += "" if word in ("<<", "}") or word.startswith(("text", "two", "\\#", "// no")) else " "
            continue
        blank = chance.choice(BLANKS) if chance.random() < breaks else " "
        if chance.random() < remarks:
            blank += chance.choice(REMARKS) + chance.choice(["", " ", "\n", "\n\n"])
        text += blank
    return text


def rewritten(text: str, seed: int, remarks: float = 0.1) -> str:
    """The tokens of a text in another layout, with comments here and there; what may be an id keeps together."""
    chance = random.Random(seed)
    breaks = chance.choice([0.0, 0.2, 0.9])
    tokens, _ = tokenize(text)
    result = ""
    chevrons = 0
    for number, token in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else None
        result += text[token.lexpos : token.endlexpos]
        chevrons += (token.kind == "CHEVRON_OPEN") - (token.kind == "CHEVRON_CLOSE")
        end = following.lexpos if following else len(text)
        if chevrons or (following and token.endlexpos == end and {token.kind, following.kind} & {".", "-", "SYMBOL"}):
            result += text[token.endlexpos : end]
            continue
        if chance.random() < breaks:
            result += chance.choice(BLANKS)
        elif token.endlexpos < end:
            result += " "
        if chance.random() < remarks:
            result += chance.choice(REMARKS) + chance.choice(["", " ", "\n", "\n\n"])
    return result


def texts(first: int, count: int) -> Iterator[str]:
    """Texts grown from the grammar, with comments between any of their words."""
    for seed in range(first, first + count):
        start = ("ruleset", "rule", "expr", "source_list", "select", "meta")[seed % 6]
        words = grown(seed, start)
        around = {
            "rule": (["ruleset", "r", "{"], ["}"]),
            "meta": (["ruleset", "r", "{"], ["}"]),
            "select": (["ruleset", "r", "{", "rule", "a", "{"], ["}", "}"]),
        }
        before, after = around.get(start, ([], []))
        yield written([*before, *words, *after], seed)
