"""Who may use `/api`: no page of a foreign site, and beyond loopback only who knows the token.

A browser on the engine's own machine reaches loopback addresses for every page that it shows. So the Host must be a
name of ours (a foreign name that resolves to us is a rebinding attack), and what a browser says about the page's
origin must be one of ours too.

Source: docs/operations.md, "Who can reach it"; Fetch Metadata (www.w3.org/TR/fetch-metadata).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from .answers import HttpError
from .settings import HttpSettings, is_loopback

TOKEN_HEADER = "x-pico-engine-token"
OPEN_TO_ALL = frozenset({"0.0.0.0", "::"})  # bind addresses that are nobody's name

_CROSS_SITE = frozenset({"cross-site", "same-site"})


class Guard:
    """The rules for one engine."""

    def __init__(self, settings: HttpSettings, base_url: str) -> None:
        names = {
            urlsplit(base_url).hostname or "",
            settings.host.strip("[]").lower(),
            *map(str.lower, settings.allowed_hosts),
        }
        self._names = frozenset(names - OPEN_TO_ALL - {""})
        self._needs_token = not settings.loopback_only
        self._token = settings.token.encode()

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise HttpError 403 for a foreign page or name, 401 without the token where one is needed."""
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise HttpError(403, f"the host {host!r} is no name of this engine; see the setting allowed_hosts")
        origin = headers.get("origin")
        if origin is not None and not self._is_ours(urlsplit(origin).netloc):
            raise HttpError(403, f"pages of {origin!r} may not use this")
        # A picture or a form of a foreign page is fetched without an Origin; browsers then still say this.
        if origin is None and headers.get("sec-fetch-site") in _CROSS_SITE:
            raise HttpError(403, "pages of other sites may not use this")
        if self._needs_token:
            self._check_token(headers)

    def _is_ours(self, netloc: str) -> bool:
        try:
            name = urlsplit(f"//{netloc}").hostname or ""
        except ValueError:
            return False
        return is_loopback(name) or name in self._names

    def _check_token(self, headers: Mapping[str, str]) -> None:
        if not self._token:
            raise HttpError(403, "this engine listens beyond loopback and has no PICO_ENGINE_TOKEN: /api is closed")
        if not secrets.compare_digest(_token(headers).encode("latin-1", "replace"), self._token):
            raise HttpError(401, "the engine's token is needed", ((b"www-authenticate", b"Bearer"),))


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else headers.get(TOKEN_HEADER, "")
