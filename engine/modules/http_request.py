"""From KRL's arguments to a request, and from an answer to KRL's map: pure functions.

Source: docs/modules.md, "http". The form encoding numbers the items of arrays, as servers see it today.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from krl import KRLTypeError, KRLValueError, decode, encode, text, truth

from ..effects.web import WebAnswer, WebRequest

PLAIN = "text/plain;charset=UTF-8"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def web_request(
    method: str,
    url: Any,
    *,
    qs: Any = None,
    headers: Any = None,
    body: Any = None,
    auth: Any = None,
    json: Any = None,
    form: Any = None,
    follow: bool = True,
) -> WebRequest:
    """The request that the arguments ask for; of several bodies `body` wins, then `json`, then `form`.

    Raises KRLValueError without a URL, KRLTypeError for one that is no text, and for a body with GET or HEAD.
    """
    name = f"http:{method.lower()}"
    if not truth(url):
        raise KRLValueError(f"{name} needs a url string")
    if not isinstance(url, str):
        raise KRLTypeError(f"{name} was given {text(url)} instead of a url string")
    sent = {key.lower(): text(value) for key, value in headers.items()} if isinstance(headers, dict) else {}
    content = _body(body, json, form)
    if content is not None:
        if method in ("GET", "HEAD"):
            raise KRLTypeError("Request with GET/HEAD method cannot have body")
        sent.setdefault("content-type", content[0])
    if isinstance(auth, dict) and isinstance(auth.get("username"), str):
        sent["authorization"] = _basic(auth["username"], auth.get("password"))
    return WebRequest(method, _with_query(url, qs), sent, None if content is None else content[1], follow)


def _body(body: Any, json: Any, form: Any) -> tuple[str, bytes] | None:
    if truth(body):
        return PLAIN, _bytes(text(body))
    if truth(json):
        return JSON, _bytes(encode(json))
    if truth(form):
        return FORM, form_encoded(form).encode()
    return None


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "replace")


def _basic(username: str, password: Any) -> str:
    secret = f"{username}:{'' if password is None else text(password)}"
    return f"Basic {b64encode(_bytes(secret)).decode()}"


def _with_query(url: str, qs: Any) -> str:
    query = form_encoded(qs)
    if not query:
        return url
    url, hash, fragment = url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}{query}{hash}{fragment}"


def form_encoded(value: Any) -> str:
    """A map as `a=1&b%5B0%5D=x`; anything else is nothing."""
    return "&".join(_pairs(value, "")) if isinstance(value, dict) else ""


def _pairs(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, dict):
        members: Any = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    else:
        yield f"{_quoted(name)}={'' if value is None else _quoted(text(value))}"
        return
    for key, member in members:
        yield from _pairs(member, f"{name}[{key}]" if name else str(key))


def _quoted(value: str) -> str:
    return quote(value.encode("utf-8", "replace"), safe="-_.~")


def response_map(answer: WebAnswer, parse_json: bool) -> dict[str, Any]:
    """The answer as KRL sees it; the content is decoded if that is asked for and possible."""
    content: Any = answer.body.decode("utf-8", "replace")
    length = answer.headers.get("content-length", "")
    return {
        "content": decode(content) if parse_json else content,
        "content_type": answer.headers.get("content-type"),
        "content_length": int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0,
        "headers": dict(answer.headers),
        "status_code": answer.status,
        "status_line": answer.reason,
    }
