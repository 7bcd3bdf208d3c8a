"""The grammars for editors are those of the lexer: made of its tables, and with its verdict on every text we have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from krl import Source
from krl.authoring.editors import FOLLOWED_BY, files, keyword_tree, textmate
from krl.lexer import tokenize
from krl.lookahead import TokenSource
from krl.parser import stack_limit, token_source
from krl.tokens import KEYWORDS, MARKS, Token
from tests.krl.textmate import Grammar

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "editors"
TEXTS = sorted(path for folder in ("rulesets", "docs", "tests") for path in (ROOT / folder).rglob("*.krl"))
VECTORS = json.loads((ROOT / "tests" / "conformance" / "parse.json").read_text())
GRAMMAR = Grammar(textmate())

WORD_SCOPES = ("keyword", "variable", "entity", "support", "constant", "storage")
CLASSES = {
    "INT": ("constant.numeric",),
    "FLOAT": ("constant.numeric",),
    "STRING": ("string.quoted",),
    "REGEX": ("string.regexp",),
    "SYMBOL": WORD_SCOPES,
    "CHEVRON_TEXT": ("string.unquoted",),
    "ILLEGAL": ("invalid",),
}
"""The innermost scope that is no punctuation, by kind of token; marks are `keyword.operator` or `punctuation`."""


@pytest.mark.parametrize("name", sorted(files()))
def test_a_file_is_what_the_lexer_makes_it(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == files()[name], (
        "run: python -m krl.authoring.editors docs/editors"
    )


def test_every_word_and_every_mark_of_the_lexer_is_in_the_lists() -> None:
    tree = keyword_tree()

    assert {word for words in tree["keywords"].values() for word in words} == set(KEYWORDS)
    assert set(tree["marks"]) == {*MARKS, "{", "}"}


def test_no_keyword_is_told_that_the_lexer_does_not_have() -> None:
    assert set(FOLLOWED_BY) <= set(KEYWORDS)


def disagreements(text: str) -> list[tuple[Token, str]]:
    """The tokens that the grammar takes for something else, with the scopes it gives them."""
    scopes = GRAMMAR.scopes(text)
    found = []
    for token in tokenize(text)[0]:
        if token.kind == "UNCLOSED":  # the lexer gives up here
            break
        for at in range(token.lexpos, token.endlexpos):
            if text[at] not in "\r\n" and not fits(token, scopes[at]):
                found.append((token, " ".join(scopes[at])))
                break
    return found


def fits(token: Token, scopes: tuple[str, ...]) -> bool:
    known = CLASSES.get(token.kind)
    if token.kind in (".", "-") and scopes[-1:] == ("entity.name.namespace.krl",):
        return True  # the id of a ruleset is one word to the parser
    if known is None:
        return bool(scopes) and scopes[-1].startswith(("keyword.operator", "punctuation"))
    inner = [each for each in scopes if not each.startswith(("punctuation", "meta", "constant.character"))]
    return bool(inner) and inner[-1].startswith(known)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_each_token_of_a_ruleset_has_the_colour_of_its_kind(path: Path) -> None:
    assert disagreements(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("vector", VECTORS[::3], ids=lambda each: each["id"])
def test_each_token_of_a_vector_has_the_colour_of_its_kind(vector: dict[str, str]) -> None:
    assert disagreements(vector["source"]) == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_the_words_that_the_parser_takes_for_keywords_look_like_keywords(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    scopes = GRAMMAR.scopes(text)

    wrong = [
        (text.count("\n", 0, token.lexpos) + 1, token.value)
        for token in decided(text)
        if token.kind == "SYMBOL" and is_keyword(token) != looks_like_one(scopes[token.lexpos])
    ]

    assert wrong == []


def decided(text: str) -> list[Token]:
    """The tokens with the types that the parser has given them."""
    tokens, _ = tokenize(text)
    feed: TokenSource = token_source(Source(text), tokens, stack_limit(100), wary=False)
    feed.parser.parse(lexer=feed, tracking=True)
    return tokens


def is_keyword(token: Token) -> bool:
    return token.type in KEYWORDS.get(token.value, ())


def looks_like_one(scopes: tuple[str, ...]) -> bool:
    return scopes[-1].startswith(
        ("keyword", "constant.language", "support.constant.unit", "support.function.aggregate")
    )
