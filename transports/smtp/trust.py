"""What may be believed of a mail, which is little: any of it was written by strangers.

The mail server in front of us checks SPF, DKIM and DMARC, and says so in `Authentication-Results` under its own name.
Whatever else bears that header was written by the sender, and is taken out before anybody sees it; so are `Bcc` lines,
which name people who are not to be known.

Source: docs/smtp.md, "Trust"; RFC 8601 (authentication results), RFC 3834 (automatic mail).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine import Mail, loop_mark

METHODS = ("spf", "dkim", "dmarc")
MAX_RECEIVED = 50  # servers that a mail may have passed
LOOP_HEADER = "X-Pico-Loop"
AUTHENTICATION = "authentication-results"
HIDDEN = frozenset({"bcc", "resent-bcc"})
BULK = frozenset({"bulk", "junk", "list"})

_TOKEN = re.compile(r'\\.|["()]|[^\\"()]+', re.DOTALL)
_RESULT = re.compile(r"^\s*([a-z0-9-]+)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)\b", re.IGNORECASE)
_NAME = re.compile(rb"^([!-9;-~]+)[ \t]*:")
# Whatever the parser takes for the end of a line is one here, too: else a header could hide behind it.
_FIELD = re.compile(rb".*?(?:(?>\r\n|\r|\n)(?![ \t])|\Z)", re.DOTALL)
_HEAD_END = re.compile(rb"((?>\r\n|\r|\n))(?>\r\n|\r|\n)")


def without_lies(content: bytes, authserv_id: str) -> bytes:
    """The message without headers that nobody may see or believe."""
    end = _HEAD_END.search(content)
    head_bytes = end.end(1) if end else len(content)
    head = content[:head_bytes]
    lowered = head.lower()
    if b"authentication-results" not in lowered and b"bcc" not in lowered:
        return content
    fields = (found[0] for found in _FIELD.finditer(head))
    return b"".join(field for field in fields if _is_honest(field, authserv_id)) + content[head_bytes:]


def _is_honest(field: bytes, authserv_id: str) -> bool:
    found = _NAME.match(field)
    if found is None:
        return True
    name = found[1].decode("ascii").lower()
    if name == AUTHENTICATION:
        return bool(authserv_id) and _author(field[found.end() :].decode("latin-1")) == authserv_id.lower()
    return name not in HIDDEN


def _author(value: str) -> str:
    """The authserv-id of an Authentication-Results header."""
    words = _bare(value).partition(";")[0].split()
    return words[0].lower() if words else ""


def _bare(value: str) -> str:
    """The value without comments and quoted strings, in which a sender can have words of his own put."""
    kept: list[str] = []
    depth, quoted = 0, False
    for token in _TOKEN.findall(value):
        if depth:
            depth += {"(": 1, ")": -1}.get(token, 0)
        elif quoted:
            quoted = token != '"'
        elif token == "(":
            depth = 1
        elif token == '"':
            quoted = True
            kept.append('"')  # so that what stood before and behind it does not become one word
        else:
            kept.append(token)
    return "".join(kept)


def authentication(mail: Mail) -> dict[str, str | None]:
    """What the server in front of us found, by method; null where it says nothing.

    A server adds its header on top, so of two the upper is the later; of several signatures one that is good will do.
    """
    found: dict[str, str | None] = dict.fromkeys(METHODS)
    for value in mail.all(AUTHENTICATION):
        said: dict[str, list[str]] = {}
        for part in _bare(value).split(";")[1:]:
            if result := _RESULT.match(part):
                said.setdefault(result[1].lower(), []).append(result[2].lower())
        for method, results in said.items():
            if method in found and found[method] is None:
                found[method] = _one_of(method, results)
    return found


def _one_of(method: str, results: Sequence[str]) -> str:
    """Of several results of a method the one that counts: DMARC, on which addresses may insist, must pass in each."""
    match method:
        case "dkim" if "pass" in results:
            return "pass"
        case "dmarc":
            return next((each for each in results if each != "pass"), "pass")
        case _:
            return results[0]


def is_automatic(mail: Mail, mail_from: str) -> bool:
    """Whether a program wrote it, or wrote it to many: it must not be answered."""
    submitted = (mail.header("auto-submitted") or "no").partition(";")[0].strip().lower()
    precedence = (mail.header("precedence") or "").strip().lower()
    return not mail_from or submitted != "no" or precedence in BULK or mail.header("list-id") is not None


def is_looping(mail: Mail, eci: str) -> bool:
    """Whether the mail goes round in a circle: through too many servers, or back to the channel that it came from."""
    marks = {mark for value in mail.all(LOOP_HEADER) for mark in value.replace(",", " ").split()}
    return len(mail.all("received")) > MAX_RECEIVED or not marks.isdisjoint((eci, loop_mark(eci)))
