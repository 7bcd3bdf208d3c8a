"""The rulesets that this engine knows, by URL and by content.

The text under a URL may change; a text under its hash never does. A pico is bound to hashes, the registry tells
which hash a URL stands for now. A program is compiled once for each hash and shared by all picos. A text that does
not compile never replaces one that does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from krl import KRLCheckError, KRLSyntaxError, Program, ProgramCache, Source, compile_ruleset

from ..changes import Changes
from ..errors import Conflict, RulesetRefused
from ..settings import Settings
from ..store.interface import RegistryRow, Store
from .sources import Fetch, Sources, inline_url, normal_url, text_hash

COMPILER_VERSION = "1"


class Registry:
    """URL → text → program."""

    def __init__(self, store: Store, settings: Settings, fetch: Fetch, now: Callable[[], int]) -> None:
        self._store = store
        self._sources = Sources(settings, fetch)
        self._cache = _program_cache(settings.cache)
        self._dialect = settings.dialect
        self._now = now
        self._programs: dict[str, Program] = {}
        self._rows: dict[str, RegistryRow] = {}
        self.version = 0  # changes with each change of a URL's text
        self.reload()

    def reload(self) -> None:
        """Take the URLs from the store again, after a commit that failed."""
        self._rows = {row.url: row for row in self._store.registry()}
        self.version += 1

    def adopt(self, rows: dict[str, RegistryRow]) -> None:
        """Rows that a finished cycle has decided."""
        if rows:
            self._rows.update(rows)
            self.version += 1

    def row(self, url: str, changes: Changes | None = None) -> RegistryRow | None:
        """What is known of a normal URL, this cycle's changes first."""
        if changes is not None and url in changes.registry:
            return changes.registry[url]
        return self._rows.get(url)

    def rows(self) -> Iterator[RegistryRow]:
        """All known URLs."""
        return iter(list(self._rows.values()))

    def program(self, hash: str) -> Program:
        """The program of a stored text. Raises RulesetRefused if this compiler refuses what an older one took."""
        program = self._programs.get(hash)
        if program is None:
            stored = self._store.ruleset(hash)
            if stored is None:
                raise RulesetRefused(f"the store has no ruleset with the hash {hash}")
            program = self._compile(stored[1], stored[0])
        return program

    def load(self, url: str, changes: Changes) -> tuple[RegistryRow, Program]:
        """The URL's program as it is known, fetched if it is not. May wait.

        Raises InvalidValue, SourceUnavailable, RulesetRefused, Conflict.
        """
        url = normal_url(url)
        row = self.row(url, changes)
        return self.flush(url, changes) if row is None else (row, self.program(row.hash))

    def flush(self, url: str, changes: Changes) -> tuple[RegistryRow, Program]:
        """Fetch the URL's text again; the row is new only if the text is. May wait. Raises as `load`."""
        url = normal_url(url)
        row = self.row(url, changes)
        source = self._sources.read(url, None if row is None else row.hash)
        if source is None:
            assert row is not None  # only a text that is known can be unchanged
            return row, self.program(row.hash)
        return self._take(url, source, changes)

    def take_inline(self, source: str, changes: Changes) -> tuple[RegistryRow, Program]:
        """A text that was given as such; it stands under `inline:` and its rid. Raises RulesetRefused, Conflict."""
        program = self._compile(source, "<inline>")
        return self._take(inline_url(program.rid), source, changes)

    def _take(self, url: str, source: str, changes: Changes) -> tuple[RegistryRow, Program]:
        hash = text_hash(source)
        known = self.row(url, changes)
        if known is not None and known.hash == hash:
            return known, self.program(hash)
        program = self._programs.get(hash) or self._compile(source, url)
        self._check_modules(program, changes)
        warnings = orjson.dumps([str(each) for each in program.warnings])
        row = RegistryRow(url, hash, program.rid, self._now(), warnings)
        changes.registry[url] = row
        changes.rulesets[hash] = (program.rid, source)
        return row, program

    def _compile(self, source: str, name: str) -> Program:
        try:
            program = compile_ruleset(Source(source, name), self._cache, dialect=self._dialect)
        except KRLSyntaxError as error:
            raise refusal(error) from error
        self._programs[program.hash] = program
        return program

    def _check_modules(self, program: Program, changes: Changes) -> None:
        by_rid: dict[str, set[str]] = {}
        for row in (*self._rows.values(), *changes.registry.values()):
            by_rid.setdefault(row.rid, set()).update(use.rid for use in self._uses(row))
        by_rid[program.rid] = {use.rid for use in program.meta.uses}
        for use in program.meta.uses:
            if use.rid not in by_rid:
                raise RulesetRefused(f"Dependant module not loaded: {use.rid}")
        cycle = _cycle_from(program.rid, by_rid)
        if cycle:
            raise Conflict(f"Dependency Cycle Found: {' -> '.join(cycle)}")

    def _uses(self, row: RegistryRow) -> Any:
        try:
            return self.program(row.hash).meta.uses
        except RulesetRefused:
            return ()


def _program_cache(folder: str) -> ProgramCache | None:
    return None if folder == "off" else ProgramCache(Path(folder).expanduser() if folder else None)


def refusal(error: KRLSyntaxError) -> RulesetRefused:
    """The refusal of a text for these mistakes, in the peer's words and with all that is known of them."""
    told = [{**each.as_json(), "excerpt": each.source.excerpt(each.span)} for each in error.diagnostics]
    return RulesetRefused(_peer_text(error), told, "Error" if isinstance(error, KRLCheckError) else "ParseError")


def _peer_text(error: KRLSyntaxError) -> str:
    first = next(each for each in error.diagnostics if each.severity == "error")
    line, column = first.source.position(first.span.start)
    return f"{first.message} [at line {line} col {column}]"


def _cycle_from(start: str, uses: dict[str, set[str]]) -> list[str]:
    """A path of uses that leads from `start` back to it; empty if there is none."""
    paths = [[start]]
    seen = set()
    while paths:
        path = paths.pop()
        for rid in sorted(uses.get(path[-1], ())):
            if rid == start:
                return [*path, start]
            if rid not in seen:
                seen.add(rid)
                paths.append([*path, rid])
    return []
