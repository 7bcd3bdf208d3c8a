"""All rulesets that are within reach: those that are open, those in the folders of the workspace, the engine's own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from stat import S_ISREG

from pygls.uris import to_fs_path

import rulesets

from .document import PLAIN, Document, Reading

MAX_FILES = 500  # of the workspace; a larger one is no folder of rulesets
MAX_FOLDERS = 5000  # that are looked into: somebody opens his whole home
MAX_BYTES = 1_000_000  # of one file
_SKIPPED = {"node_modules", "__pycache__"}


class Library:
    """Documents by URI, open ones first; files are read again when they have changed."""

    def __init__(self, reading: Reading = PLAIN, folders: Iterable[str] = ()) -> None:
        self._open: dict[str, Document] = {}
        self._reading = reading
        self._folders = [Path(path).absolute() for path in map(to_fs_path, folders) if path]
        self._files: dict[Path, tuple[tuple[int, int], Document]] = {}

    def put(self, document: Document) -> None:
        """Keep this version of an open document."""
        self._open[document.uri] = document

    def opened(self, uri: str, text: str, version: int | None) -> Document:
        """A document that an editor has opened."""
        document = Document(uri, text, version, self._reading)
        self.put(document)
        return document

    def close(self, uri: str) -> None:
        """The document is no longer open; its file counts again."""
        self._open.pop(uri, None)

    def get(self, uri: str) -> Document | None:
        """The open document of this URI."""
        return self._open.get(uri)

    def documents(self) -> Iterator[Document]:
        """All of them, each URI once."""
        seen: set[str] = set()
        for each in chain(self._open.values(), self._in_folders(), self._own()):
            name = to_fs_path(each.uri) or each.uri  # a client may write the URI of a file in another way
            if name not in seen:
                seen.add(name)
                yield each

    def of_rid(self, rid: str) -> Document | None:
        """The document that holds the ruleset of this id."""
        return next((each for each in self.documents() if each.ruleset and each.ruleset.name == rid), None)

    def users_of(self, rid: str) -> Iterator[tuple[Document, str]]:
        """The documents that use a ruleset as a module, each with the name that they know it by."""
        for each in self.documents():
            if rid in each.text:
                used = (symbol for symbol in each.analysis.symbols if symbol.kind == "module" and symbol.role == rid)
                yield from ((each, symbol.name) for symbol in used)

    def _in_folders(self) -> Iterator[Document]:
        for path in _krl_files(self._folders):
            if document := self._read(path):
                yield document

    def _own(self) -> Iterator[Document]:
        for path in sorted(Path(rulesets.__file__).parent.glob("*.krl")):
            if document := self._read(path):
                yield document

    def _read(self, path: Path) -> Document | None:
        try:
            stat = path.stat()
            if not S_ISREG(stat.st_mode):  # a pipe would be waited for
                return None
            state = (stat.st_mtime_ns, stat.st_size)
            known = self._files.get(path)
            if known is None or known[0] != state:
                text = path.read_text(encoding="utf-8") if stat.st_size <= MAX_BYTES else ""
                known = self._files[path] = state, Document(path.as_uri(), text, None, self._reading)
        except (OSError, UnicodeDecodeError):  # it is gone, or nobody could have written it in an editor
            return None
        return known[1]


def _krl_files(folders: Iterable[Path]) -> Iterator[Path]:
    count = looked_into = 0
    for folder in folders:
        for root, inner, files in os.walk(folder):
            looked_into += 1
            if looked_into > MAX_FOLDERS:
                return
            inner[:] = sorted(each for each in inner if not each.startswith(".") and each not in _SKIPPED)
            for name in sorted(files):
                if name.endswith(".krl"):
                    yield Path(root, name)
                    count += 1
                if count == MAX_FILES:
                    return
