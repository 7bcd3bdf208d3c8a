"""Which rulesets a pico has, as one fact that many picos share.

A code set is the ordered list of a pico's installed rulesets: rid, source hash, URL, configuration. It is stored
once under the hash of its content, so a hundred thousand picos with the same rulesets hold one word each, and what
follows from it (salience graph, loaded instances without state of their own) is made once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Installed:
    """One ruleset of a pico."""

    rid: str
    hash: str  # of the source text
    url: str
    config: bytes  # JSON map

    def config_map(self) -> dict[str, Any]:
        """The configuration given at installation."""
        config: dict[str, Any] = orjson.loads(self.config)
        return config


@dataclass(frozen=True, slots=True)
class CodeSet:
    """The rulesets of a pico in order of installation."""

    hash: str
    installed: tuple[Installed, ...]

    def __iter__(self) -> Iterator[Installed]:
        return iter(self.installed)

    def rids(self) -> list[str]:
        """In order of installation."""
        return [each.rid for each in self.installed]

    def find(self, rid: str) -> Installed | None:
        """The installed ruleset of this rid."""
        return next((each for each in self.installed if each.rid == rid), None)

    def with_installed(self, new: Installed) -> CodeSet:
        """With `new` in the place of the ruleset of its rid, or at the end."""
        if self.find(new.rid) is None:
            return code_set((*self.installed, new))
        return code_set(tuple(new if each.rid == new.rid else each for each in self.installed))

    def without(self, rid: str) -> CodeSet:
        """Without the ruleset of this rid."""
        return code_set(tuple(each for each in self.installed if each.rid != rid))

    def with_hashes(self, hashes: dict[str, str]) -> CodeSet:
        """With other source hashes, by rid."""
        return code_set(tuple(replace(each, hash=hashes.get(each.rid, each.hash)) for each in self.installed))

    def as_json(self) -> bytes:
        """The stored form."""
        return orjson.dumps([[each.rid, each.hash, each.url, each.config.decode()] for each in self.installed])


def code_set(installed: tuple[Installed, ...]) -> CodeSet:
    """The code set of these rulesets, named by the hash of its content."""
    body = CodeSet("", installed).as_json()
    return CodeSet(sha256(body).hexdigest(), installed)


def code_set_from_json(body: bytes) -> CodeSet:
    """A code set as `as_json` wrote it."""
    return code_set(tuple(Installed(rid, hash, url, config.encode()) for rid, hash, url, config in orjson.loads(body)))


EMPTY = code_set(())
