"""Which pico, and which event, an address means.

    ns+eci[+domain[+type[+tag]]]      plus addressing, which mail servers can cut off and put back
    [ns.]eci[.domain[.type[.tag]]]    the older form; `+label` at its end is the tag
    alias[+tag]                       as configured

Without domain and type it is `email:received`. Both forms can be read in more than one way (is the first word a
namespace or an ECI?), so all readings are tried in turn, each first as it is written and then in lower case, since
many mail servers fold it.

Source: docs/smtp.md, "Addresses".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from engine import ChannelNotFound, Undecodable

MAX_LOCAL_BYTES = 64  # RFC 5321, 4.5.3.1.1
DOMAIN, TYPE = "email", "received"
POSTMASTER = "postmaster"


@dataclass(frozen=True, slots=True)
class Target:
    """A channel, an event, and what else an address says."""

    eci: str
    domain: str = DOMAIN
    type: str = TYPE
    profile: str = ""  # the namespace
    tag: str | None = None

    @property
    def words(self) -> tuple[str, str, str]:
        """What the delivery asks of the channel."""
        return ("event", self.domain, self.type)

    @property
    def place(self) -> str:
        """What tells two addresses of one channel apart; empty for the plain address."""
        plain = (self.domain, self.type, self.tag) == (DOMAIN, TYPE, None)
        return "" if plain else " " + "+".join((f"{self.domain}:{self.type}", *([self.tag] if self.tag else [])))


def split_address(address: str) -> tuple[str, str]:
    """Local part, its quotes removed, and domain in lower case. Raises Undecodable."""
    local, _, domain = address.rpartition("@") if "@" in address else (address, "", "")
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = local[1:-1].replace("\\", "")
    if not local:
        raise Undecodable("an address without a local part")
    if len(local.encode("utf-8", "replace")) > MAX_LOCAL_BYTES:
        raise Undecodable(f"the local part has more than {MAX_LOCAL_BYTES} bytes")
    return local, domain.lower()


def is_postmaster(local: str) -> bool:
    """Whether the address is the one that every mail server must have."""
    return local.lower() == POSTMASTER


def readings(local: str) -> list[Target]:
    """All that the local part may mean, the likeliest first. Raises Undecodable if a word is missing."""
    base, plus, label = local.partition("+")
    found = []
    if plus:
        words = local.split("+", 4)
        found.append(_target(words[0], words[1:]))
    tag = label or None
    words = base.split(".", 4)
    if len(words) > 1:
        found.append(_target(words[0], words[1:], tag))
    found.append(_target("", base.split(".", 3), tag))
    readable = [target for target in found if target is not None]
    if not readable:
        raise Undecodable(f"{local!r} is neither ns+eci+domain+type nor ns.eci.domain.type")
    return readable


def _target(profile: str, words: list[str], tag: str | None = None) -> Target | None:
    if not all(word.strip() for word in words[:3]):
        return None
    eci, domain, type, rest = (*words, None, None, None)[:4]
    tags = [each for each in (rest, tag) if each]
    return Target(eci or "", domain or DOMAIN, type or TYPE, profile, "+".join(tags) or None)


def resolve(local: str, aliases: Mapping[str, Target], admit: Callable[[str, tuple[str, ...]], None]) -> Target:
    """The target whose channel lets the event in; `admit(eci, words)` raises if it does not.

    Raises Undecodable, ChannelNotFound, and what `admit` raises for a channel that is there.
    """
    alias = _alias(local, aliases)
    candidates = [alias] if alias is not None else readings(local)
    for candidate in candidates:
        for eci in dict.fromkeys((candidate.eci, candidate.eci.lower())):
            try:
                admit(eci, candidate.words)
            except ChannelNotFound:
                continue
            return replace(candidate, eci=eci)
    raise ChannelNotFound(candidates[0].eci if alias is None else local)


def _alias(local: str, aliases: Mapping[str, Target]) -> Target | None:
    """The alias of the whole local part, or of what stands before its first plus."""
    base, _, label = local.partition("+")
    for name, tag in ((local, None), (local.lower(), None), (base, label or None), (base.lower(), label or None)):
        if name in aliases:
            return replace(aliases[name], tag=tag)
    return None


def alias_from(text: str) -> Target:
    """The target of a configured alias: `ECI`, `ECI domain:type`, `ECI domain:type profile`. Raises ValueError."""
    words = text.split()
    if not 1 <= len(words) <= 3:
        raise ValueError("expected 'ECI', 'ECI domain:type' or 'ECI domain:type profile'")
    domain, colon, type = (words[1] if len(words) > 1 else f"{DOMAIN}:{TYPE}").partition(":")
    if not (domain and colon and type):
        raise ValueError(f"expected domain:type, found {words[1]!r}")
    return Target(words[0], domain, type, words[2] if len(words) > 2 else "")
