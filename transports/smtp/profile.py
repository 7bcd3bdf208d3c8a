"""Profiles: what the first word of an address may ask for. One line of the settings each.

shop = "classic dmarc=require_pass senders=*@example.com,ann@example.org max_message_bytes=100000"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import TypeVar

from .address import Target, alias_from
from .settings import SmtpSettings

T = TypeVar("T")

CLASSIC = "classic"  # the profile that every engine has
DMARC = ("ignore", "require_pass")


@dataclass(frozen=True, slots=True)
class Profile:
    """Who may send to an address, how much, and what attributes the event has."""

    name: str
    classic: bool  # the attributes of the oldest rulesets, too
    require_dmarc: bool
    senders: tuple[str, ...]  # patterns of addresses in lower case; empty: anybody
    users: tuple[str, ...]  # who must have logged in; empty: nobody must
    max_message_bytes: int
    mails_per_minute: int

    def lets_in(self, address: str) -> bool:
        """Whether this sender may write here."""
        return not self.senders or any(fnmatchcase(address.lower(), pattern) for pattern in self.senders)

    @property
    def judges_content(self) -> bool:
        """Whether a mail can be refused here, once it has been read, that another address would take."""
        return self.require_dmarc


def profile_from(name: str, text: str, settings: SmtpSettings) -> Profile:
    """The profile of a line of the settings. Raises ValueError for what it may not say."""
    said: dict[str, str] = {}
    for word in text.split():
        key, _, value = word.partition("=")
        if key not in ("classic", "dmarc", "senders", "users", "max_message_bytes", "mails_per_minute"):
            raise ValueError(f"a profile says nothing of {key!r}")
        said[key] = value
    if said.get("classic"):
        raise ValueError("'classic' has no value")
    if said.get("dmarc", DMARC[0]) not in DMARC:
        raise ValueError(f"dmarc is one of {DMARC}, found {said['dmarc']!r}")
    return Profile(
        name,
        "classic" in said,
        said.get("dmarc") == DMARC[1],
        _listed(said.get("senders", "").lower()),
        _listed(said.get("users", "")),
        min(int(said.get("max_message_bytes", settings.max_message_bytes)), settings.max_message_bytes),
        int(said.get("mails_per_minute", settings.mails_per_minute)),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(item for item in text.split(",") if item)


class Addresses:
    """The aliases and profiles of one configuration, understood. Raises ValueError for what cannot be."""

    def __init__(self, settings: SmtpSettings) -> None:
        self.aliases: Mapping[str, Target] = {
            name: _explained(f"aliases.{name}", partial(alias_from, text)) for name, text in settings.aliases.items()
        }
        self._profiles = {
            name: _explained(f"profiles.{name}", partial(profile_from, name, text, settings))
            for name, text in settings.profiles.items()
        }
        self._profiles.setdefault(CLASSIC, profile_from(CLASSIC, CLASSIC, settings))
        self._default = profile_from("", "", settings)

    def profile(self, name: str) -> Profile:
        """The profile of this name; of an unknown one what holds for all."""
        return self._profiles.get(name) or self._profiles.get(name.lower()) or self._default


def _explained(place: str, read: Callable[[], T]) -> T:
    """What `read` gives; its ValueError says which setting is meant."""
    try:
        return read()
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
