"""Connections: how many, how long, and how they end (docs/smtp.md, "Limits")."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from engine import Settings
from engine.store.memory import MemoryStore
from tests.engine.stores import HeldStore
from tests.transports.smtp.post import SENDER, SmtpSettings, mail, post
from transports.smtp.transport import SmtpTransport
from transports.transport import ConfigurationError


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection that has not read anything yet."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        yield connection


async def greeting(port: int) -> str:
    """What a new connection is greeted with."""

    def run() -> str:
        with connected(port) as connection:
            return connection.recv(1000).decode()

    return await asyncio.to_thread(run)


async def test_one_address_has_so_many_connections() -> None:
    async with post(SmtpSettings(connections_per_address=2)) as there:
        port = there.transport.ports["listen"]
        with connected(port) as first, connected(port) as second:
            for each in (first, second):
                assert (await asyncio.to_thread(each.recv, 1000))[:3] == b"220"

            assert (await greeting(port))[:3] == "421"
        while (await greeting(port))[:3] != "220":  # they have an end
            await asyncio.sleep(0.01)


async def test_all_addresses_together_have_so_many_connections() -> None:
    async with post(SmtpSettings(max_connections=2)) as there:
        port = there.transport.ports["listen"]
        with connected(port) as first, connected(port) as second:
            for each in (first, second):
                assert (await asyncio.to_thread(each.recv, 1000))[:3] == b"220"

            assert (await greeting(port))[:9] == "421 4.7.0"
        while (await greeting(port))[:3] != "220":  # they have an end
            await asyncio.sleep(0.01)


async def test_a_connection_in_which_nothing_comes_is_closed() -> None:
    async with post(SmtpSettings(idle_seconds=0.05)) as there:
        with connected(there.transport.ports["listen"]) as connection:
            said = [await asyncio.to_thread(connection.recv, 1000) for _ in range(2)]

        assert (said[0][:3], said[1]) == (b"220", b"")


async def test_a_mail_that_takes_long_to_come_is_not_cut_off() -> None:
    async with post(SmtpSettings(idle_seconds=0.4)) as there:
        lines = [b"line %d\r\n" % number for number in range(8)]

        def slowly() -> bytes:
            with socket.create_connection(("127.0.0.1", there.transport.ports["listen"]), timeout=20) as connection:
                stream = connection.makefile("rb")
                stream.readline()
                begin = f"HELO x\r\nMAIL FROM:<{SENDER}>\r\nRCPT TO:<{there.address}>\r\nDATA\r\nFrom: a@x\r\n\r\n"
                connection.sendall(begin.encode())
                for line in lines:
                    time.sleep(0.08)  # the peer's slowness is what is tested
                    connection.sendall(line)
                connection.sendall(b".\r\n")
                return [stream.readline() for _ in range(5)][-1]

        assert (await asyncio.to_thread(slowly)).startswith(b"250 2.0.0")


async def test_who_sends_without_end_is_cut_off() -> None:
    async with post(SmtpSettings(max_message_bytes=20_000)) as there:

        def flood() -> int:
            sent = 0
            with socket.create_connection(("127.0.0.1", there.transport.ports["listen"]), timeout=20) as connection:
                connection.recv(1000)
                begin = f"HELO x\r\nMAIL FROM:<{SENDER}>\r\nRCPT TO:<{there.address}>\r\nDATA\r\n"
                connection.sendall(begin.encode())
                try:
                    while sent < 50_000_000:
                        connection.sendall(b"x" * 60 + b"\r\n")
                        sent += 62
                except ConnectionError:
                    pass
            return sent

        assert await asyncio.to_thread(flood) < 50_000_000


async def test_too_many_calls_of_one_command_end_the_connection() -> None:
    async with post() as there:
        answers = await there.raw(*[b"HELP\r\n"] * 21)

        assert answers[-1].startswith("421")


async def test_an_engine_with_too_much_to_do_says_so_at_once() -> None:
    async with post() as there:
        there.engine.settings = replace(there.engine.settings, inbox_limit=0)

        assert (await greeting(there.transport.ports["listen"])).startswith("421 4.3.2")


async def test_a_full_inbox_is_worth_another_try() -> None:
    async with post(engine=Settings(pico_inbox_limit=1)) as there:
        await there.engine.operations.pause(there.pico.eci)

        codes = [(await there.send(mail(body=str(n))))[:1] for n in range(3)]

        assert codes[0] == (250,)
        assert codes[-1] == (451,)


async def test_a_mail_that_is_coming_in_is_answered_before_the_end() -> None:
    store = HeldStore(MemoryStore())
    async with post(store=store) as there:
        with store.held():
            sending = asyncio.create_task(there.send(mail()))
            await store.reached()
            stopping = asyncio.create_task(there.transport.stop())
            await asyncio.sleep(0)

        assert (await sending)[0] == 250
        await stopping


async def test_stopping_leaves_no_connection() -> None:
    async with post() as there:
        with connected(there.transport.ports["listen"]) as connection:
            await asyncio.to_thread(connection.recv, 1000)

            await there.transport.stop()

            assert await asyncio.to_thread(connection.recv, 1000) == b""
        assert there.transport.state == "stopped"


async def test_a_place_that_is_taken_is_told() -> None:
    async with post() as there:
        other = SmtpTransport(SmtpSettings(listen=f"127.0.0.1:{there.transport.ports['listen']}"))

        with pytest.raises(ConfigurationError, match="cannot listen"):
            await other.start(there.engine)
        await other.stop()


async def test_where_it_listens_is_told() -> None:
    async with post(SmtpSettings(listen="127.0.0.1:0", lmtp="127.0.0.1:0")) as there:
        ports = there.transport.ports

        assert there.transport.state == f"listen on 127.0.0.1:{ports['listen']}, lmtp on 127.0.0.1:{ports['lmtp']}"
        assert there.transport.up


async def test_answers_are_counted() -> None:
    async with post() as there:
        await there.send(mail())
        await there.rcpt("nosuch@h")

        assert there.transport.answers == {"250": 2, "550": 1}


async def test_one_kind_of_judgement_a_mail() -> None:
    """A refusal that only one of the recipients deserves must not be for all."""
    async with post(SmtpSettings(profiles={"strict": "dmarc=require_pass"}, authserv_id="mx")) as there:
        other = await there.pico.channel()

        code, _ = await there.send(mail(), there.address, f"strict+{other}@h")

        assert code == 452


@pytest.mark.parametrize(("result", "code"), [("pass", 250), ("fail", 550), (None, 550)])
async def test_a_profile_can_ask_for_dmarc(result: str | None, code: int) -> None:
    async with post(SmtpSettings(profiles={"x": "dmarc=require_pass"}, authserv_id="mx")) as there:
        said = (
            [f"Authentication-Results: mx; dmarc={result}"] if result else ["Authentication-Results: evil; dmarc=pass"]
        )

        answer, text = await there.send(mail(*said))

        assert answer == code
        assert code == 250 or text.startswith("5.7.26")


async def test_a_profile_can_choose_its_senders() -> None:
    async with post(SmtpSettings(profiles={"x": "senders=*@example.com"})) as there:
        assert (await there.rcpt(there.address, "Ann@Example.com"))[0] == 250
        assert (await there.rcpt(there.address, "ann@example.org"))[1][:5] == "5.7.1"


async def test_a_profile_can_be_narrower_than_the_rest() -> None:
    async with post(SmtpSettings(profiles={"x": "max_message_bytes=300"})) as there:
        assert (await there.send(mail()))[0] == 250
        assert (await there.send(mail(body="line\n" * 100)))[1][:5] == "5.3.4"
