"""The language server as an editor meets it: a process that is asked over pipes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import krl
from krl import Source, diagnose
from tests.transports.cli.lsp.editor import Editor, edited, position, span

TEXT = """ruleset a.b {
  meta { shares total }
  global {
    // The sum of all numbers.
    total = function(numbers, start = 0) {
      numbers.reduce(function(sum, number) { sum + number }, start)
    }
  }
  rule add {
    select when order added price re#(.+)# setting(price)
    pre { cost = math:round(total([price.as("Number")]), 2) }
    send_directive("𝒄ost", {"𝒄": cost, "before": ent:last})
    fired { ent:last := cost }
  }
}
"""


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with Editor() as editor:
        yield editor


@pytest.fixture
def uri(editor: Editor) -> Iterator[str]:
    uri = editor.open(TEXT)
    yield uri
    editor.tell("textDocument/didClose", textDocument={"uri": uri})


def test_a_good_text_has_no_diagnostics(editor: Editor, uri: str) -> None:
    assert editor.diagnostics(uri) == []


def test_a_mistake_is_told_as_it_is_typed_and_taken_back_when_it_is_mended(editor: Editor, uri: str) -> None:
    start = TEXT.index("cost }")
    version = editor.change(uri, {"range": span(TEXT, start, start + 4), "text": "costs"})
    [found] = editor.diagnostics(uri, version)
    changed = TEXT.replace("cost }", "costs }")
    version = editor.change(uri, {"range": span(changed, start, start + 5), "text": "cost"})

    assert found["message"] == "`costs` is not defined\ndid you mean `cost`?"
    assert found["range"] == span(changed, start, start + 5)
    assert (found["severity"], found["code"], found["source"]) == (1, "undefined-name", "krl")
    assert editor.diagnostics(uri, version) == []


def test_a_change_without_a_range_replaces_the_text(editor: Editor, uri: str) -> None:
    version = editor.change(uri, {"text": "ruleset a { rule }"})

    assert [each["code"] for each in editor.diagnostics(uri, version)] == ["expected-identifier"]


def test_changes_of_one_message_are_made_one_after_the_other(editor: Editor, uri: str) -> None:
    version = editor.change(
        uri,
        {"text": "x = 1\ny = 2"},
        {"range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 5}}, "text": "x +"},
        {"range": {"start": {"line": 1, "character": 3}, "end": {"line": 9, "character": 9}}, "text": " z"},
    )

    [found] = editor.diagnostics(uri, version)
    assert found["range"]["start"] == {"line": 1, "character": 4}


def test_positions_count_utf_16_units(editor: Editor, uri: str) -> None:
    hover = editor.at("hover", uri, TEXT, "cos¦t, ")

    assert hover["range"]["start"] == position(TEXT, TEXT.index("cost, "))
    assert hover["range"]["start"]["character"] == TEXT.splitlines()[11].index("cost, ") + 2


def test_a_client_may_count_bytes() -> None:
    text = 'x = ["𝒄", y]'
    with Editor(encodings=["utf-8", "utf-16"]) as editor:
        [found] = editor.diagnostics(editor.open(text))

    assert found["range"]["start"]["character"] == text.encode().index(b"y")


@pytest.mark.parametrize(
    ("marked", "title", "words"),
    [
        ("to¦tal([", "total(numbers, start)", "The sum of all numbers."),
        ("numbers.red¦uce", "val.reduce(iter, dflt)", "callback's last result"),
        ("math:rou¦nd", "math:round(number, precision)", "nearest number"),
        ("math:¦round", "math:round(number, precision)", "nearest number"),
        ("send_dir¦ective", "send_directive(name, options)", "Append a directive"),
        ("ent:la¦st :=", "ent:last", "entity variable"),
        ("sum + num¦ber", "number", "a parameter"),
        ('pri¦ce.as("', "price", "captured by `select`"),
        ("co¦st, ", 'cost = math:round(total([price.as("Number")]), 2)', ""),
        ("rule a¦dd", "rule add", "select when order:added"),
    ],
)
def test_hover_tells_what_a_word_means(editor: Editor, uri: str, marked: str, title: str, words: str) -> None:
    text = editor.at("hover", uri, TEXT, marked)["contents"]["value"]

    assert text.startswith(f"```pico-krl\n{title}\n```")
    assert words in text


def test_hover_tells_nothing_of_what_it_does_not_know(editor: Editor, uri: str) -> None:
    assert editor.at("hover", uri, TEXT, "se¦lect when") is None


def labels(answer: dict) -> set[str]:
    return {each["label"] for each in answer["items"]}


def test_completion_after_a_dot_offers_operators(editor: Editor, uri: str) -> None:
    assert {"map", "reduce", "uc", "total"} <= labels(editor.at("completion", uri, TEXT, "numbers.¦reduce"))


def test_completion_after_a_colon_offers_members(editor: Editor, uri: str) -> None:
    assert {"round", "hash"} <= labels(editor.at("completion", uri, TEXT, "math:¦round"))
    assert labels(editor.at("completion", uri, TEXT, "ent:¦last :=")) == {"last"}


def test_completion_works_in_a_text_that_does_not_parse(editor: Editor, uri: str) -> None:
    text = TEXT.replace("2) }", "2) other = to")
    editor.change(uri, {"text": text})

    found = labels(editor.at("completion", uri, text, "other = to¦"))

    assert {"total", "price", "cost", "function"} <= found
    assert found.isdisjoint({"sum", "rule"})


def test_definition_leads_to_the_declaration(editor: Editor, uri: str) -> None:
    found = editor.at("definition", uri, TEXT, "tota¦l([")

    start = TEXT.index("total = ")
    assert found == {"uri": uri, "range": span(TEXT, start, start + 5)}


def test_references_are_all_uses_of_one_declaration(editor: Editor, uri: str) -> None:
    found = editor.at("references", uri, TEXT, "shares to¦tal", context={"includeDeclaration": False})

    places = [TEXT.index("total }"), TEXT.index("total([")]
    assert [each["range"] for each in found] == [span(TEXT, each, each + 5) for each in places]


def test_rename_changes_one_name_and_no_other(editor: Editor, uri: str) -> None:
    answer = editor.at("rename", uri, TEXT, "setting(pri¦ce)", newName="amount")

    expected = TEXT.replace("setting(price)", "setting(amount)").replace("[price.as", "[amount.as")
    assert edited(TEXT, answer["changes"][uri]) == expected


@pytest.mark.parametrize("name", ["null", "count", "a b", "cost", "reduce", "é"])
def test_rename_refuses_a_name_that_would_not_do(editor: Editor, uri: str, name: str) -> None:
    with pytest.raises(ValueError, match=r"is no name|means something else"):
        editor.at("rename", uri, TEXT, "number¦s.reduce" if name == "reduce" else "[pri¦ce.as", newName=name)


def test_an_operator_cannot_be_renamed(editor: Editor, uri: str) -> None:
    assert editor.at("prepareRename", uri, TEXT, "numbers.red¦uce") is None


def test_symbols_are_the_outline(editor: Editor, uri: str) -> None:
    [ruleset] = editor.ask("textDocument/documentSymbol", textDocument={"uri": uri})

    assert (ruleset["name"], ruleset["range"]) == ("a.b", span(TEXT, TEXT.index("a.b"), len(TEXT) - 1))
    assert [(each["name"], each["detail"]) for each in ruleset["children"]] == [
        ("total", "(numbers, start)"),
        ("add", "order:added"),
    ]
    assert [each["name"] for each in ruleset["children"][1]["children"]] == ["cost"]


def test_a_slip_can_be_corrected_by_its_hint(editor: Editor, uri: str) -> None:
    text = TEXT.replace("math:round", "math:ruond")
    editor.change(uri, {"text": text})
    start = text.index("ruond")

    [action] = editor.ask(
        "textDocument/codeAction",
        textDocument={"uri": uri},
        range=span(text, start, start),
        context={"diagnostics": []},
    )

    assert edited(text, action["edit"]["changes"][uri]) == TEXT


def test_a_document_that_is_not_open_is_an_error_and_not_the_end(editor: Editor) -> None:
    with pytest.raises(ValueError, match="no document"):
        editor.ask("textDocument/documentSymbol", textDocument={"uri": "file:///none.krl"})


MODULE = """ruleset a.units {
  meta { provides inch }
  global {
    // Centimetres.
    inch = function(n) { n * 2.54 }
    other = 1
  }
}
"""
USER = """ruleset b {
  meta { use module a.units alias units shares size }
  global { size = function() { units:inch(3) } }
}
"""


def test_rulesets_of_the_folder_know_each_other(tmp_path: Path) -> None:
    (tmp_path / "units.krl").write_text(MODULE)
    module = (tmp_path / "units.krl").as_uri()
    with Editor(tmp_path) as editor:
        user = editor.open(USER, (tmp_path / "user.krl").as_uri())

        hover = editor.at("hover", user, USER, "units:in¦ch")["contents"]["value"]
        home = editor.at("definition", user, USER, "units:in¦ch")
        offered = labels(editor.at("completion", user, USER, "units:¦inch"))
        rids = labels(editor.at("completion", user, USER, "use module ¦a.units"))
        changes = editor.at("rename", user, USER, "units:in¦ch", newName="zoll")["changes"]

    assert "Centimetres." in hover
    assert home == {"uri": module, "range": span(MODULE, MODULE.index("inch ="), MODULE.index(" = function"))}
    assert offered == {"inch"}
    assert {"a.units", "io.picolabs.wrangler"} <= rids
    assert edited(MODULE, changes[module]) == MODULE.replace("inch", "zoll")
    assert edited(USER, changes[user]) == USER.replace("inch", "zoll")


def test_the_server_ends_as_it_should() -> None:
    editor = Editor()
    with editor:
        assert editor.quit() == (0, "")


def test_what_the_server_finds_is_what_check_finds(editor: Editor) -> None:
    """The vectors of the parser's conformance, the broken ones among them."""
    vectors = json.loads((Path(__file__).parents[3] / "conformance" / "parse.json").read_text())
    sources = [each["source"] for each in vectors][::6]

    for number, text in enumerate(sources):
        uri = editor.open(text, f"file:///{number}.krl")
        found = editor.diagnostics(uri)

        expected = diagnose(Source(text))
        assert [each["code"] for each in found] == [each.code for each in expected]
        assert [each["range"] for each in found] == [span(text, *each.span) for each in expected]


def test_formatting_makes_what_fmt_makes(editor: Editor, uri: str) -> None:
    text = '// café 𝒄\nruleset   a {\n\n\n meta{name "x"}\n  global { f = function( a ){a+1}  }\n}\n'
    editor.change(uri, {"text": text})
    options = {"tabSize": 2, "insertSpaces": True}

    edits = editor.ask("textDocument/formatting", textDocument={"uri": uri}, options=options)

    assert edited(text, edits) == krl.format(Source(text))
    assert edits[0]["range"]["start"]["line"] == 1  # what is right already is not touched


def test_a_text_with_mistakes_is_not_formatted(editor: Editor, uri: str) -> None:
    editor.change(uri, {"text": "ruleset {"})

    with pytest.raises(ValueError, match="the text has mistakes"):
        editor.ask("textDocument/formatting", textDocument={"uri": uri}, options={"tabSize": 2, "insertSpaces": True})


def test_older_rulesets_can_be_read_as_such() -> None:
    text = "ruleset a { rule r { select when b c where d == 1 noop() } }"
    with Editor(arguments=["--dialect", "0.x"]) as editor:
        assert [each["severity"] for each in editor.diagnostics(editor.open(text))] == [2]
