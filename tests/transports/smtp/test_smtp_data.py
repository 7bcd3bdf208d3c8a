"""Reading what comes behind DATA: where a mail ends, and nowhere else."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.smtp.answers import MailRefused
from transports.smtp.data import read_data

LIMIT = 1_000_000
END = b"\r\n.\r\n"


async def read(*chunks: bytes, limit: int = LIMIT) -> tuple[bytes, bytes]:
    """The mail, and what is left for the next command; the chunks come one by one."""
    reader = asyncio.StreamReader()
    reading = asyncio.create_task(read_data(reader, limit))
    for chunk in chunks:
        reader.feed_data(chunk)
        for _ in range(3):
            await asyncio.sleep(0)
    try:
        content = await asyncio.wait_for(reading, 5)
    finally:
        reader.feed_eof()
        rest = await reader.read()
    return content, rest


async def test_a_mail_ends_with_a_lone_dot() -> None:
    assert await read(b"Subject: s\r\n\r\nx" + END) == (b"Subject: s\r\n\r\nx\r\n", b"")


async def test_a_mail_can_be_empty() -> None:
    assert await read(b".\r\n") == (b"", b"")


@pytest.mark.parametrize(
    "inside", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r\n.\r.\r\n"]
)
async def test_nothing_else_ends_it(inside: bytes) -> None:
    """CVE-2024-27305: what is the end for one server and not for the other lets a second mail hide in the first."""
    content, rest = await read(b"a" + inside + b"MAIL FROM:<evil@x>" + END)

    assert content.endswith(b"MAIL FROM:<evil@x>\r\n")
    assert rest == b""


async def test_the_dot_in_front_of_a_line_is_taken_off() -> None:
    assert (await read(b"..a\r\n.b\r\n...\r\nc.\r\n" + END[2:]))[0] == b".a\r\nb\r\n..\r\nc.\r\n"


async def test_what_comes_behind_the_end_is_the_next_command() -> None:
    assert await read(b"a" + END + b"QUIT\r\nx") == (b"a\r\n", b"QUIT\r\nx")


@given(st.binary(max_size=60), st.lists(st.integers(1, 7), min_size=1))
def test_it_does_not_matter_how_the_mail_is_cut(content: bytes, lengths: list[int]) -> None:
    lines = [line.removeprefix(b".") for line in content.split(b"\r\n")]
    sent = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + END + b"NOOP\r\n"
    chunks = [sent[at : at + length] for at, length in _cuts(len(sent), lengths)]

    assert asyncio.run(read(*chunks)) == (b"\r\n".join(lines) + b"\r\n", b"NOOP\r\n")


def _cuts(size: int, lengths: list[int]) -> list[tuple[int, int]]:
    found, at, number = [], 0, 0
    while at < size:
        length = lengths[number % len(lengths)]
        found.append((at, length))
        at, number = at + length, number + 1
    return found


@pytest.mark.parametrize("cut", [1, 999, 1000, 1001, 5000])
async def test_a_line_has_so_many_characters(cut: int) -> None:
    good, bad = b"x" * 998 + b"\r\n", b"x" * 1000 + b"\r\n"

    for sent in (good * 3, b"." + good):
        sent += b"y" + END
        await read(*(sent[at : at + cut] for at in range(0, len(sent), cut)))
    with pytest.raises(MailRefused, match="998"):
        await read(good + bad + good + END)


@pytest.mark.parametrize("rest", [b"", b"RSET\r\n"])
async def test_a_mail_that_is_too_large_is_read_to_its_end(rest: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"x" * 90 + b"\r\n" + b"y" * 90 + END + rest)

    with pytest.raises(MailRefused, match="too large"):
        await read_data(reader, 100)

    reader.feed_eof()
    assert await reader.read() == rest


async def test_a_mail_of_the_very_size_is_taken() -> None:
    assert len((await read(b"x" * 98 + END, limit=100))[0]) == 100
    with pytest.raises(MailRefused, match="too large"):
        await read(b"x" * 99 + END, limit=100)


async def test_a_mail_without_end_is_no_mail() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"Subject: s\r\n")
    reader.feed_eof()

    with pytest.raises(ConnectionResetError):
        await read_data(reader, LIMIT)
