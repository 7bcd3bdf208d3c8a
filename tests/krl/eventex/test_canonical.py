"""Equal texts exactly for equal expressions: memory is carried over a reload by them."""

from functools import reduce

import pytest

from krl import tree
from krl.eventex import canonical
from tests.krl.eventex.watching import SPAN, counted, group, infix, on, replaced, when

BASE = infix("before", on("p", "(.)", "x", tree.Name(SPAN, "x")), counted("count", 2, on("q", "(.)"), "sum", "s"))
LIMIT = tree.Within(SPAN, tree.Number(SPAN, 5), "minutes")


def test_place_in_the_source_does_not_matter():
    moved = replaced(BASE, span=tree.Span(7, 9), left=replaced(BASE.left, span=tree.Span(7, 8)))

    assert canonical(when(moved)) == canonical(when(BASE))


@pytest.mark.parametrize(
    "select",
    [
        when(infix("then", BASE.left, BASE.right)),
        when(infix("before", BASE.right, BASE.left)),
        when(infix("before", BASE.left, replaced(BASE.right, count=3))),
        when(infix("before", BASE.left, replaced(BASE.right, operator="repeat"))),
        when(infix("before", replaced(BASE.left, where=tree.Name(SPAN, "y")), BASE.right)),
        when(infix("before", replaced(BASE.left, where=tree.String(SPAN, "x")), BASE.right)),
        when(infix("before", replaced(BASE.left, setting=()), BASE.right)),
        replaced(when(BASE), within=LIMIT),
        tree.SelectWhere(SPAN, tree.Name(SPAN, "x")),
    ],
)
def test_every_part_of_the_content_matters(select):
    assert canonical(select) != canonical(when(BASE))


def test_time_limit_matters():
    longer = replaced(LIMIT, amount=tree.Number(SPAN, 6))

    assert canonical(replaced(when(BASE), within=LIMIT)) != canonical(replaced(when(BASE), within=longer))


def test_words_cannot_imitate_structure():
    assert canonical(when(group("or", on('p" ) ( "q')))) != canonical(when(group("or", on("p"), on("q"))))


def test_long_row_is_no_deep_nest():
    row = reduce(lambda left, right: infix("or", left, right), [on("p")] * 5000)

    assert canonical(when(row)).count("EventInfix") == 4999
