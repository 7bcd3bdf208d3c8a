"""Texts one after the other, as at a prompt."""

from __future__ import annotations

import pytest

from krl import Here, KRLRuntimeError, KRLSyntaxError, LocalHost, Session, is_incomplete, only_declares


def test_a_text_sees_what_those_before_have_declared() -> None:
    session = Session()
    session.take("x = 20; double = function(n) { n * 2 }")

    assert session.take("double(x) + 2") == 42


def test_a_name_can_be_declared_again_from_its_old_value() -> None:
    session = Session()
    session.take("x = 1; old = function() { x }")
    session.take("x = x + 1")

    assert session.take("[x, old()]") == [2, 1]


def test_a_function_may_call_itself() -> None:
    session = Session()
    session.take("sum = function(n) { n < 1 => 0 | n + sum(n - 1) }")

    assert session.take("sum(4)") == 10


@pytest.mark.parametrize(("text", "value"), [("1; 2", 2), ("x = 1", None), ("x = 1; x; y = 2", None), (" ", None)])
def test_the_value_is_that_of_the_last_expression(text: str, value: object) -> None:
    assert Session().take(text) == value


@pytest.mark.parametrize(("text", "error"), [("x = 2; y", KRLSyntaxError), ('x = "a" - 1', KRLRuntimeError)])
def test_a_text_that_fails_declares_nothing(text: str, error: type[Exception]) -> None:
    session = Session()
    session.take("x = 1")

    with pytest.raises(error):
        session.take(text)

    assert session.take("x") == 1


def test_a_mistake_is_shown_in_the_text_itself() -> None:
    with pytest.raises(KRLSyntaxError) as caught:
        Session().take("x = 1; y + x")

    assert [each.source.position(each.span.start) for each in caught.value.diagnostics] == [(1, 8)]


def test_in_the_place_of_a_ruleset_its_variables_and_names_are_seen() -> None:
    host = LocalHost()
    host.set_variable("a.b", "n", 3)
    session = Session(host, Here("a.b"), {"more": 4})

    assert session.take("ent:n + more") == 7


def test_no_ruleset_is_taken() -> None:
    with pytest.raises(KRLSyntaxError, match="expected no ruleset"):
        Session().take("ruleset a {}")


@pytest.mark.parametrize("text", ["x = ", "f = function(a) {", "[1,", '"a', "<<a #{b", "/* a", "1 +", "a.b("])
def test_a_text_that_could_go_on_is_incomplete(text: str) -> None:
    assert is_incomplete(text)


@pytest.mark.parametrize("text", ["", " ", "x = 1", "x = ]", "1)", "a b ) c", "ruleset a {}", "x = 1 // +"])
def test_a_text_that_is_whole_or_wrong_is_not_incomplete(text: str) -> None:
    assert not is_incomplete(text)


def test_declarations_alone_have_no_value_of_interest() -> None:
    assert only_declares("x = 1; y = 2")
    assert not only_declares("x = 1; x")
