"""What is printed is the same program with the same comments, and is printed the same again."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from krl import KRLSyntaxError, Source, format, parse
from krl.lexer import tokenize
from krl.printer.dispatch import printed_kinds
from krl.printer.page import WIDTH
from krl.tree import Node, Statements
from tests.bench.krl_corpus import corpus
from tests.krl.printer.grown import rewritten, texts

VECTORS = Path(__file__).parent.parent.parent / "conformance"
ACCEPTED = [
    each["source"] for each in json.loads((VECTORS / "parse.json").read_text("utf-8")) if each["kind"] == "ok"
] + [each["ruleset"] for each in json.loads((VECTORS / "events.json").read_text("utf-8"))]


def words(text: str) -> list[str]:
    """Tokens and comments in their order, without the marks that nobody needs."""
    tokens, comments = tokenize(text)
    found = [(each.lexpos, text[each.lexpos : each.endlexpos]) for each in tokens]
    found += [(each.span.start, shown(each.text)) for each in comments]
    ordered = [word for _, word in sorted(found) if word != ";"]
    return [word for number, word in enumerate(ordered) if word != "," or not closes(ordered[number + 1 :])]


def shown(comment: str) -> str:
    return comment.rstrip() if comment.startswith("//") else comment


def closes(following: list[str]) -> bool:
    return next(word for word in following if not word.startswith(("//", "/*"))) in (")", "]", "}")


def assert_faithful(text: str) -> None:
    printed = format(Source(text))

    assert words(printed) == words(text)
    assert parse(Source(printed)) == parse(Source(text))
    assert format(Source(printed)) == printed


def parsing(candidates: Iterator[str]) -> Iterator[str]:
    for each in candidates:
        try:
            parse(Source(each))
        except KRLSyntaxError:
            continue
        yield each


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_vector_stays_what_it_is(text: str) -> None:
    assert_faithful(text)


@pytest.mark.parametrize("seed", range(5))
def test_a_vector_in_another_layout_with_comments_anywhere_stays_what_it_is(seed: int) -> None:
    tried = 0
    for text in parsing(rewritten(each, seed * 1000 + number, 0.2) for number, each in enumerate(ACCEPTED)):
        assert_faithful(text)
        tried += 1

    assert tried > 0.9 * len(ACCEPTED)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_whatever_the_grammar_grows_stays_what_it_is(part: int) -> None:
    tried = 0
    for text in parsing(texts(part * 600, 600)):
        assert_faithful(text)
        tried += 1

    assert tried > 500


@pytest.mark.parametrize("number", range(6))
def test_a_ruleset_as_people_write_them_stays_what_it_is_in_any_layout(number: int) -> None:
    text = corpus(size=6)[number]

    for seed, remarks in ((1, 0.0), (2, 0.02), (3, 0.3)):
        assert_faithful(rewritten(text, seed, remarks))


def test_every_kind_of_node_has_a_printer() -> None:
    waiting, kinds = [Node], set()
    while waiting:
        below = waiting.pop().__subclasses__()
        kinds.update(each for each in below if not each.__subclasses__())
        waiting += below

    # `format` itself begins with whole sources.
    assert kinds - printed_kinds() == {Statements}


def test_what_can_be_broken_is_no_wider_than_a_page() -> None:
    text = "x = " + " + ".join(f'f{n}(a, b, [c, d], {{"key": e}})' for n in range(60))

    assert max(map(len, format(Source(text)).splitlines())) <= WIDTH


def test_layout_does_not_matter_but_for_broken_lines() -> None:
    text = corpus(size=1)[0]
    blanks = random.Random(1)

    other = "\n".join(
        " " * blanks.randrange(20) + each.strip() + " " * blanks.randrange(3) for each in text.split("\n")
    )

    assert format(Source(other)) == format(Source(text))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 2900 + "]" * 2900,
        "(" * 2900 + "1" + ")" * 2900,
        "f" + ".g(1)" * 2900,
        " + ".join(["a"] * 2900),
        "a => b | " * 2900 + "c",
        "function(x){" * 200 + "1" + "}" * 200,
        "a = 1 // c\n" * 5000,
        "f(" + "/* c */" * 5000 + ")",
    ],
    ids=["arrays", "parentheses", "chain", "sum", "conditional", "functions", "lines", "comments"],
)
def test_deep_and_long_texts_are_printed(text: str) -> None:
    printed = format(Source(text))

    assert words(printed) == words(text)


def test_a_text_that_does_not_parse_is_refused() -> None:
    with pytest.raises(KRLSyntaxError):
        format(Source("ruleset a { rule }"))


def in_rule(text: str) -> str:
    return f"ruleset a {{ rule r {{ {text} }} }}"


@pytest.mark.parametrize(
    "text",
    [
        "a = b; (c)",
        "a = b; [c]",
        "a = b; {}",
        "a = b; -c",
        "f = function() { a = b; +c }",
        in_rule("select when a b fired { log info x; if = 1 }"),
        in_rule('select when a b fired { raise a event "b"; attributes = 1 }'),
        in_rule('select when a b fired { raise a event "b"; for = 1 }'),
        in_rule("select when a b; and(x)"),
        in_rule("select when a b where c; like(x)"),
        in_rule("select when count 2 (a b); max(x)"),
        in_rule("select when a b; foreach re#x# setting(y)"),
        in_rule("select when a b; within(x)"),
    ],
)
def test_a_semicolon_stays_where_the_next_line_would_go_on_from_this_one(text: str) -> None:
    assert not parses_to_the_same(text, text.replace(";", ""))

    assert_faithful(text)
    assert ";" in format(Source(text))


def parses_to_the_same(text: str, other: str) -> bool:
    try:
        return parse(Source(other)) == parse(Source(text))
    except KRLSyntaxError:
        return False


def test_blanks_alone_become_an_empty_line() -> None:
    assert format(Source("  \n\n ")) == "\n"
