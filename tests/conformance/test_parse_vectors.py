"""The parser against the vectors of parse.json: kind, position of the first error, and its class."""

import json
from pathlib import Path

import pytest

from krl.parser import parse_all
from krl.source import Source

VECTORS = json.loads((Path(__file__).parent / "parse.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_parse_vector(vector):
    source = Source(vector["source"])
    tree, diagnostics, _ = parse_all(source)

    assert ("error" if diagnostics else "ok") == vector["kind"], diagnostics
    assert (tree is None) <= bool(diagnostics)
    if vector.get("error"):
        first = diagnostics[0]
        assert source.position(first.span.start) == (vector["error"]["line"], vector["error"]["column"]), str(first)
        assert first.code == vector["error_class"]
        assert f"'{vector['expected']}'" in first.message if "expected" in vector else True
