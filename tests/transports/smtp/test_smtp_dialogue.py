"""The dialogue with mail servers: what is taken, what is refused, and how that is said (docs/smtp.md, "Answers")."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine import ChannelNotFound, Overloaded, Settings, StoreUnavailable
from engine.store.interface import Writes
from engine.store.memory import MemoryStore
from tests.engine.stores import HeldStore
from tests.engine.want import no_thread_starts
from tests.transports.smtp.post import LISTENER, SENDER, SmtpSettings, mail, post
from transports.smtp.session import LARGE

NOTHING_ALLOWED = {"eventPolicy": {"allow": [{"domain": "order", "name": "new"}], "deny": []}}


async def test_a_mail_to_a_classic_address_is_an_event() -> None:
    async with post() as there:
        code, text = await there.send(mail())

        assert (code, (await there.last())["subject"]) == (250, "hi"), text
        assert (await there.last())["_type"] == "received"


async def test_the_address_names_domain_and_type() -> None:
    async with post() as there:
        await there.send(mail(), f"x.{there.pico.eci}.mail.sent@h")

        assert (await there.last())["_type"] == "sent"


async def test_a_mail_is_answered_when_it_is_on_disk() -> None:
    store = HeldStore(MemoryStore())
    async with post(store=store) as there:
        with store.held():
            sending = asyncio.create_task(there.send(mail()))
            await store.reached()
            assert not sending.done()

        assert (await sending)[0] == 250


async def test_the_answer_names_the_event() -> None:
    async with post() as there:
        _, text = await there.send(mail())

        eid = text.split()[1]
        assert there.engine.reports.event(eid)["domain"] == "email"


async def test_a_mail_that_comes_again_happens_once() -> None:
    async with post() as there:
        first = await there.send(mail(id="one@example.com"))
        again = await there.send(mail(id="one@example.com"))

        assert first == again
        assert len(await there.mails()) == 1


async def test_a_mail_without_an_id_is_known_by_its_bytes() -> None:
    async with post() as there:
        assert await there.send(mail()) == await there.send(mail())
        assert await there.send(mail(body="other")) != await there.send(mail())


async def test_one_mail_to_two_events_of_one_channel_is_both() -> None:
    async with post() as there:
        eci = there.pico.eci
        await there.send(mail(id="1@x"), f"x+{eci}@h", f"x+{eci}+mail+sent@h")

        assert sorted(each["_type"] for each in await there.mails()) == ["received", "sent"]


async def test_an_address_that_is_given_twice_has_one_event() -> None:
    async with post() as there:
        code, _ = await there.send(mail(id="1@x"), there.address, there.address.upper())

        assert (code, len(await there.mails())) == (250, 1)


async def test_recipients_do_not_learn_of_each_other() -> None:
    async with post() as there:
        other = await there.pico.channel()
        await there.send(mail("Bcc: secret@example.org"), there.address, f"y+{other}@h")

        seen = await there.mails()
        assert [each["envelope"]["rcpt_to"] for each in seen] == [there.address, f"y+{other}@h"]
        assert "secret" not in str(seen)


class WatchedStore(MemoryStore):
    """Tells which channels' events arrived by which commit."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: list[set[str]] = []

    def write(self, batch: Sequence[Writes]) -> None:
        super().write(batch)
        self.arrived.append({row.eci for each in batch for row in each.inbox_add})


async def test_several_recipients_share_a_commit() -> None:
    store = WatchedStore()
    async with post(store=store) as there:
        ecis = {await there.pico.channel() for _ in range(4)}

        await there.send(mail(), *(f"x+{eci}@h" for eci in ecis))

        assert ecis in store.arrived


# --- refusals at RCPT -------------------------------------------------------------------------------------------------


async def test_an_unknown_channel_is_refused_before_the_mail_is_sent() -> None:
    async with post() as there:
        code, text = await there.rcpt("x+nosuchchannel@h")

        assert (code, text[:5]) == (550, "5.1.1")


async def test_the_policy_is_asked_about_this_event() -> None:
    async with post() as there:
        eci = await there.pico.channel(**NOTHING_ALLOWED)

        assert (await there.rcpt(f"x+{eci}@h"))[1][:5] == "5.7.1"
        assert (await there.rcpt(f"x+{eci}+order+new@h"))[0] == 250


async def test_strangers_cannot_tell_a_closed_channel_from_none() -> None:
    async with post(engine=Settings(hide_channels=True)) as there:
        eci = await there.pico.channel(**NOTHING_ALLOWED)

        assert (await there.rcpt(f"x+{eci}@h"))[1][:5] == "5.1.1"


async def test_strangers_cannot_tell_who_may_write_to_what_is_hidden() -> None:
    rules = {"strict": "senders=boss@x", "named": "users=printer"}
    settings = SmtpSettings(profiles=rules, aliases={"orders": "nosuch email:received strict"})
    async with post(settings, Settings(hide_channels=True)) as there:
        closed = await there.pico.channel(**NOTHING_ALLOWED)
        addresses = [f"strict+{there.pico.eci}@h", f"named+{there.pico.eci}@h", f"x+{closed}@h", "x+no@h", "orders@h"]

        assert {await there.rcpt(each) for each in addresses} == {(550, "5.1.1 no such address")}


@pytest.mark.parametrize("address", ['"', '""', "<@:>", "(" * 400, '"\\', "[", "a@[1"])
async def test_what_the_library_cannot_read_is_malformed(address: str) -> None:
    async with post() as there:
        answers = await there.raw(b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<" + address.encode() + b"\r\n")

        assert answers[-1][:3] in ("501", "553", "550"), answers[-1]


async def test_mail_for_the_postmaster_has_its_limit_too() -> None:
    async with post(SmtpSettings(mails_per_minute=1)) as there:
        assert [(await there.send(mail(), "postmaster@h"))[0] for _ in range(2)] == [250, 451]


@pytest.mark.parametrize("address", ["x.@h", "a" * 65 + "@h", "x..y@h"])
async def test_an_address_that_means_nothing_is_malformed(address: str) -> None:
    async with post() as there:
        code, text = await there.rcpt(address)

        assert code in (501, 553), text
        assert text[:5] == "5.1.3"


async def test_mail_for_another_domain_is_not_taken() -> None:
    async with post(SmtpSettings(domains=("pico.example.org",))) as there:
        eci = there.pico.eci

        assert (await there.rcpt(f"x+{eci}@elsewhere.org"))[1][:5] == "5.7.1"
        assert (await there.rcpt(f"x+{eci}@PICO.example.org"))[0] == 250


async def test_one_recipient_too_many_is_for_the_next_mail() -> None:
    async with post(SmtpSettings(max_recipients=2)) as there:
        eci = there.pico.eci

        def talk(client: smtplib.SMTP) -> list[int]:
            client.mail(SENDER)
            return [client.rcpt(f"x+{eci}+email+received+{n}@h")[0] for n in range(3)]

        assert await there.dialogue(talk) == [250, 250, 452]


async def test_a_dead_recipient_does_not_keep_the_mail_from_a_living_one() -> None:
    async with post() as there:
        living = there.address

        def talk(client: smtplib.SMTP) -> dict[str, tuple[int, bytes]]:
            return client.sendmail(SENDER, ["x+nosuch@h", living], mail())

        refused = await there.dialogue(talk)
        assert [code for code, _ in refused.values()] == [550]
        assert len(await there.mails()) == 1


async def test_the_postmaster_is_always_there() -> None:
    async with post() as there:
        assert (await there.send(mail(), "postmaster"))[0] == 250
        assert (await there.send(mail(), "Postmaster@example.org"))[0] == 250
        assert await there.mails() == []


async def test_the_postmaster_can_be_a_pico() -> None:
    async with post() as there:
        aliases = {"postmaster": there.pico.eci}
        there.transport._addresses.aliases = {**_aliases(aliases)}

        await there.send(mail(), "postmaster@h")

        assert len(await there.mails()) == 1


def _aliases(lines: dict[str, str]) -> dict[str, object]:
    from transports.smtp.address import alias_from

    return {name: alias_from(text) for name, text in lines.items()}


async def test_a_channel_gets_so_many_mails_a_minute() -> None:
    async with post(SmtpSettings(mails_per_minute=2)) as there:
        codes = [(await there.send(mail(body=str(n))))[0] for n in range(3)]

        assert codes == [250, 250, 451]


async def test_an_address_that_gets_no_mail_is_not_counted() -> None:
    """Or anybody could keep a channel's mail away by asking for its address."""
    async with post(SmtpSettings(mails_per_minute=1)) as there:
        assert [(await there.rcpt(there.address))[0] for _ in range(3)] == [250, 250, 250]
        assert (await there.send(mail()))[0] == 250


async def test_a_mail_that_is_refused_is_not_counted() -> None:
    async with post(SmtpSettings(mails_per_minute=1, max_message_bytes=1000)) as there:
        assert (await there.send(mail(body="x" * 2000)))[0] == 552
        assert (await there.send(b"no header\r\n"))[0] == 550
        assert (await there.send(mail()))[0] == 250


async def test_a_mail_that_comes_again_is_not_counted() -> None:
    async with post(SmtpSettings(mails_per_minute=2)) as there:
        codes = [(await there.send(mail(id="one")))[0] for _ in range(4)]

        assert codes == [250, 250, 250, 250]
        assert len(await there.mails()) == 1


async def test_two_dialogues_at_one_time_get_no_more_than_the_limit() -> None:
    """Each of them was told at RCPT that there is room; for the second there is none when its mail comes."""
    async with post(SmtpSettings(mails_per_minute=1)) as there:

        def talk(client: smtplib.SMTP) -> tuple[int, bytes]:
            client.mail(SENDER)
            assert client.rcpt(there.address)[0] == 250
            asyncio.run_coroutine_threadsafe(there.send(mail(body="first")), loop).result(20)
            return client.data(mail(body="second"))

        loop = asyncio.get_running_loop()
        code, text = await there.dialogue(talk)

        assert (code, text[:5]) == (451, b"4.7.1")
        assert len(await there.mails()) == 1


async def test_a_mail_counts_once_for_each_event_that_comes_of_it() -> None:
    async with post(SmtpSettings(mails_per_minute=2)) as there:
        others = [f"x+{there.pico.eci}+mail+{type}@h" for type in ("sent", "received")]

        def talk(client: smtplib.SMTP) -> list[int]:
            client.mail(SENDER)
            codes = [client.rcpt(each)[0] for each in (there.address, f"y+{there.pico.eci}@h", *others)]
            return [*codes, client.data(mail())[0]]

        assert await there.dialogue(talk) == [250, 250, 250, 451, 250]
        assert (await there.rcpt(there.address))[0] == 451


async def test_a_mail_that_nobody_gets_since_one_may_not_is_not_counted() -> None:
    async with post(SmtpSettings(mails_per_minute=2)) as there:
        others = [f"x+{there.pico.eci}+mail+{type}@h" for type in ("sent", "received")]

        def talk(client: smtplib.SMTP) -> int:
            client.mail(SENDER)
            assert [client.rcpt(each)[0] for each in others] == [250, 250]
            asyncio.run_coroutine_threadsafe(there.send(mail(body="first")), loop).result(20)
            return client.data(mail(body="second"))[0]

        loop = asyncio.get_running_loop()
        assert await there.dialogue(talk) == 451
        assert (await there.send(mail(body="third")))[0] == 250


async def test_who_is_one_too_many_by_lmtp_is_told_alone() -> None:
    async with post(SmtpSettings(listen="127.0.0.1:0", lmtp="127.0.0.1:0", mails_per_minute=1)) as there:
        other = await there.pico.child("other")
        await other.install(LISTENER)
        elsewhere = f"x+{other.eci}@h"

        def talk(client: smtplib.SMTP) -> list[str]:
            for each in (there.address, elsewhere):
                client.mail(SENDER)
                assert client.rcpt(each)[0] == 250
                client.rset()
            client.mail(SENDER)
            client.rcpt(there.address)
            client.rcpt(elsewhere)
            asyncio.run_coroutine_threadsafe(there.send(mail(body="first"), elsewhere), loop).result(20)
            client.putcmd("data")
            client.getreply()
            client.send(mail(body="second") + b".\r\n")
            return [client.getreply()[1][:5].decode() for _ in range(2)]

        loop = asyncio.get_running_loop()
        assert await there.dialogue(talk, "lmtp") == ["2.0.0", "4.7.1"]


async def test_an_engine_that_stops_asks_the_sender_to_try_again() -> None:
    async with post() as there:

        def talk(client: smtplib.SMTP) -> tuple[int, bytes]:
            client.mail(SENDER)
            there.engine.stopping = True
            return client.rcpt(there.address)

        try:
            code, text = await there.dialogue(talk)
        finally:
            there.engine.stopping = False
        assert (code, text[:5]) == (451, b"4.3.0")


# --- refusals at DATA -------------------------------------------------------------------------------------------------


async def test_a_size_that_is_announced_too_large_is_refused_at_once() -> None:
    async with post(SmtpSettings(max_message_bytes=1000)) as there:
        code, text = await there.dialogue(lambda client: client.mail(SENDER, ["SIZE=1001"]))

        assert (code, text[:5]) == (552, b"5.3.4")


async def test_a_size_that_is_a_lie_is_refused_in_the_end() -> None:
    async with post(SmtpSettings(max_message_bytes=1000)) as there:

        def talk(client: smtplib.SMTP) -> tuple[int, bytes]:
            client.mail(SENDER, ["SIZE=10"])
            client.rcpt(there.address)
            return client.data(mail(body="x" * 60 + "\n" + "y" * 950))

        code, text = await there.dialogue(talk)
        assert (code, text[:5]) == (552, b"5.3.4")
        assert await there.mails() == []


async def test_a_body_may_be_larger_than_those_of_other_transports() -> None:
    async with post(engine=Settings(max_body_bytes=2000)) as there:
        assert (await there.send(mail(body="line\n" * 1000)))[0] == 250


async def test_what_has_no_header_is_no_mail() -> None:
    async with post() as there:
        code, text = await there.send(b"\r\nonly a body\r\n")

        assert (code, text[:5]) == (550, "5.6.0")


async def test_a_mail_that_has_passed_51_servers_goes_round() -> None:
    async with post() as there:
        received = ["Received: from a by b; Fri, 1 Mar 2024 12:00:00 +0000"]

        assert (await there.send(mail(*received * 50)))[0] == 250
        code, text = await there.send(mail(*received * 51))
        assert (code, text[:5]) == (554, "5.4.6")


async def test_a_mail_that_left_by_this_channel_does_not_come_back() -> None:
    async with post() as there:
        code, text = await there.send(mail(f"X-Pico-Loop: {there.pico.eci}"))

        assert (code, text[:5]) == (554, "5.4.6")
        assert (await there.send(mail("X-Pico-Loop: other")))[0] == 250


@pytest.mark.parametrize(
    ("error", "code", "enhanced"),
    [
        (Overloaded("too much"), 451, "4.3.2"),
        (StoreUnavailable("no disk"), 451, "4.3.0"),
        (RuntimeError("a fault"), 451, "4.3.0"),
    ],
)
async def test_what_may_pass_is_worth_another_try(
    error: Exception, code: int, enhanced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with post() as there:

        def refuse(delivery: object, told: object) -> None:
            told(None, error)  # type: ignore[operator]

        monkeypatch.setattr(there.engine, "accept_nowait", refuse)

        answer, text = await there.send(mail())
        assert (answer, text[:5]) == (code, enhanced)


@pytest.mark.fault(53)
async def test_a_large_mail_that_there_is_no_thread_to_read_is_to_come_again() -> None:
    large = mail(body="a line\n" * (LARGE // 6), id="large@x")
    async with post() as there:
        await asyncio.to_thread(str)  # a thread for the other mail program
        with no_thread_starts():
            code, _ = await there.send(large)
        again, _ = await there.send(large)

        assert (code, again, len(await there.mails())) == (451, 250, 1)


async def test_a_disk_that_refuses_a_commit_is_said_and_the_next_try_is_taken() -> None:
    store = HeldStore(MemoryStore())
    async with post(store=store) as there:
        store.refuse(1)

        assert (await there.send(mail(id="1@x")))[0] == 451
        code = 451
        while code == 451:
            code, _ = await there.send(mail(id="1@x"))
        assert (code, len(await there.mails())) == (250, 1)


async def test_a_mail_that_only_a_part_could_be_stored_of_is_repeated_without_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with post() as there:
        other = await there.pico.channel()
        take = there.engine.accept_nowait
        full = {other}

        def first_only(delivery: object, told: object) -> None:
            if delivery.eci in full:  # type: ignore[attr-defined]
                told(None, Overloaded("full"))  # type: ignore[operator]
            else:
                take(delivery, told)  # type: ignore[arg-type]

        monkeypatch.setattr(there.engine, "accept_nowait", first_only)
        content = mail(id="1@x")
        assert (await there.send(content, there.address, f"x+{other}@h"))[0] == 451
        full.clear()
        assert (await there.send(content, there.address, f"x+{other}@h"))[0] == 250

        seen = [each["envelope"]["rcpt_to"] for each in await there.mails()]
        assert seen == [there.address, f"x+{other}@h"]


async def test_what_one_recipient_is_refused_for_good_is_not_said_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """His channel goes between RCPT and DATA: at the next try he alone is refused, and the others know the mail."""
    async with post() as there:
        other = await there.pico.channel()
        take = there.engine.accept_nowait

        def gone(delivery: object, told: object) -> None:
            if delivery.eci == other:  # type: ignore[attr-defined]
                told(None, ChannelNotFound(other))  # type: ignore[operator]
            else:
                take(delivery, told)  # type: ignore[arg-type]

        monkeypatch.setattr(there.engine, "accept_nowait", gone)

        assert (await there.send(mail(), there.address, f"x+{other}@h"))[0] == 451


async def test_a_rule_that_fails_has_taken_its_mail() -> None:
    async with post() as there:
        await there.pico.install(
            'ruleset fails { rule f { select when email received fired { raise x event "y" attributes 1 - "a" } } }'
        )

        assert (await there.send(mail()))[0] == 250


async def test_the_null_sender_is_taken_and_told_as_nobody() -> None:
    async with post() as there:
        assert (await there.send(mail(), sender=""))[0] == 250

        last = await there.last()
        assert (last["envelope"]["mail_from"], last["auto"]) == ("", True)


async def test_a_bare_line_feed_ends_no_mail() -> None:
    """CVE-2024-27305: the second mail, which no server in front has seen, must not be one."""
    async with post() as there:
        smuggled = b"a\n.\nMAIL FROM:<evil@x>\nRCPT TO:<" + there.address.encode() + b">\nDATA\nFrom: evil@x\n\nhi\n"
        answers = await there.raw(
            b"EHLO x\r\n",
            f"MAIL FROM:<{SENDER}>\r\n".encode(),
            f"RCPT TO:<{there.address}>\r\n".encode(),
            b"DATA\r\n",
            b"From: ann@example.com\r\n\r\n" + smuggled + b".\r\n.\r\n",
        )

        assert answers[-1].startswith("250 2.0.0")
        assert len(await there.mails()) == 1
        assert "MAIL FROM" in (await there.last())["text"]


async def test_a_line_beyond_the_standard_is_refused() -> None:
    async with post() as there:
        code, text = await there.send(mail(body="x" * 2000))

        assert (code, text[:5]) == (550, "5.6.0")


async def test_lines_that_begin_with_a_dot_arrive_as_they_were() -> None:
    async with post() as there:
        await there.send(mail(body=".one\n..two\nthree"))

        assert (await there.last())["text"] == ".one\n..two\nthree\n"


# --- LMTP -------------------------------------------------------------------------------------------------------------


async def test_by_lmtp_each_recipient_has_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with post(SmtpSettings(lmtp="127.0.0.1:0")) as there:
        other = await there.pico.channel()
        take = there.engine.accept_nowait

        def first_only(delivery: object, told: object) -> None:
            if delivery.eci == other:  # type: ignore[attr-defined]
                told(None, Overloaded("full"))  # type: ignore[operator]
            else:
                take(delivery, told)  # type: ignore[arg-type]

        monkeypatch.setattr(there.engine, "accept_nowait", first_only)
        answers = await there.raw(
            b"LHLO x\r\n",
            f"MAIL FROM:<{SENDER}>\r\n".encode(),
            f"RCPT TO:<{there.address}>\r\n".encode(),
            f"RCPT TO:<x+{other}@h>\r\n".encode(),
            b"DATA\r\n",
            mail() + b".\r\n",
            b"",
            listener="lmtp",
        )

        assert [each[:9] for each in answers[-2:]] == ["250 2.0.0", "451 4.3.2"]


async def test_by_lmtp_a_mail_that_is_too_large_is_refused_for_each() -> None:
    async with post(SmtpSettings(lmtp="127.0.0.1:0", max_message_bytes=500)) as there:
        other = await there.pico.channel()
        answers = await there.raw(
            b"LHLO x\r\n",
            f"MAIL FROM:<{SENDER}>\r\n".encode(),
            f"RCPT TO:<{there.address}>\r\n".encode(),
            f"RCPT TO:<x+{other}@h>\r\n".encode(),
            b"DATA\r\n",
            mail(body="line\n" * 200) + b".\r\n",
            b"",
            listener="lmtp",
        )

        assert [each[:9] for each in answers[-2:]] == ["552 5.3.4", "552 5.3.4"]


def test_settings_say_where_there_is_mail() -> None:
    assert not SmtpSettings().on
    assert replace(SmtpSettings(), smart_host="h").on
