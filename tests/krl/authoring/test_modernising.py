"""A text brought up to date does what it did before; what might not is left, and told of."""

from __future__ import annotations

from typing import Any

import pytest

from krl import KRLSyntaxError, Source, compile_ruleset, diagnose, format, modernise, simulate

EVENTS = [
    {"domain": "order", "type": "new", "attrs": {"total": total, "kind": kind, "b": "x", "name": "Ann"}, "time": 1000}
    for total, kind in ((5, "x"), (15, "x"), (15, "y"), ("20", "x"))
] + [{"domain": "order", "type": "new", "attrs": {}, "time": 2000}]


def in_rule(select: str = "order new", body: str = 'send_directive("seen")') -> str:
    return f"ruleset a {{ rule one {{ select when {select} {body} }} }}"


def outcomes(text: str, dialect: str) -> list[Any]:
    return list(simulate(compile_ruleset(Source(text), dialect=dialect), EVENTS))


REPLACED = {
    "a name in where": (in_rule("order new where total > 10"), 'where event:attrs{"total"} > 10'),
    "a name in a chevron": (in_rule('order new where <<#{kind}!>> == "x!"'), '<<#{event:attrs{"kind"}}!>>'),
    "a name in a function": (
        in_rule('order new where ["x"].any(function(each) { each == kind })'),
        'function(each) { each == event:attrs{"kind"} }',
    ),
    "a name in select where": (
        'ruleset a { rule one { select where total == 15 send_directive("seen") } }',
        'select where event:attrs{"total"} == 15',
    ),
    "event:attrs()": (in_rule(body='send_directive("seen", event:attrs())'), "event:attrs)"),
    "event:attr of a text": (in_rule(body='send_directive(event:attr("b"))'), 'send_directive(event:attrs{"b"})'),
    "event:attr in choose": (
        in_rule(body='choose event:attr("b") { x => send_directive("x") y => send_directive("y") }'),
        'choose (event:attrs{"b"}) {',
    ),
    "a member": (in_rule(body='send_directive("seen", {"n": event:attrs.name})'), '{"n": event:attrs{"name"}}'),
    "where before setting": (
        in_rule('order new kind re#(.)# where k == "x" setting(k)', 'send_directive("seen", {"k": k})'),
        'setting(k) where k == "x"',
    ),
    "where in parentheses before setting": (
        in_rule('order new kind re#(.)# where ((k) == "x") /* so */ setting(k)', 'send_directive("seen", {"k": k})'),
        'setting(k) /* so */ where ((k) == "x")',
    ),
    "logging": ('ruleset a { meta { logging on } rule one { select when order new send_directive("x") } }', "meta {}"),
    "a version in front of meta": (
        'ruleset a { version "1" meta { name "n" } rule one { select when order new send_directive("x") } }',
        '    name "n"\n    version "1"\n',
    ),
    "a version without meta": (
        'ruleset a { version "1" rule one { select when order new send_directive("x") } }',
        '  meta {\n    version "1"\n  }\n',
    ),
    "two versions": (
        'ruleset a { version "1" meta { version "2" } rule one { select when order new send_directive("x") } }',
        'ruleset a {\n  meta {\n    version "2"',
    ),
}


@pytest.mark.parametrize(("old", "part"), REPLACED.values(), ids=REPLACED)
def test_an_old_form_is_replaced_and_does_what_it_did(old: str, part: str) -> None:
    new = modernise(Source(old))

    assert part in new.text
    assert len(new.replaced) == 1
    assert new.left == ()
    assert outcomes(new.text, "1.x") == outcomes(old, "0.x")


@pytest.mark.parametrize(("old", "part"), REPLACED.values(), ids=REPLACED)
def test_the_meta_data_stay(old: str, part: str) -> None:
    before = compile_ruleset(Source(old), dialect="0.x")
    after = compile_ruleset(Source(modernise(Source(old)).text))

    assert after.meta.krl_meta == before.meta.krl_meta


@pytest.mark.parametrize(("old", "part"), REPLACED.values(), ids=REPLACED)
def test_what_is_modern_stays(old: str, part: str) -> None:
    text = modernise(Source(old)).text

    assert modernise(Source(text)) == (text, (), ())


LEFT = {
    "a comment that would be lost": (in_rule(body="send_directive(event:attrs( /* all */ ).encode())"), "comment"),
    "a whole variable": (in_rule(body='fired { ent:x := ent:x.put("a", 1) }'), "`ent:x`"),
    "a Function read as a Map": (in_rule(body='send_directive("x", {"n": event:attr{"b"}})'), "Function"),
    "a name that is called": (in_rule("order new where total(1)"), "is called"),
    "errors to": ("ruleset a { meta { errors to b } }", "errors to"),
    "a variable of the application": (in_rule(body="fired { app:x := 1 }"), "app:x"),
}


@pytest.mark.parametrize(("old", "why"), LEFT.values(), ids=LEFT)
def test_what_is_not_sure_is_left_and_told_of(old: str, why: str) -> None:
    new = modernise(Source(old))

    assert new.text == format(Source(old))
    assert new.replaced == ()
    assert why in new.left[0].message


def test_a_name_in_where_is_left_where_the_dialect_knows_no_such_thing() -> None:
    text = in_rule("order new where total > 10")

    new = modernise(Source(text), dialect="1.x")

    assert new.replaced == ()
    assert [each.code for each in new.left] == ["undefined-name"]


def test_event_attr_of_anything_but_a_text_is_no_old_form() -> None:
    new = modernise(Source(in_rule(body='x = event:attr(["a"])'.join(["pre { ", " } send_directive(x)"]))))

    assert new.replaced == new.left == ()
    assert 'event:attr(["a"])' in new.text


def test_a_module_called_event_answers_for_itself() -> None:
    text = 'ruleset a { meta { use module b alias event } rule r { select when x y send_directive(event:attr("n")) } }'

    assert modernise(Source(text)).replaced == ()


def test_replacements_tell_their_place_in_the_old_text() -> None:
    new = modernise(Source(in_rule("order new where total > 10"), "a.krl"))

    assert [str(each) for each in new.replaced] == ['a.krl:1:52: replaced: total by event:attrs{"total"}']


def test_several_old_forms_within_each_other_are_replaced_at_once() -> None:
    text = in_rule('order new kind re#(.)# where (total > 10) && event:attrs().name == "Ann" setting(k)')

    new = modernise(Source(text))

    assert 'setting(k) where (event:attrs{"total"} > 10) && event:attrs{"name"} == "Ann"' in new.text
    assert not [each for each in diagnose(Source(new.text)) if each.code != "unused-name"]


def test_a_text_that_does_not_parse_is_refused() -> None:
    with pytest.raises(KRLSyntaxError):
        modernise(Source("ruleset a {"))
