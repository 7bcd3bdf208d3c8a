"""The page docs/grammar.md, made from the productions in the docstrings of `krl/grammar/`.

`python -m tests.krl.grammar_page` writes it; a test compares.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from types import ModuleType

from ply import yacc

from krl.tables import SUBJECTS, producers
from krl.tokens import KEYWORDS, MARKS

PAGE = Path(__file__).parent.parent.parent / "docs" / "grammar.md"

HEAD = """\
# Grammar

Every production of the parser, as it is: this page is made from the grammar (`python -m tests.krl.grammar_page`), and
[KRL](language.md#grammar) explains it. `{ a }` is any number of `a`, none too; `[ a ]` is `a` or nothing; `( a | b )`
one of them. Words and marks stand in quotes, kinds of tokens in capitals.

| kind | what |
|---|---|
| SYMBOL | a word that has no other meaning in its place |
| OPERATOR_WORD | `like cmp and or before then after between any count repeat`, as a name |
| POSTLUDE_WORD | `fired notfired else finally always`, as a name |
| DECLARED | a name in front of `=`; DECLARED_OPERATOR, if it is an operator word |
| PERSISTENT | the word in front of the `:` with which a statement begins |
| ATTRIBUTE | a word in front of a regular expression |
| RID | a ruleset's id: words with dots and dashes between them, and no blank |
| UNIT | `second`, `minute`, `hour`, `day`, `week`, `month`, `year`, or one of them with an `s` |
| INT FLOAT STRING REGEX | literals; what stands before the `:` of a `pair` begins with a STRING |
| CHEVRON_TEXT | what stands between `<<`, `#{`, `}` and `>>` |

What is ambiguous here, operators without order among them, is decided by precedence: see
[Operators](language.md#operators). Where something could go on or something new could begin, it goes on.
"""

TITLES = {"ruleset": "Rulesets", "rules": "Rules", "eventex": "Event expressions", "expressions": "Expressions"}
BRACKETS = {"CHEVRON_OPEN": '"<<"', "CHEVRON_CLOSE": '">>"', "BEESTING_OPEN": '"#{"', "BEESTING_CLOSE": '"}"'}
SPELLED = {
    **{kind: f'"{mark}"' for mark, kind in MARKS.items()},
    **BRACKETS,
    **{brace: f'"{brace}"' for brace in "{}"},
    "ON_FINAL": '"on"',
}
MANY = 5  # words of one kind; more are named in the table
SILENT = frozenset({"KEY_FOLLOWS"})  # no text stands for it

Side = tuple[str, ...]


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_section(each) for each in SUBJECTS)


def _section(subject: ModuleType) -> str:
    own = {name: function for name, function in producers().items() if function.__module__ == subject.__name__}
    sides: dict[str, list[Side]] = {}
    for name, function in own.items():
        for _, _, left, right in yacc.parse_grammar(inspect.getdoc(function), name, 0):
            sides.setdefault(left, []).append(_without_precedence(right))
    title = TITLES[subject.__name__.rpartition(".")[2]]
    return f"\n## {title}\n\n```\n{''.join(_production(*each) for each in sides.items())}```\n"


def _without_precedence(right: Sequence[str]) -> Side:
    until = right.index("%prec") if "%prec" in right else len(right)
    return tuple(each for each in right[:until] if each not in SILENT)


def _production(name: str, sides: list[Side]) -> str:
    shown = _repeated(name, sides) or _alternatives(name, sides)
    return f"{name} = {shown}\n"


def _repeated(name: str, sides: list[Side]) -> str | None:
    """A list, if that is what the production makes."""
    rests = [each[1:] for each in sides if each[:1] == (name,)]
    firsts = [each for each in sides if each[:1] != (name,)]
    if len(firsts) != 1 or not rests or name in chain(firsts[0], *rests):
        return None
    rest = " | ".join(map(_row, rests))
    return f"{_row(firsts[0])} {{ {rest} }}".strip()


def _alternatives(name: str, sides: list[Side]) -> str:
    rows = [_row(each) for each in sides if each]
    between = f"\n{' ' * len(name)} | "
    if len(rows) == len(sides):
        return between.join(rows)
    return f"[ {rows[0]} ]" if len(rows) == 1 else f"[ {' | '.join(rows)} ]"


def _row(side: Side) -> str:
    return " ".join(map(_spelled, side))


def _spelled(symbol: str) -> str:
    if symbol in SPELLED:
        return SPELLED[symbol]
    if symbol.startswith("'"):
        return symbol.replace("'", '"')
    words = sorted(f'"{word}"' for word, kinds in KEYWORDS.items() if symbol in kinds)
    if not words or len(words) > MANY:
        return symbol
    return words[0] if len(words) == 1 else f"( {' | '.join(words)} )"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
