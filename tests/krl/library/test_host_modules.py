"""`event`, `meta` and `stdlib`: what they tell of the host, and to whom."""

import inspect

import pytest

from krl.errors import KRLValueError
from krl.library import LIBRARY
from krl.runtime.host import EventFacts, Here, QueryFacts
from tests.krl.library.hosting import Clockwork, use

IN_MODULE = Here("used", in_module=True)


@pytest.fixture
def answering():
    h = Clockwork()
    h.event = EventFacts("e1", "c1", "door", "opened", {"by": "me", "1": "one"}, 1234)
    h.rule_name = "greet"
    return h


@pytest.fixture
def asked():
    h = Clockwork()
    h.query = QueryFacts("q1", "c2", "rid", "f", {})
    return h


EVENT = {"eid": "e1", "eci": "c1", "domain": "door", "name": "opened", "type": "opened", "time": 1234}


@pytest.mark.parametrize("name", EVENT)
def test_event_tells_the_facts(answering, name):
    assert use(f"event:{name}", h=answering) == EVENT[name]


def test_event_attributes(answering):
    assert use("event:attrs", h=answering) == {"by": "me", "1": "one"}
    assert [use("event:attr", key, h=answering) for key in ("by", 1, "to", None)] == ["me", "one", None, None]


@pytest.mark.parametrize("name", [*EVENT, "attrs", "attr"])
def test_event_is_null_in_queries_and_in_used_modules(answering, asked, name):
    assert use(f"event:{name}", h=asked) is None
    assert use(f"event:{name}", h=answering, here=IN_MODULE) is None


def test_event_send_needs_an_engine(answering):
    assert LIBRARY["event"]["send"].kind == "action"
    with pytest.raises(KRLValueError, match="needs an engine"):
        use("event:send", {"eci": "c1"}, h=answering)


def test_meta_in_an_event(answering):
    seen = {name: use(f"meta:{name}", h=answering) for name in ("eci", "txnId", "inEvent", "inQuery", "ruleName")}

    assert seen == {"eci": "c1", "txnId": "e1", "inEvent": True, "inQuery": False, "ruleName": "greet"}


def test_meta_in_a_query(asked):
    seen = {name: use(f"meta:{name}", h=asked) for name in ("eci", "txnId", "inEvent", "inQuery", "ruleName")}

    assert seen == {"eci": "c2", "txnId": "q1", "inEvent": False, "inQuery": True, "ruleName": None}


def test_meta_in_a_used_module_knows_no_request(answering):
    seen = {name: use(f"meta:{name}", h=answering, here=IN_MODULE) for name in ("eci", "txnId", "inEvent", "inQuery")}

    assert seen == {"eci": None, "txnId": None, "inEvent": False, "inQuery": False}


def test_meta_of_the_own_ruleset():
    here = Here("sun", url="https://example.org/sun.krl", config={"k": 1})
    names = ("rid", "rid_url", "rulesetURI", "rulesetConfig", "picoId", "host")

    assert [use(f"meta:{name}", here=here) for name in names] == [
        "sun",
        "https://example.org/sun.krl",
        "https://example.org/sun.krl",
        {"k": 1},
        "p1",
        "http://localhost:3000",
    ]


def test_stdlib_has_the_operators():
    assert use("stdlib:uc", "a") == "A"
    assert LIBRARY["stdlib"]["join"].params == ("val", "str")


def test_stdlib_directive_bears_the_ruleset_that_says_so():
    h = Clockwork()

    use("stdlib:send_directive", "hello", {"a": 1}, h=h, here=IN_MODULE)

    assert h.directives == [("used", "hello", {"a": 1})]


def test_noop_can_be_used_both_ways():
    assert LIBRARY["stdlib"]["noop"].kind == "both"


def test_every_member_takes_the_arguments_that_it_names():
    for module in LIBRARY.values():
        for member in module.values():
            inspect.signature(member.call).bind(Clockwork(), IN_MODULE, *member.params)
