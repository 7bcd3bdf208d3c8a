"""Where ruleset texts come from: `bundled:`, `inline:`, `file:`, `http:` and `https:` URLs.

A URL is a ruleset's identity, so it is brought into one form before it is used. Unlike the Node engine ours keeps a
leading `www.`: the host is part of what is trusted.

A text that has not changed is not sent again: the server is told by which tag it named the text that is in force.

Source: RFC 9110, 8.8.3 and 13.1.2 (ETag, If-None-Match).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import rulesets

from ..errors import InvalidValue, SourceUnavailable
from ..settings import Settings

BUNDLED = "bundled:///"
INLINE = "inline:///"
MAX_SOURCE_BYTES = 4 * 1024 * 1024  # of a text that is read from elsewhere

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server has for a URL."""

    text: str | None  # None: still the one that `if-none-match` names
    etag: str | None


class Fetch(Protocol):
    """Gets a text over the network; `effects.web` does it. May wait."""

    def __call__(self, url: str, headers: dict[str, str]) -> Fetched:
        """The text under these headers, whose names are in lower case.

        Raises SourceUnavailable, also for one of more than MAX_SOURCE_BYTES.
        """
        ...


class Sources:
    """Reads texts, and remembers the tags by which servers name them until the engine ends."""

    def __init__(self, settings: Settings, fetch: Fetch) -> None:
        self._settings = settings
        self._fetch = fetch
        self._tags: dict[str, tuple[str, str]] = {}  # URL → tag, and the hash of the text that it names

    def read(self, url: str, known: str | None) -> str | None:
        """The text at a normal URL; None if it is the one with the hash `known`. May wait.

        Raises SourceUnavailable or InvalidValue.
        """
        if url.startswith(BUNDLED):
            return _read_bundled(url)
        if url.startswith(INLINE):
            raise SourceUnavailable(f"request to {url} failed, reason: an inline text is kept nowhere else", "Error")
        if url.startswith("file:"):
            return _read_file(url, self._settings)
        return self._read_web(url, known)

    def _read_web(self, url: str, known: str | None) -> str | None:
        host = urlsplit(url).hostname or ""
        if self._settings.source_hosts and host not in self._settings.source_hosts:
            raise SourceUnavailable(f"request to {url} failed, reason: host {host!r} is not in `source_hosts`")
        headers = private_headers(url, self._settings)
        tag, named = self._tags.get(url, ("", ""))
        if named == known and tag:
            headers["if-none-match"] = tag
        fetched = self._fetch(url, headers)
        if fetched.text is not None:
            self._tags[url] = (fetched.etag or "", text_hash(fetched.text))
        return fetched.text


def text_hash(source: str) -> str:
    """What names a ruleset's text for ever."""
    return sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def private_headers(url: str, settings: Settings) -> dict[str, str]:
    """The header that the setting `source_headers` has for the URL's origin; its value is nobody else's.

    A bare host means its HTTPS origin: what is secret does not travel in the clear unless the setting says `http://`.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    header = settings.source_headers.get(f"{parts.scheme}://{host}")
    if header is None and parts.scheme == "https":
        header = settings.source_headers.get(host)
    if header is None:
        return {}
    name, _, value = header.partition(":")
    return {name.strip().lower(): value.strip()}


def bundled_url(rid: str) -> str:
    """The URL of a ruleset that comes with the engine."""
    return f"{BUNDLED}{rid}.krl"


def inline_url(rid: str) -> str:
    """The URL under which a text that was given as such is kept."""
    return f"{INLINE}{rid}.krl"


def is_inline(url: str) -> bool:
    """Whether the text under the URL was given as such."""
    return url.startswith(INLINE)


def normal_url(url: str) -> str:
    """The one form of a URL: lower-case scheme and host, no default port, no trailing slash, sorted parameters.

    Raises InvalidValue for a text that is no absolute URL.
    """
    url = url.strip()
    if url.startswith((BUNDLED, INLINE)):
        return url
    try:
        url.encode()  # half a surrogate pair, which KRL allows, is no text that could be sent or stored
        return _normal(url)
    except ValueError as error:  # that, brackets that are no IPv6 address, a port that is no number
        raise InvalidValue(f"Invalid URL: {url}") from error


def _normal(url: str) -> str:
    if not _SCHEME.match(url):
        url = "http://" + url.removeprefix("//")
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    path = re.sub(r"/{2,}", "/", parts.path).rstrip("/")
    if scheme == "file":
        return urlunsplit((scheme, "", path, "", ""))
    host, port = (parts.hostname or "").lower(), parts.port
    if scheme not in _DEFAULT_PORTS or not host:
        raise InvalidValue("Only absolute URLs are supported")
    netloc = f"[{host}]" if ":" in host else host
    if parts.username is not None:
        netloc = f"{quote(unquote(parts.username))}:{quote(unquote(parts.password or ''))}@{netloc}"
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        netloc = f"{netloc}:{port}"
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not k.lower().startswith("utm_")]
    return urlunsplit((scheme, netloc, path, urlencode(sorted(query)), ""))


def _read_bundled(url: str) -> str:
    rid = url.removeprefix(BUNDLED).removesuffix(".krl")
    try:
        return rulesets.source(rid)
    except LookupError as error:
        raise SourceUnavailable(f"Got a statusCode=404 for: {url}", kind="Error") from error


def _read_file(url: str, settings: Settings) -> str:
    try:
        path = Path(unquote(urlsplit(url).path)).resolve()
    except (OSError, ValueError) as error:  # a path that can be none, such as one with a zero byte, or a circle
        raise InvalidValue(f"Invalid URL: {url}") from error
    if not any(path.is_relative_to(Path(folder).resolve()) for folder in settings.file_folders):
        raise SourceUnavailable(f"request to {url} failed, reason: not below a folder of the setting `file_folders`")
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SOURCE_BYTES + 1)
    except OSError as error:
        raise SourceUnavailable(f"request to {url} failed, reason: {error.strerror}") from error
    if len(text) > MAX_SOURCE_BYTES:
        raise SourceUnavailable(f"request to {url} failed, reason: more than {MAX_SOURCE_BYTES} bytes")
    return text.decode("utf-8", "replace")
