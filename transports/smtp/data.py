"""What comes behind DATA: the bytes of a mail, up to the line with a lone dot.

The library's own reading keeps an object for each line, fifty bytes for an empty one, and lets nobody else have his
turn while it has lines. This one looks for the end in what has come. A line ends with CR LF and with nothing else: what
takes more for an end lets one mail hide in another.

Source: RFC 5321, 4.1.1.4, 4.5.2 (transparency), 4.5.3.1.6 (a line's length).
"""

from __future__ import annotations

import asyncio

from .answers import MailRefused

LINE_BYTES = 1001  # 998, a dot in front, CR LF
LINE_END = b"\r\n"
MAIL_END = b"\r\n.\r\n"
ALL = 1 << 30  # bytes: whatever has come, so that nothing stays in front of what is given back


async def read_data(reader: asyncio.StreamReader, limit: int) -> bytes:
    """The mail. Raises MailRefused if it is too large or has too long a line, when all of it has been read.

    Raises ConnectionResetError if it has no end.
    """
    raw = bytearray(LINE_END)  # as if a line had ended: the first may be the one with the dot
    refused: MailRefused | None = None
    seen = line = 0  # up to where there is no end, and where the latest line known begins
    while (end := raw.find(MAIL_END, seen)) < 0:
        seen = max(0, len(raw) - len(MAIL_END) + 1)
        if refused is None:
            refused, line = _judged(raw, len(raw), line, limit)
        if refused is not None:
            del raw[:seen]
            seen = 0
        some = await reader.read(ALL)
        if not some:
            raise ConnectionResetError("the sender is gone")
        raw += some
    if refused is None:
        refused, _ = _judged(raw, end + len(LINE_END), line, limit)
    if (rest := raw[end + len(MAIL_END) :]) and not reader.at_eof():
        reader.feed_data(bytes(rest))  # the next command, of a sender who does not wait for the answer
    if refused is not None:
        raise refused
    del raw[end + len(LINE_END) :]
    return bytes(raw.replace(b"\r\n.", LINE_END)[len(LINE_END) :])


def _judged(raw: bytearray, until: int, line: int, limit: int) -> tuple[MailRefused | None, int]:
    """What is wrong with the mail so far, and where the latest line begins that is known to be short enough."""
    if until - len(LINE_END) > limit:
        return MailRefused("552 5.3.4", "the message is too large"), line
    while until - line > LINE_BYTES:
        # The last end within reach: the lines before it are shorter still.
        found = raw.rfind(LINE_END, line, line + LINE_BYTES)
        if found < 0:
            return MailRefused("550 5.6.0", "a line has more than 998 characters"), line
        line = found + len(LINE_END)
    return None, line
