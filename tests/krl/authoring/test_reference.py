"""The library tells of itself: each operator and each member with its parameters and a line of explanation."""

from __future__ import annotations

import pytest

from engine import MODULES
from krl import Entry, member_entries, operator_entries


def entries() -> list[Entry]:
    members = [entry for module in member_entries(MODULES).values() for entry in module.values()]
    return [*operator_entries().values(), *members]


@pytest.mark.parametrize("entry", entries(), ids=lambda each: each.signature)
def test_everything_has_an_explanation_of_one_line(entry: Entry) -> None:
    assert 5 < len(entry.text) < 160
    assert "\n" not in entry.text and not entry.text.endswith(".")


@pytest.mark.parametrize(
    ("entry", "signature"),
    [
        (operator_entries()["split"], "val.split(splitOn)"),
        (operator_entries()["noop"], "noop()"),
        (operator_entries()["send_directive"], "send_directive(name, options)"),
        (member_entries(MODULES)["math"]["round"], "math:round(number, precision)"),
        (member_entries(MODULES)["ctx"]["parent"], "ctx:parent"),
    ],
)
def test_a_signature_is_what_an_author_writes(entry: Entry, signature: str) -> None:
    assert entry.signature == signature
