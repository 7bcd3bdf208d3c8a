"""Where ruleset texts come from: `bundled:`, `inline:`, `file:`, `http:` and `https:` URLs.

A URL is a ruleset's identity, so it is brought into one form before it is used. Unlike the Node engine ours keeps a
leading `www.`: the host is part of what is trusted.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import rulesets

from ..errors import InvalidValue, SourceUnavailable
from ..settings import Settings

BUNDLED = "bundled:///"
INLINE = "inline:///"
MAX_SOURCE_BYTES = 4 * 1024 * 1024

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class Fetch(Protocol):
    """Gets a text over the network; `effects.web` does it. May wait."""

    def __call__(self, url: str, headers: dict[str, str]) -> str:
        """The body as text. Raises SourceUnavailable."""
        ...


def bundled_url(rid: str) -> str:
    """The URL of a ruleset that comes with the engine."""
    return f"{BUNDLED}{rid}.krl"


def inline_url(rid: str) -> str:
    """The URL under which a text that was given as such is kept."""
    return f"{INLINE}{rid}.krl"


def normal_url(url: str) -> str:
    """The one form of a URL: lower-case scheme and host, no default port, no trailing slash, sorted parameters.

    Raises InvalidValue for a text that is no absolute URL.
    """
    url = url.strip()
    if url.startswith((BUNDLED, INLINE)):
        return url
    if not _SCHEME.match(url):
        url = "http://" + url.removeprefix("//")
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    path = re.sub(r"/{2,}", "/", parts.path).rstrip("/")
    if scheme == "file":
        return urlunsplit((scheme, "", path, "", ""))
    try:
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise InvalidValue(f"Invalid URL: {url}") from error
    if scheme not in _DEFAULT_PORTS or not host:
        raise InvalidValue("Only absolute URLs are supported")
    netloc = f"[{host}]" if ":" in host else host
    if parts.username is not None:
        netloc = f"{quote(unquote(parts.username))}:{quote(unquote(parts.password or ''))}@{netloc}"
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        netloc = f"{netloc}:{port}"
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not k.lower().startswith("utm_")]
    return urlunsplit((scheme, netloc, path, urlencode(sorted(query)), ""))


def read_source(url: str, settings: Settings, fetch: Fetch, headers: dict[str, str]) -> str:
    """The text at a normal URL. May wait. Raises SourceUnavailable or InvalidValue."""
    if url.startswith(BUNDLED):
        return _read_bundled(url)
    if url.startswith(INLINE):
        raise SourceUnavailable(f"request to {url} failed, reason: an inline text is kept nowhere else", kind="Error")
    if url.startswith("file:"):
        return _read_file(url, settings)
    host = urlsplit(url).hostname or ""
    if settings.source_hosts and host not in settings.source_hosts:
        raise SourceUnavailable(f"request to {url} failed, reason: host {host!r} is not in `source_hosts`")
    return fetch(url, headers)


def _read_bundled(url: str) -> str:
    rid = url.removeprefix(BUNDLED).removesuffix(".krl")
    try:
        return rulesets.source(rid)
    except LookupError as error:
        raise SourceUnavailable(f"Got a statusCode=404 for: {url}", kind="Error") from error


def _read_file(url: str, settings: Settings) -> str:
    path = Path(unquote(urlsplit(url).path)).resolve()
    if not any(path.is_relative_to(Path(folder).resolve()) for folder in settings.file_folders):
        raise SourceUnavailable(f"request to {url} failed, reason: not below a folder of the setting `file_folders`")
    try:
        text = path.read_bytes()[: MAX_SOURCE_BYTES + 1]
    except OSError as error:
        raise SourceUnavailable(f"request to {url} failed, reason: {error.strerror}") from error
    if len(text) > MAX_SOURCE_BYTES:
        raise SourceUnavailable(f"request to {url} failed, reason: more than {MAX_SOURCE_BYTES} bytes")
    return text.decode("utf-8", "replace")
