"""Answers: the one table from errors to replies of the protocol.

5xx only for what will never succeed: the sender then tells its writer. Everything doubtful is 4xx, since a sender keeps
such a mail for days and tries again.

Source: docs/smtp.md, "Answers"; RFC 5321, RFC 3463 (enhanced codes).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import structlog

from engine import (
    DeliveryTooLarge,
    EngineError,
    NotFound,
    Overloaded,
    Receipt,
    Refused,
    StoreUnavailable,
    Undecodable,
    UnsupportedMedia,
)

ANSWERS: dict[type[BaseException], str] = {
    NotFound: "550 5.1.1",
    Refused: "550 5.7.1",
    DeliveryTooLarge: "552 5.3.4",
    Undecodable: "550 5.6.0",
    UnsupportedMedia: "550 5.6.1",
    Overloaded: "451 4.3.2",
    StoreUnavailable: "451 4.3.0",
}
"""By the nearest class; whatever is not here is our own fault, and worth another try."""

AGAIN = "451 4.3.0"
MALFORMED_ADDRESS = "501 5.1.3"
MAX_TEXT = 300  # characters behind the codes; a line has 512 bytes at most

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_log = structlog.get_logger("picoengine.smtp")


class MailRefused(EngineError):
    """A mail or a recipient is refused for a reason of mail's own; `code` is how that is said."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def accepted(receipts: Sequence[Receipt]) -> str:
    """To a mail that is on disk for all its recipients: the ids of its events."""
    return line("250 2.0.0", " ".join(receipt.eid for receipt in receipts) or "taken note of")


def refusal(error: BaseException, *, at_recipient: bool = False) -> str:
    """To an error: its reply."""
    code = _code(error)
    if at_recipient and isinstance(error, Undecodable):
        code = MALFORMED_ADDRESS
    if isinstance(error, EngineError) and code != AGAIN:
        return line(code, error.message)
    if not isinstance(error, EngineError):
        _log.error("a mail met a fault of ours", exc_info=error)
    return line(code, "not now, please try again")


def _code(error: BaseException) -> str:
    if isinstance(error, MailRefused):
        return error.code
    return next((ANSWERS[each] for each in type(error).__mro__ if each in ANSWERS), AGAIN)


def is_passing(error: BaseException) -> bool:
    """Whether the same mail may be taken later."""
    return _code(error).startswith("4")


def line(code: str, text: str) -> str:
    """One line of the protocol, whatever the text has in it."""
    return f"{code} {_UNPRINTABLE.sub('?', text)[:MAX_TEXT]}"
