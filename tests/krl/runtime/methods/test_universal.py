import pytest

from krl.errors import KRLPatternError, KRLTypeError
from krl.runtime.calls import Action, call
from krl.runtime.methods import METHODS
from krl.runtime.regexp import RegExp

NAMES = (
    "all any append as band bnot bor bxor capitalize chr cmp collect contains decode defaultsTo delete difference "
    "duplicates encode endsWith extract filter get has head index intersection isEmpty isnull join keys klog lc length "
    "like map match none noop notall once ord pairwise put range reduce replace reverse send_directive set shiftLeft "
    "shiftRight slice sort splice split sprintf startsWith substr tail trim trimLeading trimTrailing typeof uc union "
    "unique values"
)


def test_the_library_has_these_names_and_no_others():
    assert " ".join(sorted(METHODS, key=str.lower)) == " ".join(sorted(NAMES.split(), key=str.lower))


@pytest.mark.parametrize(
    ("value", "type", "result"),
    [
        (5, "Number", 5),
        ([1], "Array", [1]),
        (None, "Null", None),
        ([1], "String", "[Array]"),
        ("0x1F", "Number", 31),
        ("abc", "Number", None),
        ("false", "Boolean", False),
        ("0", "Boolean", True),
        (255, "Hex", "ff"),
        ("0x1F", "Hex", "0x1F"),
        (None, "Hex", None),
        ("a+", "RegExp", RegExp("a+")),
        ({}, "RegExp", RegExp(r"\[Map\]")),
        (RegExp("a", "g"), "RegExp", RegExp("a", "g")),
    ],
)
def test_as(run, value, type, result):
    assert run("as", value, type) == result


def test_as_without_a_type_is_the_value(run):
    assert run("as", 5) == 5


@pytest.mark.parametrize(
    ("value", "type", "message"),
    [
        ("x", "Nope", 'Cannot use the .as("Nope") operator with x (type String)'),
        ([1], "Map", 'Cannot use the .as("Map") operator with [Array] (type Array)'),
        (5, None, 'Cannot use the .as("null") operator with 5 (type Number)'),
    ],
)
def test_there_is_no_way_to_other_types(run, value, type, message):
    with pytest.raises(KRLTypeError) as failure:
        run("as", value, type)
    assert failure.value.message == message


def test_a_bad_pattern_is_refused_at_once(run):
    with pytest.raises(KRLPatternError):
        run("as", "(", "RegExp")


def test_isnull_and_typeof(run):
    assert [run("isnull", each) for each in (None, 0, "")] == [True, False, False]
    assert run("typeof", METHODS["noop"]) == "ActionFunction"


@pytest.mark.parametrize(("message", "logged"), [(None, "klog"), ("here", "here"), ([1], "[Array]")])
def test_klog_logs_and_returns_the_value(h, run, message, logged):
    assert run("klog", 5, message) == 5
    assert h.lines == [("klog", logged, {"val": 5})]


@pytest.mark.parametrize(("value", "result"), [(None, 4), (0, 0), ("", ""), (False, False)])
def test_defaults_to(run, value, result):
    assert run("defaultsTo", value, 4) == result


def test_the_use_of_a_default_is_logged_if_there_is_a_message(h, run):
    run("defaultsTo", None, 4)
    run("defaultsTo", 1, 4, "not used")
    run("defaultsTo", None, 4, "used")

    assert h.lines == [("debug", "[DEFAULTSTO] used", None)]


@pytest.mark.parametrize(
    ("value", "template", "result"),
    [
        ("Ada", "Hi %s, %d", "Hi Ada, %d"),
        (7, "%d of %d, %s", "7 of 7, %s"),
        ("x", "%s%s", "xx"),
        ("$& \\1", "<%s>", "<$& \\1>"),
        ("v", r"\%s %s \\%s \\", "%s v \\v \\"),
        ("v", "100%", "100%"),
        (True, "x%s%d", "x%s%d"),
        ("v", None, ""),
        ("v", 5, "5"),
    ],
)
def test_sprintf(run, value, template, result):
    assert run("sprintf", value, template) == result


def test_noop_does_nothing_and_can_be_called_in_expressions(h):
    assert call(h, METHODS["noop"], [1, 2]) is None


def test_send_directive_goes_to_the_host_in_the_name_of_the_running_ruleset(h):
    action = METHODS["send_directive"]

    assert isinstance(action, Action) and action.kind == "Action"
    assert action.run(h, "say") == {"name": "say", "options": {}}
    assert h.directives == [("own.rid", "say", {})]


def test_infix_operators_that_are_methods_too(run):
    assert run("cmp", "a", "b") == -1
    assert run("like", "banana", "^b") is True
