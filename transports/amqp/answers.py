"""Messages that say what became of a message: replies, dead letters, and what is tried again.

Source: docs/amqp.md, "What becomes of a message".
"""

from __future__ import annotations

from typing import Any

from aio_pika import DeliveryMode, Message

from engine import EngineError, Receipt, Reply, dumps

from ..problems import problem_of, status_of
from .message import JSON, ROUND, Incoming

REASON = "x-pico-reason"  # header: why it was refused, in words
STATUS = "x-pico-status"  # header: the same as a status of HTTP's
COUNT = "x-delivery-count"  # header of the broker's: a copy begins anew


def reply_message(message: Incoming, outcome: Reply | Receipt | None, error: Exception | None) -> Message:
    """What who asked gets: the directives, or the problem; `status` in the headers is what HTTP would have."""
    status = 200
    if error is not None:
        status, body = status_of(error), problem_of(error)
    elif isinstance(outcome, Reply):
        status = 202 if outcome.pending else 200
        body = {"eid": outcome.eid, "directives": outcome.directives or []}
    else:
        body = {"eid": "" if outcome is None else outcome.eid, "directives": []}
    return Message(dumps(body), content_type=JSON, correlation_id=message.correlation_id, headers={"status": status})


def dead_letter(message: Incoming, error: Exception) -> Message:
    """A copy, with the reason why it was refused."""
    reason = error.text if isinstance(error, EngineError) else f"{type(error).__name__}: {error}"
    return _copy(message, {REASON: reason[:1000], STATUS: status_of(error)})


def retry_message(message: Incoming) -> Message:
    """A copy that knows that it was put aside once more."""
    return _copy(message, {ROUND: message.rounds + 1})


def _copy(message: Incoming, headers: dict[str, Any]) -> Message:
    return Message(
        message.body,
        content_type=message.content_type or None,
        content_encoding=message.content_encoding or None,
        headers={name: value for name, value in message.headers.items() if name != COUNT} | headers,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=message.message_id or None,
        correlation_id=message.correlation_id,
        reply_to=message.reply_to or None,
    )
