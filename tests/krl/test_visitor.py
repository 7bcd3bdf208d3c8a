"""Walking a tree."""

from krl import Source, parse
from krl.tree import Name, Number
from krl.visitor import find, walk


def test_a_node_comes_before_what_it_contains_and_the_left_before_the_right():
    tree = parse(Source("f = function(a, b = 1){ c = a; [b, {}{c}] }; f(2)"))

    assert [each.span.start for each in walk(tree)] == sorted(each.span.start for each in walk(tree))
    assert [each.value for each in find(tree, Number)] == [1, 2]


def test_every_name_is_found():
    head = "rule r { select when a b x re#(.)# setting(p) foreach q setting(s) "
    body = "pre { t = u } v(w) fired { raise x event y } }"
    tree = parse(Source(f"ruleset z {{ meta {{ shares aa }} {head} {body} }}"))

    assert [each.name for each in find(tree, Name)] == ["aa", "r", "p", "q", "s", "t", "u", "v", "w", "x", "y"]


def test_depth_is_no_danger():
    tree = parse(Source("[" * 1_500 + "]" * 1_500))

    assert sum(1 for _ in walk(tree)) == 1_501
