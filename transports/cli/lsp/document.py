"""One version of a text that an editor has open, and what is known of it, computed once and when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from lsprotocol.types import PositionEncodingKind, TextDocumentContentChangeEvent, TextDocumentContentChangePartial

from krl import Analysis, Dialect, Item, Sketch, Source, analyse, sketch_of

from .lines import Lines


class Reading(NamedTuple):
    """How texts are read."""

    encoding: str = PositionEncodingKind.Utf16  # of positions
    dialect: Dialect = "1.x"


PLAIN = Reading()


class Document:
    """A text under its URI. It does not change: a change makes another document."""

    def __init__(self, uri: str, text: str, version: int | None = None, reading: Reading = PLAIN) -> None:
        self.uri = uri
        self.text = text
        self.version = version
        self._reading = reading

    def changed(self, changes: Sequence[TextDocumentContentChangeEvent], version: int | None) -> Document:
        """The document after these changes, which were made one after the other."""
        text = self.text
        for change in changes:
            if isinstance(change, TextDocumentContentChangePartial):
                lines = Lines(text, self._reading.encoding)
                start, end = lines.offset(change.range.start), lines.offset(change.range.end)
                text = text[:start] + change.text + text[max(start, end) :]
            else:
                text = change.text
        return Document(self.uri, text, version, self._reading)

    @cached_property
    def source(self) -> Source:
        """It, as `krl` takes it."""
        return Source(self.text, self.uri)

    @cached_property
    def lines(self) -> Lines:
        """Its places."""
        return Lines(self.text, self._reading.encoding)

    @cached_property
    def analysis(self) -> Analysis:
        """What parser and checker know of it."""
        return analyse(self.source, dialect=self._reading.dialect)

    @cached_property
    def sketch(self) -> Sketch:
        """What its tokens tell, mistakes or not."""
        return sketch_of(self.text)

    @cached_property
    def ruleset(self) -> Item | None:
        """The ruleset that it holds."""
        return next((each for each in self.sketch.outline if each.kind == "ruleset"), None)

    def provided(self) -> dict[str, Item]:
        """What rulesets may call that use this one as a module, by name."""
        items = self.ruleset.items if self.ruleset else []
        return {each.name: each for each in items if each.name in self.sketch.provided and each.kind != "rule"}
