"""Source text to tokens. Rules: docs/language.md, "Lexical structure"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.lexer import tokenize
from krl.tokens import WHITE_SPACE


def kinds(text: str) -> list[str]:
    return [token.kind for token in tokenize(text)[0]]


def values(text: str) -> list[str]:
    return [token.value for token in tokenize(text)[0]]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("007", ["007"]),
        ("1.50", ["1.50"]),
        (".5", [".5"]),
        ("1.2.3", ["1.2", ".3"]),
        ("1.", ["1", "."]),
        ("1e5", ["1", "e5"]),
        ("0x1F", ["0", "x1F"]),
        ("-1", ["-", "1"]),
    ],
)
def test_numbers_have_no_sign_and_no_exponent(text, cut):
    assert values(text) == cut


@pytest.mark.parametrize("text", ["<=>", "<=", ">=", "><", "==", "!=", "=>", ":=", "||", "&&", ";", "%"])
def test_the_longest_mark_wins(text):
    assert values(f"a{text}b") == ["a", text, "b"]


@pytest.mark.parametrize("text", ['""', '"a b"', '"two\nlines"', r'"a \" b"', r'"\\"', '"// no comment"'])
def test_a_string_is_one_token(text):
    assert kinds(text) == ["STRING"]


@pytest.mark.parametrize("text", ["re##", "re#a b#", r"re#a\#b#", "re#a\nb#", "re#a#gim", r"re#\\#"])
def test_a_regular_expression_is_one_token(text):
    assert kinds(text) == ["REGEX"]


def test_other_letters_after_a_regular_expression_begin_a_name():
    assert values("re#a#gx") == ["re#a#g", "x"]


def test_a_name_that_ends_in_re_begins_no_regular_expression():
    assert kinds("are#x#") == ["SYMBOL", "ILLEGAL", "SYMBOL", "ILLEGAL"]


@pytest.mark.parametrize("text", ["// to the end", "/* one */", "/**/", "/* two\nlines */", "/* // */", "/***/"])
def test_a_comment_is_kept_apart_from_the_tokens(text):
    tokens, comments = tokenize(f"a {text}\nb")

    assert [token.value for token in tokens] == ["a", "b"]
    assert [comment.text for comment in comments] == [text]
    assert comments[0].span == (2, 2 + len(text))


@pytest.mark.parametrize("text", ['"open', '"a\\"', "re#open", "re#a\\#", "/* open", "/*/"])
def test_what_is_not_closed_is_one_token_to_the_end(text):
    assert kinds(f"a {text}") == ["SYMBOL", "UNCLOSED"]


@pytest.mark.parametrize("character", [*"'!&#@?^~\\`é日😀\0"])
def test_an_illegal_character_is_a_token(character):
    assert kinds(f"a {character} b") == ["SYMBOL", "ILLEGAL", "SYMBOL"]


@pytest.mark.parametrize("blank", list(WHITE_SPACE))
def test_white_space_is_what_javascript_takes_for_it(blank):
    assert values(f"a{blank}b") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("<<>>", ["<<", ">>"]),
        ('<<a > b # c " // d>>', ["<<", 'a > b # c " // d', ">>"]),
        (r"<<a \>> b>>", ["<<", r"a \>> b", ">>"]),
        (r"<<\#{a}>>", ["<<", r"\#{a}", ">>"]),
        ("<<a>>>", ["<<", "a", ">>", ">"]),
        ("<<#{a}#{b}>>", ["<<", "#{", "a", "}", "#{", "b", "}", ">>"]),
        ("<<#{ {} }>>", ["<<", "#{", "{", "}", "}", ">>"]),
        ('<<#{"}"}x>>', ["<<", "#{", '"}"', "}", "x", ">>"]),
        ("<<#{<<#{a}>>}x>>", ["<<", "#{", "<<", "#{", "a", "}", ">>", "}", "x", ">>"]),
    ],
)
def test_chevrons_hold_text_and_beestings(text, cut):
    assert values(text) == cut


def test_the_brace_that_ends_a_beesting_is_told_from_that_of_a_map():
    assert kinds("<<#{{}}>>") == ["CHEVRON_OPEN", "BEESTING_OPEN", "{", "}", "BEESTING_CLOSE", "CHEVRON_CLOSE"]


@given(st.text(alphabet=st.sampled_from('ab1. "#{}<>\\/*\nre:=é')))
def test_tokens_and_comments_follow_each_other_with_blanks_between(text):
    tokens, comments = tokenize(text)
    places = sorted(
        [(token.lexpos, token.endlexpos) for token in tokens] + [tuple(comment.span) for comment in comments]
    )

    end = 0
    for start, after in places:
        assert not text[end:start].strip(WHITE_SPACE)
        assert start < after
        end = after
    assert not text[end:].strip(WHITE_SPACE)
