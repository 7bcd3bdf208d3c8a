"""`random`: all that happens follows from what the host draws."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krl.library.words import WORDS
from tests.krl.library.hosting import Clockwork, use

ALMOST_ONE = 1 - 2**-53


@pytest.mark.parametrize(
    ("args", "lowest", "highest"),
    [
        ((), 0, 1),
        ((6,), 0, 6),
        ((6, 1), 1, 6),
        ((1, 6), 1, 6),
        ((2.5, 0.4), 0, 3),
        ((-3,), -3, 0),
        ((None,), 0, 0),
        (("pear", "plum"), 0, 1),
        (("pear", 5), 0, 5),
        (("9", "7"), 7, 9),
    ],
)
def test_integer_is_drawn_from_the_closed_range(args, lowest, highest):
    drawn = [use("random:integer", *args, h=Clockwork([chance])) for chance in (0.0, ALMOST_ONE)]

    assert drawn == [lowest, highest]


def test_number_is_not_rounded():
    assert use("random:number", 2.5, 0.5, h=Clockwork([0.25])) == 1


@given(st.floats(0, 1, exclude_max=True), *[st.floats(allow_nan=False, allow_infinity=False)] * 2)
def test_number_stays_in_its_range(chance, upper, lower):
    drawn = use("random:number", upper, lower, h=Clockwork([chance]))

    assert min(upper, lower) <= drawn <= max(upper, lower)


@given(st.floats(0, 1, exclude_max=True), *[st.floats(allow_nan=False) | st.text() | st.none()] * 2)
def test_integer_never_fails(chance, upper, lower):
    assert type(use("random:integer", upper, lower, h=Clockwork([chance]))) in (int, float)


def test_uuid_is_c_and_24_characters():
    assert re.fullmatch("c[a-z0-9]{24}", use("random:uuid"))


def test_first_and_last_word_can_be_drawn():
    assert [use("random:word", h=Clockwork([chance])) for chance in (0.0, ALMOST_ONE)] == [WORDS[0], WORDS[-1]]


def test_words_are_many_and_no_two_alike():
    assert len(set(WORDS)) == len(WORDS) >= 500
    assert all(re.fullmatch("[a-z]+", word) for word in WORDS)
