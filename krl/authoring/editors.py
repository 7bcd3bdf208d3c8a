"""The lexer's tables as grammars for editors: `python -m krl.authoring.editors FOLDER` writes them.

    krl.tmLanguage.json   a TextMate grammar (VS Code, Sublime Text, TextMate, GitHub …)
    keywords.json         the words by what they are, for highlighters that are made of word lists
    krl.vim               a syntax file for Vim

A word that is a keyword only in its place is told by what follows it, since these grammars know nothing more. Each of
the lexer's keywords must have a line here: one that is missing is an error, and not a word without a colour.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ..checker.signatures import modules, operators
from ..tokens import EVENT_WORDS, INFIX_WORDS, KEYWORDS, MARKS, OPERATOR_WORDS, POSTLUDE_WORDS, RESERVED, WHITE_SPACE

SCOPE = "source.krl.pico"
CONSTANTS = ("false", "null", "true")

_WORD = "[A-Za-z_$][A-Za-z0-9_$]*"
_END = "(?![A-Za-z0-9_$])"
_RID = f"{_WORD}(?:[.-]{_WORD})*"
_BLOCK = r"\{"
_VALUE = r'["A-Za-z_$0-9.(\[{<+-]'
_NAMED = "[A-Za-z_$]"
_TEXT = '(?:"|<<)'
_LEVEL = "(?:error|warn|info|debug)"

FOLLOWED_BY = {
    **dict.fromkeys(("ruleset", "rule", "module", "alias", "raise", "schedule"), _NAMED),
    **dict.fromkeys(("provide", "provides", "share", "shares", "key", "keys", "to"), _NAMED),
    **dict.fromkeys(("meta", "global", "pre", "every", "sample", "active", "inactive"), _BLOCK),
    **dict.fromkeys(POSTLUDE_WORDS, _BLOCK),
    **dict.fromkeys(("name", "description", "author", "version"), _TEXT),
    **dict.fromkeys(("choose", "foreach", "where", "when", "if", "within", "with", "using"), _VALUE),
    **dict.fromkeys(("attributes", "for", "at", "then"), _VALUE),
    **dict.fromkeys(("log", "error"), _LEVEL + _END),
    **dict.fromkeys(("warn", "info", "debug"), _VALUE),
    **dict.fromkeys(("final", "last"), r"[};A-Za-z_$]|$"),
    "clear": f"ent{_END}",
    "configure": f"using{_END}",
    "errors": f"to{_END}",
    "event": f"{_TEXT}|{_NAMED}|[(]",
    "is": f"(?:active|inactive){_END}",
    "logging": f"(?:on|off){_END}",
    "off": r"[}A-Za-z_$]|$",
    "on": f"final{_END}",
    "select": f"(?:when|where){_END}",
    "use": f"module{_END}",
}
"""What must follow a contextual word that is meant as the keyword."""


def textmate() -> dict[str, Any]:
    """The TextMate grammar."""
    repository = {
        "comments": _patterns(
            _match("comment.line.double-slash", r"//[^\r\n]*"),
            _between("comment.block", r"/\*", r"\*/"),
        ),
        "strings": _patterns(
            _between("string.quoted.double", '"', '"', _match("constant.character.escape", r'\\["\\]'), _any_escape()),
            _between("string.regexp", "re#", "#[gim]*", _any_escape()),
            _between(
                "string.unquoted.chevron",
                "<<",
                ">>",
                _match("constant.character.escape", r"\\(?:>|\\|#\{)"),
                _any_escape(),
                {"include": "#beesting"},
            ),
        ),
        # The content of a beesting is code: its scope lies within the chevron's, and outweighs it.
        "beesting": _between("meta.embedded.beesting", r"#\{", r"\}", {"include": "#braces"}, {"include": "$self"}),
        "braces": _between(
            "meta.braces", r"\{", r"\}", {"include": "#braces"}, {"include": "$self"}, mark="bracket.curly"
        ),
        "numbers": _patterns(_match("constant.numeric", r"[0-9]*\.[0-9]+|[0-9]+")),
        "names": _patterns(*_names()),
        "keywords": _patterns(*_keywords()),
        "words": _patterns(*_words()),
        "marks": _patterns(*_marks()),
    }
    order = ("comments", "strings", "numbers", "names", "keywords", "words", "marks")
    return {
        "name": "KRL (pico)",
        "scopeName": SCOPE,
        "fileTypes": ["krl"],
        "patterns": [{"include": f"#{each}"} for each in order],
        "repository": repository,
    }


def _names() -> list[dict[str, Any]]:
    """Names that are known by what stands before them: members, methods, ids of rulesets and rules."""
    blank = rf"([{_SPACE}]*)"
    gap = rf"([{_SPACE}]+)"
    known = "|".join(sorted(modules()))
    values = "|".join(sorted(RESERVED | INFIX_WORDS))
    methods = "|".join(sorted(operators()))
    no_call = rf"(?![{_SPACE}]*[=:(.\[}}\]),])"
    return [
        _captures(rf"(ruleset){gap}({_RID})(?=[{_SPACE}]*(?:\{{|$))", ("keyword.control", "", "entity.name.namespace")),
        _match("variable.other.attribute", rf"(?!(?:{values}){_END}){_WORD}(?=[{_SPACE}]+re#)"),
        _captures(rf"(module){gap}({_RID})", ("keyword.control", "", "entity.name.namespace")),
        _captures(
            rf"(rule){gap}({_WORD})(?=[{_SPACE}]*(?:\{{|is{_END}|$))",
            ("keyword.control", "", "entity.name.function.rule"),
        ),
        _captures(
            rf"(ent){blank}(:)(?!=){blank}({_WORD})",
            ("storage.type", "", "punctuation.separator.namespace", "", "variable.other.entity"),
        ),
        _captures(
            rf"((?:{known}){_END}){blank}(:)(?!=){blank}({_WORD})",
            ("support.module", "", "punctuation.separator.namespace", "", "support.function.member"),
        ),
        _captures(
            rf"({_WORD}){blank}(:)(?!=){blank}({_WORD})",
            ("entity.name.namespace", "", "punctuation.separator.namespace", "", "variable.other.member"),
        ),
        _captures(rf"(\.){blank}((?:{methods}){_END})", ("punctuation.accessor", "", "support.function.operator")),
        _captures(rf"(\.){blank}({_WORD})", ("punctuation.accessor", "", "variable.other.member")),
        _captures(rf"(errors){gap}(to){_END}", ("keyword.control", "", "keyword.control")),
        _captures(rf"(raise|schedule){gap}({_WORD}){gap}(event){no_call}", _RAISED),
    ]


_SPACE = (
    WHITE_SPACE.replace("\t", r"\t")
    .replace("\n", r"\n")
    .replace("\v", r"\x0b")
    .replace("\f", r"\x0c")
    .replace("\r", r"\r")
)
_RAISED = ("keyword.control", "", "entity.name.namespace", "", "keyword.control")


def _keywords() -> list[dict[str, Any]]:
    blanks = f"[{_SPACE}]*"
    declared = rf"(?!{blanks}=(?![=>]))"
    units = sorted(word for word, kinds in KEYWORDS.items() if kinds == ("UNIT",))
    aggregates = sorted(word for word, kinds in KEYWORDS.items() if kinds == ("AGGREGATE",))
    plain = RESERVED - set(CONSTANTS)
    covered = set(FOLLOWED_BY) | {*units, *aggregates} | RESERVED | OPERATOR_WORDS
    if missing := set(KEYWORDS) - covered:
        raise LookupError(f"no pattern for the keywords {sorted(missing)}")
    contextual = sorted(set(FOLLOWED_BY) - OPERATOR_WORDS - {"to"})
    return [
        _match("constant.language", rf"(?:{'|'.join(CONSTANTS)}){_END}"),
        _match("keyword.control", rf"(?:{'|'.join(sorted(plain))}){_END}"),
        _match("keyword.operator.word", rf"(?:{'|'.join(sorted(INFIX_WORDS))}){_END}{declared}"),
        _match("keyword.operator.event", rf"(?:{'|'.join(sorted(EVENT_WORDS))}){_END}{declared}"),
        *(
            _match("keyword.control", rf"{word}{_END}(?={blanks}(?:{_followed_by(word)})){declared}{_not_called(word)}")
            for word in contextual
        ),
        _match("support.constant.unit", rf"(?<=[0-9)][{_SPACE}])(?:{'|'.join(units)}){_END}"),
        _match("support.function.aggregate", rf"(?:{'|'.join(aggregates)}){_END}(?=\()"),
    ]


def _followed_by(word: str) -> str:
    """The end of the line will do where a block or a value may stand on the next one."""
    return FOLLOWED_BY[word] + ("|$" if FOLLOWED_BY[word] in (_BLOCK, _VALUE) else "")


def _not_called(word: str) -> str:
    """Most keywords are no keywords in front of a parenthesis; some can have one."""
    return "" if word in ("if", "foreach", "choose", "where", "when", "within", "attributes", "at") else r"(?!\()"


def _words() -> list[dict[str, Any]]:
    methods = "|".join(sorted(operators()))
    return [
        _match("support.function.operator", rf"(?:{methods}){_END}(?=\()"),
        _match("entity.name.function", rf"{_WORD}(?=\()"),
        _match("variable.other.declaration", rf"{_WORD}(?=[{_SPACE}]*=(?![=>]))"),
        _match("variable.other", _WORD),
    ]


def _marks() -> list[dict[str, Any]]:
    punctuation = set("()[]:.,;")
    operators_ = sorted(set(MARKS) - punctuation, key=lambda mark: (-len(mark), mark))
    return [
        _match("keyword.operator", "|".join(map(_escaped, operators_))),
        _match("punctuation", "[" + "".join(map(_escaped, sorted(punctuation))) + r"{}]"),
        _match("invalid.illegal", r"\S"),
    ]


def _escaped(mark: str) -> str:
    return "".join("\\" + character for character in mark)


def _patterns(*patterns: dict[str, Any]) -> dict[str, Any]:
    return {"patterns": list(patterns)}


def _match(scope: str, pattern: str) -> dict[str, Any]:
    return {"name": f"{scope}.krl", "match": pattern}


def _any_escape() -> dict[str, Any]:
    """A backslash protects whatever follows it."""
    return {"match": r"\\."}


def _captures(pattern: str, scopes: tuple[str, ...]) -> dict[str, Any]:
    """A pattern whose groups have scopes of their own; it begins where a word begins."""
    captures = {str(number): {"name": f"{scope}.krl"} for number, scope in enumerate(scopes, 1) if scope}
    return {"match": pattern, "captures": captures}


def _between(scope: str, begin: str, end: str, *patterns: dict[str, Any], mark: str = "definition") -> dict[str, Any]:
    return {
        "name": f"{scope}.krl",
        "begin": begin,
        "beginCaptures": {"0": {"name": f"punctuation.{mark}.begin.krl"}},
        "end": end,
        "endCaptures": {"0": {"name": f"punctuation.{mark}.end.krl"}},
        "patterns": list(patterns),
    }


# --- word lists -------------------------------------------------------------------------------------------


def keyword_tree() -> dict[str, Any]:
    """The words by what they are."""
    units = sorted(word for word, kinds in KEYWORDS.items() if kinds == ("UNIT",))
    aggregates = sorted(word for word, kinds in KEYWORDS.items() if kinds == ("AGGREGATE",))
    return {
        "keywords": {
            "constants": list(CONSTANTS),
            "reserved": sorted(RESERVED - set(CONSTANTS)),
            "operators": sorted(INFIX_WORDS),
            "events": sorted(EVENT_WORDS),
            "contextual": sorted(set(KEYWORDS) - RESERVED - OPERATOR_WORDS - {*units, *aggregates}),
            "units": units,
            "aggregates": aggregates,
        },
        "library": {
            "operators": sorted(operators()),
            "modules": {domain: sorted(members) for domain, members in sorted(modules().items()) if domain != "stdlib"},
        },
        "marks": sorted([*MARKS, "{", "}"], key=lambda mark: (-len(mark), mark)),
    }


def vim() -> str:
    """The syntax file for Vim."""
    words = keyword_tree()["keywords"]
    groups = {
        "krlConstant": words["constants"],
        "krlReserved": words["reserved"],
        "krlOperator": [*words["operators"], *words["events"]],
        "krlKeyword": [*words["contextual"], *words["aggregates"], *words["units"]],
    }
    links = {
        "krlConstant": "Constant",
        "krlReserved": "Statement",
        "krlOperator": "Operator",
        "krlKeyword": "Keyword",
        "krlMember": "Identifier",
        "krlModule": "Type",
        "krlComment": "Comment",
        "krlString": "String",
        "krlRegexp": "Special",
        "krlChevron": "String",
        "krlBeesting": "Normal",
        "krlNumber": "Number",
    }
    modules_ = "\\|".join(["ent", *sorted(modules())])
    lines = [
        '" KRL, generated by python -m krl.authoring.editors',
        'if exists("b:current_syntax") | finish | endif',
        "syntax iskeyword @,48-57,_,$",
        *(f"syntax keyword {group} {' '.join(sorted(known))}" for group, known in groups.items()),
        r"syntax match krlNumber /\<\d\+\(\.\d\+\)\?\>/",
        r"syntax match krlMember /\.\s*\h\w*/hs=s+1",
        rf"syntax match krlModule /\<\({modules_}\)\ze\s*:/",
        r'syntax region krlString start=/"/ skip=/\\./ end=/"/',
        r"syntax region krlRegexp start=/\<re#/ skip=/\\./ end=/#[gim]*/",
        r"syntax region krlChevron start=/<</ skip=/\\./ end=/>>/ contains=krlBeesting",
        r"syntax region krlBeesting matchgroup=Special start=/#{/ end=/}/ contained contains=TOP,krlBraces",
        r"syntax region krlBraces start=/{/ end=/}/ contained contains=TOP,krlBraces",
        r"syntax region krlComment start=+/\*+ end=+\*/+",
        "syntax match krlComment +//.*+",
        *(f"highlight default link {group} {link}" for group, link in links.items()),
        'let b:current_syntax = "krl"',
    ]
    return "\n".join(lines) + "\n"


def files() -> dict[str, str]:
    """All files, by name."""
    return {
        "krl.tmLanguage.json": json.dumps(textmate(), indent=2) + "\n",
        "keywords.json": json.dumps(keyword_tree(), indent=2) + "\n",
        "krl.vim": vim(),
    }


if __name__ == "__main__":
    [folder] = map(Path, sys.argv[1:])
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
