"""The one answer of `/sky/event`: a redirect, what a rule composed, or the directives; cookies in any case.

Only this route reads these directives; on the others they are ordinary entries.

Source: docs/http.md, "Events".
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from engine import Directive, Reply

from .answers import TEXT, Answer, Headers, HttpError, event_answer, fits_a_header, problem, text_bytes

# What a browser's address may contain as it is; all else is percent-encoded, `%` itself is not touched.
_URL_CHARACTERS = "%!#$&'()*+,/:;=?@[]~"
# Headers that belong to the server: a rule that sets them would break the framing of the answer.
_OWN_HEADERS = frozenset({"connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade"})
_OPTION_OF = {"content-type": "content_type"}  # headers that have an option of their own


def sky_answer(reply: Reply, eci: str) -> Answer:
    """The first `_redirect`, else the one `_raw`, else JSON; with the cookies of every `_cookie`."""
    if reply.pending:
        return event_answer(reply, eci)
    directives = reply.directives or []
    try:
        cookies = tuple(
            (b"set-cookie", _header(each, "cookie")) for each in directives if _text(each, "_cookie", "cookie")
        )
        redirect = next((each for each in directives if _text(each, "_redirect", "url")), None)
        if redirect is not None:
            return _redirected(redirect, cookies)
        raws = [each for each in directives if each["name"] == "_raw"]
        if raws:
            return _raw(raws, cookies)
    except HttpError as error:
        return problem(error.status, f"Error: {error.message}", error.message, eid=reply.eid)
    answer = event_answer(reply, eci)
    return Answer(answer.status, answer.body, answer.content_type, answer.headers + cookies) if cookies else answer


def _text(directive: Directive, name: str, option: str) -> bool:
    """Whether it is a directive of that name whose option is a text."""
    return directive["name"] == name and isinstance(_options(directive).get(option), str)


def _options(directive: Directive) -> Mapping[str, Any]:
    options = directive.get("options")
    return options if isinstance(options, Mapping) else {}


def _header(directive: Directive, option: str) -> bytes:
    value = _options(directive)[option]
    if not fits_a_header(value):
        raise _wrong(directive, f"{option} must stand in one header line")
    return text_bytes(value)


def _redirected(directive: Directive, cookies: Headers) -> Answer:
    url = quote(_header(directive, "url"), safe=_URL_CHARACTERS)
    return Answer(302, f"Found. Redirecting to {url}".encode(), TEXT, ((b"location", url.encode()), *cookies))


def _raw(directives: list[Directive], cookies: Headers) -> Answer:
    directive = directives[0]
    # The engine fails such an event of this route; one that came by another route, with the same key, had no limit.
    if len(directives) > 1:
        raise HttpError(500, f"more than one _raw directive: {', '.join(_rule(each) for each in directives)}")
    options = _options(directive)
    status = options.get("status", 200)
    if type(status) is not int or not 200 <= status <= 599:
        raise _wrong(directive, "status must be a number from 200 to 599")
    content_type = options.get("content_type", TEXT)
    if not isinstance(content_type, str) or not fits_a_header(content_type) or not content_type.isascii():
        raise _wrong(directive, "content_type must be a media type")
    return Answer(status, _content(directive), content_type, _extra_headers(directive) + cookies)


def _content(directive: Directive) -> bytes:
    options = _options(directive)
    content = options.get("content", "")
    if not isinstance(content, str):
        raise _wrong(directive, "content must be a text")
    match options.get("encoding"):
        case None:
            return text_bytes(content)
        case "base64":
            try:
                return b64decode(content, validate=True)
            except ValueError as error:
                raise _wrong(directive, "content is not base64") from error
        case _:
            raise _wrong(directive, 'encoding must be "base64" or absent')


def _extra_headers(directive: Directive) -> Headers:
    headers = _options(directive).get("headers") or {}
    if not isinstance(headers, Mapping):
        raise _wrong(directive, "headers must be a map")
    return tuple(pair for name, value in headers.items() for pair in _header_lines(directive, name, value))


def _header_lines(directive: Directive, name: str, value: Any) -> Headers:
    """A text makes one line, a list of texts one each."""
    values = value if isinstance(value, list) else [value]
    if option := _OPTION_OF.get(name.lower()):
        raise _wrong(directive, f"the header {name!r} is set by the option {option}")
    good_name = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    if (
        not good_name
        or name.lower() in _OWN_HEADERS
        or not all(isinstance(v, str) and fits_a_header(v) for v in values)
    ):
        raise _wrong(directive, f"the header {name!r} cannot be set so")
    return tuple((name.lower().encode(), text_bytes(each)) for each in values)


def _wrong(directive: Directive, message: str) -> HttpError:
    return HttpError(500, f"directive {directive['name']} of {_rule(directive)}: {message}")


def _rule(directive: Directive) -> str:
    meta = directive.get("meta") or {}
    return f"rule {meta.get('rule_name')} of {meta.get('rid')}"
