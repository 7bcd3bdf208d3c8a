"""Nodes: what makes two of them equal, and what one may hold."""

import pytest

from krl.tree import Declaration, Name, Number, Ruleset, Span, String, children

HERE, THERE = Span(0, 1), Span(5, 9)


def test_nodes_compare_by_content_and_not_by_place():
    assert Declaration(HERE, Name(HERE, "a"), Number(HERE, 1)) == Declaration(THERE, Name(THERE, "a"), Number(HERE, 1))


def test_a_different_content_makes_another_node():
    assert Name(HERE, "a") != Name(HERE, "b")


def test_nodes_of_different_kinds_differ():
    assert Name(HERE, "a") != String(HERE, "a")


def test_equal_nodes_are_one_in_a_set():
    assert len({Name(HERE, "a"), Name(THERE, "a"), String(HERE, "a")}) == 2


def test_the_place_of_an_id_is_no_content_either():
    assert Ruleset(HERE, "r", HERE, None, None, (), ()) == Ruleset(HERE, "r", THERE, None, None, (), ())


def test_a_node_shows_its_content():
    assert repr(Declaration(HERE, Name(HERE, "a"), Number(HERE, 1))) == (
        "Declaration(name=Name(name='a'), value=Number(value=1))"
    )


def test_a_node_takes_its_parts_by_name_too():
    assert Number(value=1, span=HERE) == Number(HERE, 1)


@pytest.mark.parametrize("parts", [(HERE,), (HERE, "a", "b")])
def test_a_node_has_all_its_parts_and_no_more(parts):
    with pytest.raises(TypeError):
        Name(*parts)


def test_a_node_has_no_other_fields():
    with pytest.raises(AttributeError):
        Name(HERE, "a").value = 1


def test_children_are_the_nodes_directly_below():
    node = Declaration(HERE, Name(HERE, "a"), Number(HERE, 1))

    assert list(children(node)) == [Name(HERE, "a"), Number(HERE, 1)]
