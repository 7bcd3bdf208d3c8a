"""Send an answer: in one write where the server offers it, else by ASGI's messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus

from starlette.types import Scope, Send

from .answers import Answer
from .body import Body
from .headers import Block, RawHeaders

WRITER = "picoengine.writer"  # where a request's scope has its Writer, if its server has one

Writer = Callable[[bytes, bytes], bool]
"""`write(head, body)` sends the whole answer; False if it cannot, and nothing was sent. `head` ends its last line."""

WITHOUT_BODY = frozenset({204, 304})  # statuses whose answers end with their head (RFC 9112, 6.3)

_CLOSE = (b"connection", b"close")


async def send_answer(scope: Scope, send: Send, answer: Answer, common: Block, body: Body | None = None) -> None:
    """Send the answer to a request; if its body is still on its way, end the connection gently."""
    if body is not None and body.unread:
        await _send(send, answer, [*common.pairs, _CLOSE], more_body=True)
        await body.discard()
        await send({"type": "http.response.body"})
        return
    writer: Writer | None = scope.get(WRITER)
    # Headers that a rule made go the long way, where the server looks at each once more.
    plain = not answer.headers and answer.status not in WITHOUT_BODY
    if writer is None or not plain or not writer(_head(answer, common), answer.body):
        await _send(send, answer, common.pairs)


def _head(answer: Answer, common: Block) -> bytes:
    lines = _first_lines(answer.status, answer.content_type)
    return b"%b%bcontent-length: %d\r\n" % (lines, common.lines, len(answer.body))


@lru_cache
def _first_lines(status: int, content_type: str) -> bytes:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    line = f"HTTP/1.1 {status} {phrase}\r\n"
    return f"{line}content-type: {content_type}\r\n".encode() if content_type else line.encode()


async def _send(send: Send, answer: Answer, common: RawHeaders, *, more_body: bool = False) -> None:
    # What a rule says of a header is meant instead of what all answers have.
    given = {name for name, _ in answer.headers}
    headers = [*(pair for pair in common if pair[0] not in given), *answer.headers]
    body = b"" if answer.status in WITHOUT_BODY else answer.body
    if answer.status not in WITHOUT_BODY:
        headers.append((b"content-length", str(len(body)).encode()))
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": more_body})
