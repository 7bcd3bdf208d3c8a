"""Whatever is typed, the server answers, and finds what `picoengine check` finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lsprotocol.types import Position, Range, TextDocumentContentChangePartial

from krl import RenameRefused, Source, Span, diagnose
from tests.transports.cli.lsp.editor import Editor, position, span
from transports.cli.lsp import navigation
from transports.cli.lsp.completion import completions
from transports.cli.lsp.document import Document
from transports.cli.lsp.findings import corrections, findings
from transports.cli.lsp.library import Library
from transports.cli.lsp.lines import Lines
from transports.cli.lsp.subject import subject_at

ROOT = Path(__file__).parents[4]
TEXT = (ROOT / "rulesets" / "io.picolabs.pds.krl").read_text()
MARKS = ["{", "}", "(", ")", "[", '"', "<<", "#{", ">>", "re#", "//", "/*", ":", ".", "=", ";"]
WORDS = ["x", "ent:", "rule r {", "ruleset", "meta {", "use module ", "function(", "setting(", "null", "𝒄", "é"]
PIECES = st.sampled_from([*MARKS, *WORDS, "\n", "\r\n", "\r", "\u2028", "\v", "\ud800"])
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 20), PIECES), min_size=1, max_size=6)

ask = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def typed(text: str, edits: list[tuple[float, int, str]]) -> tuple[str, list[TextDocumentContentChangePartial]]:
    """The text after the edits, and the edits as an editor sends them."""
    changes = []
    for where, length, piece in edits:
        start = round(where * len(text))
        end = min(start + length, len(text))
        lines = Lines(text)
        changes.append(TextDocumentContentChangePartial(Range(lines.position(start), lines.position(end)), piece))
        text = text[:start] + piece + text[end:]
    return text, changes


@ask
@given(st.text(alphabet=st.sampled_from("ab𝒄é\r\n\u2028\v"), max_size=30), EDITS)
def test_a_document_follows_the_edits(text: str, edits: list[tuple[float, int, str]]) -> None:
    after, changes = typed(text, edits)

    # Between CR and LF there is no place: an editor has none to put a cursor.
    if "\r\n" not in text + after:
        assert Document("a", text).changed(changes, 2).text == after


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@ask
@given(text=st.text(alphabet=st.sampled_from("ab𝒄é\r\n\u2028\v\x0c"), max_size=30))
def test_each_place_has_one_position_and_back(encoding: str, text: str) -> None:
    lines = Lines(text, encoding)

    places = [at for at in range(len(text) + 1) if text[at - 1 : at + 1] != "\r\n"]
    assert [lines.offset(lines.position(at)) for at in places] == places


def test_a_position_beyond_its_line_is_at_the_end_of_the_line() -> None:
    lines = Lines("ab\ncd")

    assert [lines.offset(Position(0, 9)), lines.offset(Position(9, 0))] == [2, 5]


QUESTIONS: list[Callable[[Document, Library, int], Any]] = [
    subject_at,
    completions,
    navigation.definition,
    navigation.renamable,
    lambda document, library, at: navigation.references(document, library, at, declaration=True),
    lambda document, _, at: navigation.highlights(document, at),
    lambda document, _, at: list(corrections(document, document.lines.range(Span(at, at)))),
]


@ask
@given(EDITS, st.floats(0, 1))
def test_no_text_is_too_broken_for_a_question(edits: list[tuple[float, int, str]], where: float) -> None:
    library = Library()
    document = library.opened("file:///a.krl", typed(TEXT, edits)[0], 1)
    at = round(where * len(document.text))

    assert [each.code for each in findings(document)] == [each.code for each in diagnose(Source(document.text))]
    navigation.outline(document)
    for question in QUESTIONS:
        question(document, library, at)


@ask
@given(st.floats(0, 1), st.sampled_from(["x", "map", "value", "name", "rule", "ent", "domain", "settings", "null"]))
def test_a_new_name_never_makes_a_mistake(where: float, name: str) -> None:
    library = Library()
    document = library.opened("file:///a.krl", TEXT, 1)
    try:
        edit = navigation.renaming(document, library, round(where * len(TEXT)), name)
    except RenameRefused:
        return
    changes = edit.changes[document.uri] if edit.changes else []
    edits = [TextDocumentContentChangePartial(each.range, each.new_text) for each in reversed(changes)]

    after = document.changed(edits, 2)

    assert [each.code for each in after.analysis.diagnostics if each.severity == "error"] == []


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDITS.filter(lambda edits: all(piece != "\ud800" for _, _, piece in edits)))
def test_the_process_finds_what_check_finds(editor: Editor, edits: list[tuple[float, int, str]]) -> None:
    after, changes = typed("x = 1\n" + TEXT[:600], edits)
    uri = editor.open("x = 1\n" + TEXT[:600])

    wire = [{"range": on_the_wire(each.range), "text": each.text} for each in changes]
    found = editor.diagnostics(uri, editor.change(uri, *wire))

    assert [each["code"] for each in found] == [each.code for each in diagnose(Source(after))]


def on_the_wire(range: Range) -> dict[str, Any]:
    sides = {"start": range.start, "end": range.end}
    return {side: {"line": at.line, "character": at.character} for side, at in sides.items()}


@pytest.fixture(scope="module")
def editor() -> Any:
    with Editor() as editor:
        yield editor


def test_the_test_and_the_server_agree_on_positions() -> None:
    text = "a𝒄\nb"

    assert span(text, 2, 4) == {"start": position(text, 2), "end": {"line": 1, "character": 1}}


def test_lines_end_where_the_protocol_says_and_nowhere_else() -> None:
    text = "a\u2028b\vc\x0cd\re\r\nf\ng"

    assert [Lines(text).position(text.index(each)).line for each in "abcdefg"] == [0, 0, 0, 0, 1, 2, 3]
