"""Names and values of query strings and forms; what is expected of brackets is what `qs` 6 does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import DeliveryTooLarge
from transports.http.query_string import form_members, query_members


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("a=1", {"a": "1"}),
        ("a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        ("x&y=", {"x": "", "y": ""}),
        ("s=a+b%20c%2B", {"s": "a b c+"}),
        ("=lost&&a=1", {"a": "1"}),
        ("a=1=2", {"a": "1=2"}),
        ("a[b]=1", {"a": {"b": "1"}}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a[]=1", {"a": ["1"]}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a%5B%5D=1&a%5B%5D=2", {"a": ["1", "2"]}),
        ("a[2]=c&a[0]=a", {"a": ["a", "c"]}),
        ("a[20]=x", {"a": ["x"]}),
        ("a[21]=x", {"a": {"21": "x"}}),
        ("a[01]=x", {"a": {"01": "x"}}),
        ("a[0][b]=1&a[0][c]=2", {"a": [{"b": "1", "c": "2"}]}),
        ("a=1&a[b]=2", {"a": ["1", {"b": "2"}]}),
        ("a[b]=1&a=2", {"a": {"b": "1", "2": True}}),
        ("a[0]=1&a[b]=2", {"a": {"0": "1", "b": "2"}}),
        ("a[b=c]=d", {"a": {"b=c": "d"}}),
        ("a[b][c][d][e][f][g][h]=1", {"a": {"b": {"c": {"d": {"e": {"f": {"[g][h]": "1"}}}}}}}),
        ("a[b=1", {"a[b": "1"}),
        ("[a]=1", {"a": "1"}),
        ("a[0]=x&a[0]=y", {"a": [["x", "y"]]}),
        ("a[b]=1&a[b][c]=2", {"a": {"b": ["1", {"c": "2"}]}}),
    ],
)
def test_query_strings(text: str, members: dict[str, Any]) -> None:
    assert query_members(text, 100) == members


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("a=1&a=2", {"a": ["1", "2"]}),
        ("b%5Bc%5D=3&b[]=4", {"b[c]": "3", "b[]": "4"}),
        ("=x", {"": "x"}),
        ("s=x+y", {"s": "x y"}),
    ],
)
def test_forms_are_flat(text: str, members: dict[str, Any]) -> None:
    assert form_members(text, 100) == members


def test_text_that_is_not_utf8_becomes_replacement_characters() -> None:
    assert query_members("a=%FFx", 100) == {"a": "\ufffdx"}


@pytest.mark.parametrize("parse", [query_members, form_members])
def test_too_many_members_are_refused(parse: Any) -> None:
    with pytest.raises(DeliveryTooLarge):
        parse("&".join(f"a{n}=1" for n in range(11)), 10)


@given(st.text(alphabet="ab[]=&%0129+", max_size=60))
def test_any_text_is_understood(text: str) -> None:
    members = query_members(text, 100)

    assert all(isinstance(name, str) and isinstance(value, str | list | dict) for name, value in members.items())
