"""Compiled programs, kept in files: a text that was compiled once is ready to run without being read again.

A file's name is a hash of the text and of everything else that decides what becomes of it: the files of this
package, the Python that runs it, the dialect. So no file is ever out of date, it is only not asked for any more; the
oldest go when there are too many.

What a file holds is run. It is trusted as the files of this package are, which stand under the same user's hand:
a folder that belongs to someone else, or that others may write to, is not used at all.
"""

from __future__ import annotations

import hashlib
import marshal
import os
from contextlib import suppress
from dataclasses import fields
from functools import cache
from importlib.util import MAGIC_NUMBER
from itertools import starmap
from pathlib import Path
from typing import Any

from .errors import Diagnostic
from .eventex.machine import Awaited, Fallback, Machine, Move
from .keeping import read, user_folder, write
from .program import Program, RuleHead, RulesetMeta, Use, text_hash
from .source import Source
from .tree import Span

MAX_FILES = 2_000  # a program of 300 lines takes 60 kB


class ProgramCache:
    """Programs by their source text, in one folder. Threads and processes may share the folder."""

    def __init__(self, folder: Path | None = None, max_files: int = MAX_FILES) -> None:
        """Use this folder, which is made if need be; without one, a folder in the user's cache."""
        users = user_folder()
        self._folder = folder or (users and users / "programs")
        self._max_files = max_files
        # Now, and not when it is needed: what is compiled later must not pass for the work of files changed since.
        self._edition = _edition()

    def get(self, source: Source, dialect: str) -> Program | None:
        """The program of the text, None if it is not kept or cannot be read."""
        if not _is_private(self._folder):
            return None
        content = read(self._folder, self._name(source, dialect))
        # A whole file may still be none of ours. marshal raises any of these for what it cannot read.
        with suppress(EOFError, TypeError, ValueError):
            if content is not None and (program := _unpacked(content, source)).hash == text_hash(source.text):
                return program
        return None

    def put(self, program: Program, source: Source, dialect: str) -> None:
        """Keep the program; nothing happens where that is not possible."""
        if self._folder is None or not self._edition:
            return
        # OSError: a folder that does not take it. ValueError: marshal does not write what is nested thousands deep.
        with suppress(OSError, ValueError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_private(self._folder):
                write(self._folder, self._name(source, dialect), _packed(program))
                self._make_room(self._folder)

    def _name(self, source: Source, dialect: str) -> str:
        key = hashlib.sha256(self._edition)
        key.update(repr((dialect, source.text)).encode())  # repr: a text may hold half a surrogate pair
        return key.hexdigest() + ".program"

    def _make_room(self, folder: Path) -> None:
        """Drop the older half of the files if there are too many."""
        files = list(folder.iterdir())
        if len(files) > self._max_files:
            files.sort(key=lambda file: file.stat().st_mtime_ns)
            for each in files[: len(files) // 2]:
                each.unlink(missing_ok=True)


def _is_private(folder: Path | None) -> bool:
    """Whether the folder is there, is this user's, and nobody else may put files into it."""
    try:
        found = folder.stat() if folder else None
    except OSError:
        return False
    if found is None or os.name == "nt":  # on Windows a user's folders are private by where they are
        return found is not None
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022


@cache
def _edition() -> bytes:
    """What decides, besides the text, which code it becomes: Python, and all of this package; empty if unknown."""
    package = Path(__file__).parent
    key = hashlib.sha256(MAGIC_NUMBER)
    files = sorted(package.rglob("*.py"))
    try:
        for file in files:
            content = file.read_bytes()
            key.update(b"%s %d\n%s" % (str(file.relative_to(package)).encode(), len(content), content))
    except OSError:
        return b""
    return key.digest() if files else b""  # there are none where a package is read from an archive


# --- programs as plain data -------------------------------------------------------------------------------


def _packed(program: Program) -> bytes:
    meta = {each.name: getattr(program.meta, each.name) for each in fields(RulesetMeta)}
    meta["uses"] = [(use.rid, use.alias) for use in program.meta.uses]
    warnings = [(*each.span, each.severity, each.code, each.message, each.hint) for each in program.warnings]
    rules = [(rule.name, rule.line, rule.index, _plain_machine(rule.machine)) for rule in program.rules]
    facts = (program.pure_globals, dict(program.expression_hashes), program.testing)
    return marshal.dumps((program.hash, meta, warnings, rules, facts, program.code))


def _unpacked(content: bytes, source: Source) -> Program:
    hash, meta, warnings, rules, (pure_globals, expression_hashes, testing), code = marshal.loads(content)
    meta["uses"] = tuple(starmap(Use, meta["uses"]))
    heads = tuple(RuleHead(name, line, index, _machine(machine)) for name, line, index, machine in rules)
    return Program(
        rid=meta["rid"],
        hash=hash,
        source=source.text,
        meta=RulesetMeta(**meta),
        warnings=tuple(Diagnostic(source, Span(start, end), *rest) for start, end, *rest in warnings),
        pure_globals=pure_globals,
        expression_hashes=expression_hashes,
        testing=testing,
        rules=heads,
        code=code,
    )


def _plain_machine(machine: Machine) -> tuple[Any, ...]:
    edges = [[tuple(each) for each in some] for some in (machine.primitives, machine.moves, machine.fallbacks)]
    return (*edges, machine.rests, machine.subscriptions, machine.names, machine.simple)


def _machine(plain: tuple[Any, ...]) -> Machine:
    primitives, moves, fallbacks, *rest = plain
    return Machine(
        tuple(starmap(Awaited, primitives)), tuple(starmap(Move, moves)), tuple(starmap(Fallback, fallbacks)), *rest
    )
