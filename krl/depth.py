"""How deep a tree is. Whatever walks it later may recurse, and Python's own compiler does, on a stack that ends."""

from __future__ import annotations

from .tree import Node, children


def too_deep(root: Node, limit: int) -> Node | None:
    """A node that lies more than `limit` levels below the root, or None if there is none."""
    open_nodes = [(root, 0)]
    while open_nodes:
        node, depth = open_nodes.pop()
        if depth > limit:
            return node
        # A level takes a character of source at least, but for an argument, which takes the parentheses of its
        # call, and for an only action: what is shorter than the levels that are left cannot use them up.
        if node.span.end - node.span.start + depth + 1 > limit:
            open_nodes.extend((child, depth + 1) for child in children(node))
    return None
