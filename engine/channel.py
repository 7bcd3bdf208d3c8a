"""Channels: the addresses of a pico, their tags, and the policies that say what may enter.

A policy is read once and kept as two tables per list, so that asking it is a dictionary look-up. Deny is asked
first; an allow entry must then match; `*` as a whole word matches anything, there are no partial patterns.

Source: the Node engine's channels (docs/http.md, "Channels and policies").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from krl import typeof

from .errors import InvalidValue, PolicyRefused

_BLANKS = re.compile(r"\s+")
_OUTSIDE = re.compile(r"[^a-z0-9_-]+", re.IGNORECASE)
_DASHES = re.compile(r"-+")
_DASH_AT_AN_END = re.compile(r"^-|-$")

SYSTEM = "system"  # the tag of channels that the engine makes: to a pico itself and to its family
TAGS_EXPECTED = "Channel `tags` must be an array of non-empty strings."


@dataclass(frozen=True, slots=True)
class Policy:
    """What may pass: pairs of words, (domain, name) for events and (rid, name) for queries."""

    allow: frozenset[tuple[str, str]]
    deny: frozenset[tuple[str, str]]
    json: str  # as it is stored and shown

    def check(self, first: str, name: str) -> None:
        """Raise PolicyRefused unless the pair may pass."""
        if self.deny and _matches(self.deny, first, name):
            raise PolicyRefused("Denied by channel policy")
        if not _matches(self.allow, first, name):
            raise PolicyRefused("Not allowed by channel policy")

    def allows(self, first: str, name: str) -> bool:
        """Whether `check` would let the pair pass."""
        return not (self.deny and _matches(self.deny, first, name)) and _matches(self.allow, first, name)


def _matches(pairs: frozenset[tuple[str, str]], first: str, name: str) -> bool:
    return ("*", "*") in pairs or (first, name) in pairs or (first, "*") in pairs or ("*", name) in pairs


def event_policy(value: Any) -> Policy:
    """The event policy that a KRL map or a JSON document says; raises InvalidValue for any other shape."""
    return _policy(value, "EventPolicy", "domain")


def query_policy(value: Any) -> Policy:
    """The query policy that a KRL map or a JSON document says; raises InvalidValue for any other shape."""
    return _policy(value, "QueryPolicy", "rid")


def _policy(value: Any, noun: str, first: str) -> Policy:
    if (
        not isinstance(value, dict)
        or set(value) != {"allow", "deny"}
        or not all(isinstance(v, list) for v in value.values())
    ):
        raise InvalidValue(f"{noun} expects {{allow: {noun}Rule[], deny: {noun}Rule[]}}")
    rules = {side: [_policy_rule(rule, noun, first) for rule in value[side]] for side in ("allow", "deny")}
    return _known_policy(orjson.dumps(rules).decode())


def _policy_rule(rule: Any, noun: str, first: str) -> dict[str, str]:
    if isinstance(rule, dict) and set(rule) == {first, "name"}:
        words = {key: rule[key].strip() for key in (first, "name") if isinstance(rule[key], str)}
        if len(words) == 2 and all(words.values()):
            return words
    raise InvalidValue(f"{noun}Rule expects {{{first}: string, name: string}}")


@lru_cache(maxsize=4096)
def _known_policy(json: str) -> Policy:
    sides = orjson.loads(json)
    pairs = {
        side: frozenset((rule.get("domain", rule.get("rid")), rule["name"]) for rule in sides[side]) for side in sides
    }
    return Policy(pairs["allow"], pairs["deny"], json)


def policy_from_json(json: bytes | str) -> Policy:
    """A policy as this module wrote it."""
    return _known_policy(json if isinstance(json, str) else json.decode())


ALLOW_EVENTS = _known_policy('{"allow":[{"domain":"*","name":"*"}],"deny":[]}')
ALLOW_QUERIES = _known_policy('{"allow":[{"rid":"*","name":"*"}],"deny":[]}')


@dataclass(frozen=True, slots=True)
class Channel:
    """One address of a pico. A family channel (`family_pico` set) admits that pico alone and knows no policy."""

    eci: str
    pico: str
    tags: tuple[str, ...]
    event_policy: Policy
    query_policy: Policy
    family_pico: str | None = None

    def check_event(self, domain: str, type: str, asker: str | None = None) -> None:
        """Raise PolicyRefused unless such an event may enter; `asker` is the pico that sends it, if one does."""
        if self.family_pico is None:
            self.event_policy.check(domain, type)
        else:
            self._check_family(asker)

    def check_query(self, rid: str, name: str, asker: str | None = None) -> None:
        """Raise PolicyRefused unless such a query may enter; `asker` is the pico that asks, if one does."""
        if self.family_pico is None:
            self.query_policy.check(rid, name)
        else:
            self._check_family(asker)

    def _check_family(self, asker: str | None) -> None:
        if asker != self.family_pico:
            raise PolicyRefused("This is a family channel and only the owner can use it.")

    def as_row(self) -> list[Any]:
        """As the log notes what a cycle has learned of another pico's channel."""
        policies = (self.event_policy.json, self.query_policy.json)
        return [self.eci, self.pico, list(self.tags), *policies, self.family_pico]

    @classmethod
    def from_row(cls, row: list[Any]) -> Channel:
        """The channel that `as_row` has noted."""
        eci, pico, tags, events, queries, family_pico = row
        return cls(eci, pico, tuple(tags), policy_from_json(events), policy_from_json(queries), family_pico)

    def as_map(self) -> dict[str, Any]:
        """As KRL sees it."""
        return {
            "id": self.eci,
            "tags": list(self.tags),
            "eventPolicy": orjson.loads(self.event_policy.json),
            "queryPolicy": orjson.loads(self.query_policy.json),
            "familyChannelPicoID": self.family_pico,
        }


def self_channel(pico: str) -> Channel:
    """The channel by which a pico talks to itself; its ECI is the pico's id, and it is stored nowhere."""
    return Channel(pico, pico, (SYSTEM, "self"), ALLOW_EVENTS, ALLOW_QUERIES, pico)


def clean_tags(value: Any) -> tuple[str, ...]:
    """Tags as they are stored: `"A b!"` becomes `a-b`; null is no tags.

    Raises InvalidValue for anything but a list of texts, for a tag of which nothing remains, and for `system`.
    """
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise InvalidValue(TAGS_EXPECTED)
    return tuple(_clean_tag(tag) for tag in value)


def _clean_tag(tag: str) -> str:
    tag = _BLANKS.sub(" ", tag).strip()
    tag = _DASHES.sub("-", _OUTSIDE.sub("-", tag))
    tag = _DASH_AT_AN_END.sub("", tag).lower()
    if not tag:
        raise InvalidValue("Channel tag cannot be a blank string.")
    if tag == SYSTEM:
        raise InvalidValue('Cannot tag channel as "system".')
    return tag


def check_words(noun: str, parse: Callable[[str], str] = str.strip, /, **words: Any) -> dict[str, str]:
    """The words trimmed; raises InvalidValue `missing event.eci` and the like for a blank or a non-text."""
    trimmed = {}
    for name, word in words.items():
        if not isinstance(word, str) or not (clean := parse(word)):
            raise InvalidValue(f"missing {noun}.{name}", kind="Error")
        trimmed[name] = clean
    return trimmed


def check_map(value: Any, noun: str) -> dict[str, Any]:
    """The map, `{}` for null; raises InvalidValue `Expected a JSON map for …` for anything else."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    raise InvalidValue(f"Expected a JSON map for {noun}", kind="Error")


def check_text(value: Any, name: str) -> str:
    """The text; raises InvalidValue `Expected string for NAME but got TYPE`."""
    if isinstance(value, str):
        return value
    raise InvalidValue(f"Expected string for {name} but got {typeof(value)}")
