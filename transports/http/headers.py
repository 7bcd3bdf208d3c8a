"""Headers: the request's as one map, and those that every answer carries.

An ECI is the right to use a channel, so pages of any origin may read the answers of `/c` and `/sky`; the setting
`cors_origins` narrows that.

Source: docs/http.md, "Pages of other origins".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

RawHeaders = list[tuple[bytes, bytes]]

PREFLIGHT_SECONDS = 600  # how long a browser may remember the answer to a preflight
ALLOW = b"POST, GET, OPTIONS"

_SECURITY: RawHeaders = [
    (
        b"content-security-policy",
        b"default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';"
        b"img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';"
        b"style-src 'self' https: 'unsafe-inline'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"origin-agent-cluster", b"?1"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-dns-prefetch-control", b"off"),
    (b"x-download-options", b"noopen"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-permitted-cross-domain-policies", b"none"),
    (b"x-xss-protection", b"0"),
]
_TLS_ONLY = (b"strict-transport-security", b"max-age=15552000; includeSubDomains")
_ALLOW_HEADERS = (b"access-control-allow-headers", b"Origin, X-Requested-With, Content-Type, Accept")
_OPEN: RawHeaders = [(b"access-control-allow-origin", b"*"), _ALLOW_HEADERS]
_VARY = (b"vary", b"Origin")
_PREFLIGHT: RawHeaders = [
    (b"allow", ALLOW),
    (b"access-control-allow-methods", ALLOW),
    (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
]


def request_headers(raw: Collection[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their lower-case names; repeated ones joined, cookies as cookies are."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
    if len(headers) == len(raw):
        return headers
    headers.clear()
    for raw_name, raw_value in raw:
        name = raw_name.decode("latin-1")
        value = raw_value.decode("latin-1")
        if name in headers:
            value = headers[name] + ("; " if name == "cookie" else ", ") + value
        headers[name] = value
    return headers


@dataclass(frozen=True, slots=True)
class Block:
    """Some headers, as pairs and as the lines that they are on the wire."""

    pairs: RawHeaders
    lines: bytes


def block(pairs: RawHeaders) -> Block:
    """The headers both ways."""
    return Block(pairs, b"".join(b"%b: %b\r\n" % pair for pair in pairs))


class CommonHeaders:
    """The headers of every answer, made once."""

    def __init__(self, cors_origins: tuple[str, ...]) -> None:
        self._origins = None if "*" in cors_origins else frozenset(cors_origins)
        self._plain = block([*_OPEN, *_SECURITY])
        self._tls = block([*_OPEN, *_SECURITY, _TLS_ONLY])

    def of(self, headers: Mapping[str, str], scheme: str) -> Block:
        """For the answer to a request with these headers."""
        if self._origins is None:
            return self._tls if scheme == "https" else self._plain
        return block(self._cross_origin(headers) + _security(scheme))

    def without_cors(self, scheme: str) -> Block:
        """For an answer that no foreign page may read."""
        return block(_security(scheme))

    def of_preflight(self, headers: Mapping[str, str]) -> Block:
        """For the answer to OPTIONS on any path."""
        return block((_OPEN if self._origins is None else self._cross_origin(headers)) + _PREFLIGHT)

    def _cross_origin(self, headers: Mapping[str, str]) -> RawHeaders:
        origin = headers.get("origin")
        if self._origins is None or origin not in self._origins:
            return [_VARY]
        return [(b"access-control-allow-origin", origin.encode("latin-1")), _ALLOW_HEADERS, _VARY]


def _security(scheme: str) -> RawHeaders:
    return [*_SECURITY, _TLS_ONLY] if scheme == "https" else _SECURITY
