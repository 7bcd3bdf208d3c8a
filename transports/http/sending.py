"""What an answer is on the wire: one piece, or ASGI's messages."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus

from starlette.types import Send

from .answers import Answer
from .body import Body
from .headers import Block, RawHeaders, block

WITHOUT_BODY = frozenset({204, 304})  # statuses whose answers end with their head (RFC 9112, 6.3)

_CLOSE = (b"connection", b"close")


def wire(answer: Answer, common: Block) -> tuple[bytes, bytes]:
    """The head without its last line's end, and the body; encoded once is what all answers have in common."""
    lines = _first_lines(answer.status, answer.content_type)
    others = block(_headers(answer, common.pairs)).lines if answer.headers else common.lines
    if answer.status in WITHOUT_BODY:
        return lines + others, b""
    return b"%b%bcontent-length: %d\r\n" % (lines, others, len(answer.body)), answer.body


@lru_cache
def _first_lines(status: int, content_type: str) -> bytes:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    line = f"HTTP/1.1 {status} {phrase}\r\n"
    return f"{line}content-type: {content_type}\r\n".encode() if content_type else line.encode()


def _headers(answer: Answer, common: RawHeaders) -> RawHeaders:
    """What a rule says of a header is meant instead of what all answers have."""
    given = {name for name, _ in answer.headers}
    return [*(pair for pair in common if pair[0] not in given), *answer.headers]


async def send_answer(send: Send, answer: Answer, common: Block, body: Body | None = None) -> None:
    """Send the answer to a request; if its body is still on its way, end the connection gently."""
    if body is None or not body.unread:
        await _send(send, answer, common.pairs)
        return
    await _send(send, answer, [*common.pairs, _CLOSE], more_body=True)
    await body.discard()
    await send({"type": "http.response.body"})


async def _send(send: Send, answer: Answer, common: RawHeaders, *, more_body: bool = False) -> None:
    headers = _headers(answer, common)
    body = b"" if answer.status in WITHOUT_BODY else answer.body
    if answer.status not in WITHOUT_BODY:
        headers.append((b"content-length", str(len(body)).encode()))
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": more_body})
