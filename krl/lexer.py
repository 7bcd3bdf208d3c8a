"""Cut source text into tokens and comments.

A PLY lexer with one state beside the usual: in `chevron` the text between `<<` and `>>` is read, and a beesting
`#{…}` leads back to the usual one until its braces balance. Whatever cannot be cut, an illegal character or
something unclosed, is a token too: the parser reports it if it gets that far.

The functions stand in the order in which PLY tries them.

Source: docs/language.md, "Lexical structure".
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import Any

from ply import lex

from .tokens import LEXED, MARKS, WHITE_SPACE, Comment, Token
from .tree import Span

# In the patterns below, characters are repeated possessively, groups are not: before 3.11.5, Python does not step back
# from an alternative that fails within a possessive group. None of them needs it to be quick.
states = (("chevron", "exclusive"),)
tokens = LEXED
literals = "{}" + "".join(mark for mark in MARKS if len(mark) == 1)
t_ignore = WHITE_SPACE
t_chevron_ignore = ""


def tokenize(text: str) -> tuple[list[Token], list[Comment]]:
    """The tokens and the comments of a text, each in order. Never fails, and takes time in proportion to the text."""
    lexer = _master_lexer().clone()
    lexer.lexstatestack = []  # clone() shares the list
    lexer.open_braces = []  # for each open beesting, how many braces are open in it
    lexer.comments = []
    lexer.input(text)
    found = []
    while (token := lexer.token()) is not None:
        found.append(Token(token.type, token.value, token.lexpos, lexer.lexpos))
    return found, lexer.comments


@cache
def _master_lexer() -> Any:
    # reflags=0: with PLY's usual re.VERBOSE, blanks and hashes in the patterns would count for nothing.
    return lex.lex(module=sys.modules[__name__], reflags=0, errorlog=lex.NullLogger())


def t_comment(t: Any) -> None:
    r"//[^\r\n]*|/\*[\s\S]*?\*/"
    t.lexer.comments.append(Comment(Span(t.lexpos, t.lexer.lexpos), t.value))


def t_unclosed_comment(t: Any) -> Any:
    r"/\*[\s\S]*"
    return _unclosed(t)


def t_STRING(t: Any) -> Any:
    r'"[^"\\]*+(?:\\[\s\S][^"\\]*+)*"'
    return t


def t_unclosed_string(t: Any) -> Any:
    r'"[\s\S]*'
    return _unclosed(t)


def t_REGEX(t: Any) -> Any:
    r"re\#[^\#\\]*+(?:\\[\s\S][^\#\\]*+)*\#[gim]*"
    return t


def t_unclosed_regex(t: Any) -> Any:
    r"re\#[\s\S]*"
    return _unclosed(t)


def t_SYMBOL(t: Any) -> Any:
    r"[A-Za-z_$][A-Za-z0-9_$]*"
    return t


def t_FLOAT(t: Any) -> Any:
    r"[0-9]*+\.[0-9]+"
    return t


def t_INT(t: Any) -> Any:
    r"[0-9]+"
    return t


def t_CHEVRON_OPEN(t: Any) -> Any:
    r"<<"
    t.lexer.push_state("chevron")
    return t


def t_open_brace(t: Any) -> Any:
    r"\{"
    t.type = "{"
    if t.lexer.open_braces:
        t.lexer.open_braces[-1] += 1
    return t


def t_close_brace(t: Any) -> Any:
    r"\}"
    braces = t.lexer.open_braces
    t.type = "}"
    if braces and braces[-1] == 0:
        braces.pop()
        t.lexer.pop_state()
        t.type = "BEESTING_CLOSE"
    elif braces:
        braces[-1] -= 1
    return t


def t_mark(t: Any) -> Any:
    r"<=>|<=|>=|==|!=|><|=>|:=|\|\||&&|[()\[\]:.,;=<>|+\-*/%]"
    t.type = MARKS[t.value]
    return t


# PLY's own t_error is handed a copy of the rest of the text, which would be quadratic in a file of nonsense.
def t_ILLEGAL(t: Any) -> Any:
    r"[\s\S]"
    return t


def t_chevron_CHEVRON_TEXT(t: Any) -> Any:
    r"(?:[^\\>\#]++|\\[\s\S]?|>(?!>)|\#(?!\{))+"
    return t


def t_chevron_BEESTING_OPEN(t: Any) -> Any:
    r"\#\{"
    t.lexer.open_braces.append(0)
    t.lexer.push_state("INITIAL")
    return t


def t_chevron_CHEVRON_CLOSE(t: Any) -> Any:
    r">>"
    t.lexer.pop_state()
    return t


# The rest of the text is the token, but nobody needs a copy of it.
def _unclosed(t: Any) -> Any:
    t.type = "UNCLOSED"
    t.value = re.match(r'/\*|"|re#', t.value)[0]  # type: ignore[index]
    return t
