from hypothesis import given
from hypothesis import strategies as st

from krl.runtime.units import code_units, rejoined, unit_order, unit_slice
from krl.source import utf16_length

# As KRL keeps texts: two halves of a character that meet are one.
texts = st.text(st.sampled_from("aé😀🏽\ud83d\ude00\uffff"), max_size=8).map(rejoined)


@given(texts)
def test_the_units_joined_again_are_the_text(string):
    assert rejoined("".join(code_units(string))) == rejoined(string)


@given(texts)
def test_there_are_as_many_units_as_the_length_says(string):
    assert len(code_units(string)) == utf16_length(string)


@given(texts, st.integers(0, 20), st.integers(0, 20))
def test_a_slice_has_the_units_between(string, start, end):
    assert unit_slice(string, start, end) == rejoined("".join(code_units(string)[start:end]))


def test_half_a_character_is_a_lone_surrogate():
    assert unit_slice("a😀b", 1, 2) == "\ud83d"


def test_order_is_by_unit_and_not_by_character():
    assert "｡" < "😀" and unit_order("😀") < unit_order("｡")
