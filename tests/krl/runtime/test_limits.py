import pytest

from krl.errors import KRLLimitError
from krl.evaluation import evaluate
from krl.local import LocalHost
from krl.runtime import limits, operators
from krl.runtime.host import Limits
from krl.runtime.methods import METHODS
from krl.runtime.regexp import RegExp

LONG = "a," * 512 * 1024
MANY = list(range(640_000))


def spent(h, work):
    before = h.steps
    work()
    return before - h.steps


def test_steps_may_be_spent_to_the_last(new_host):
    h = new_host(steps=3)

    limits.spend(h, 3)
    with pytest.raises(KRLLimitError) as failure:
        limits.spend(h, 1)
    assert failure.value.message == f"too many function calls and loop rounds (limit max_steps: {h.limits.max_steps})"


def test_what_is_small_is_free(h):
    assert spent(h, lambda: limits.charge_items(h, limits.ITEMS_A_STEP - 1)) == 0
    assert spent(h, lambda: limits.charge_text(h, limits.CHARACTERS_A_STEP - 1)) == 0


def test_a_size_at_the_limit_is_allowed_and_one_beyond_it_is_not(new_host):
    h = new_host(max_items=100, max_text_units=2_000)

    limits.charge_items(h, 100)
    limits.charge_text(h, 2_000)
    with pytest.raises(KRLLimitError, match=r"101 items .* max_items: 100"):
        limits.charge_items(h, 101)
    with pytest.raises(KRLLimitError, match=r"2001 characters .* max_text_units: 2000"):
        limits.charge_text(h, 2_001)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("uc", (LONG,)),
        ("trim", (LONG,)),
        ("contains", (LONG, "z")),
        ("substr", (LONG, 1)),
        ("replace", (LONG, "z", "y")),
        ("match", (LONG, RegExp("z"))),
        ("split", (LONG, "z")),
        ("decode", (LONG,)),
        ("like", (LONG, RegExp("z"))),
    ],
)
def test_going_through_a_long_text_is_paid_for(h, name, args):
    assert spent(h, lambda: METHODS[name](h, *args)) >= len(LONG) // limits.CHARACTERS_A_STEP


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("append", (MANY,)),
        ("tail", (MANY,)),
        ("index", (MANY, -1)),
        ("join", (MANY,)),
        ("reverse", (MANY,)),
        ("slice", (MANY, 1)),
        ("splice", (MANY, 1)),
        ("sort", (MANY, "numeric")),
        ("unique", (MANY,)),
        ("keys", (MANY,)),
        ("put", (MANY, 0, 1)),
        ("set", ({"a": MANY}, ["a", 0], 1)),
        ("delete", ({"a": MANY}, ["a", 0])),
        ("range", (1, len(MANY))),
    ],
)
def test_copying_a_large_collection_is_paid_for(h, name, args):
    assert spent(h, lambda: METHODS[name](h, *args)) >= len(MANY) // limits.ITEMS_A_STEP


def test_joining_long_texts_is_paid_for(h):
    assert spent(h, lambda: operators.add(h, LONG, LONG)) == 2 * len(LONG) // limits.CHARACTERS_A_STEP


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("unique", (MANY,)),
        ("union", (MANY, [1])),
        ("difference", (MANY, MANY)),
        ("sort", (MANY,)),
        ("put", ({str(each): each for each in MANY}, "700000", 1)),
        ("put", ({str(each): each for each in MANY}, {"a": 1})),
        ("put", ({f"k{each}": each for each in MANY}, "1", 1)),
    ],
)
def test_looking_at_each_of_many_items_is_paid_for(h, name, args):
    """A runaway loop around it would otherwise go on for minutes before it has no steps left."""
    assert spent(h, lambda: METHODS[name](h, *args)) >= len(MANY) // limits.LOOKS_A_STEP


@pytest.mark.parametrize("value", [1, {"a": [1, 2]}, MANY[:1000]])
def test_json_is_paid_for_by_its_length(h, value):
    written = METHODS["encode"](h, value)
    price = 1 + len(written) // limits.JSON_A_STEP

    assert spent(h, lambda: METHODS["encode"](h, value)) >= price
    assert spent(h, lambda: METHODS["decode"](h, written)) >= price


def test_the_default_is_enough_to_go_through_the_largest_list():
    """Honest work is not refused."""
    text = "0.range(999998).filter(function(each) { each < 0 }).length()"

    assert evaluate(text, LocalHost(limits=Limits())) == 0
