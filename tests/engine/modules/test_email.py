"""The module `email` (docs/modules.md, "email")."""

from __future__ import annotations

import base64
import email
import email.policy
from collections.abc import AsyncIterator
from email.message import EmailMessage
from hashlib import sha256
from typing import Any

import pytest

from engine import Chance, Delivery, Effect, Engine, Event, Mark, Request, RuleFailed, Settings, loads, open_engine
from engine.mail.writing import loop_mark
from tests.engine.conftest import Clock, TestPico, eventually

MSG = "From: ann@example.com\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nX-A: 1\r\nX-A: 2\r\n\r\nhello\r\n"
MAIL = {
    "from": {"name": "Ann", "address": "ann@example.com"},
    "subject": "tea?",
    "message_id": "<1@example.com>",
    "references": "<0@example.com>",
    "headers": {"Subject": "tea?", "X-A": ["1", "2"]},
    "text": "hello",
    "html": "<b>hello</b>",
    "attachments": [{"content_type": "image/png", "content": "aGk="}],
    "auto": False,
}


class Sent:
    """Effects that have left."""

    def __init__(self) -> None:
        self.effects: list[tuple[Effect, Mark]] = []

    async def take(self, effect: Effect, mark: Mark) -> None:
        self.effects.append((effect, mark))

    @property
    def mails(self) -> list[EmailMessage]:
        policy = email.policy.default
        return [email.message_from_bytes(effect.body or b"", policy=policy) for effect, _ in self.effects]  # type: ignore[misc]


def with_attachment(delivery: Delivery, eid: str, time: int) -> Request:
    """A decoder: the body is one large attachment."""
    ref = sha256(delivery.body).hexdigest()
    return Event(eid, delivery.eci, "mail", "large", {"ref": ref}, time, attachments=((ref, delivery.body),))


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
async def engine(clock: Clock, sent: Sent) -> AsyncIterator[Engine]:
    settings = Settings(mail_from="Home <home@pico.example>")
    chance = Chance(now=clock, sleep=clock.sleep)
    decoders, senders = {"large": with_attachment}, {"smtp": sent.take}
    async with open_engine(settings, chance=chance, decoders=decoders, senders=senders) as engine:
        yield engine


async def value_of(pico: TestPico, expression: str, **attrs: Any) -> Any:
    """What an expression is worth in a rule that answers an event with these attributes."""
    await pico.install(f'ruleset t {{ rule t {{ select when mail x send_directive("v", {{"v": {expression}}}) }} }}')
    reply = await pico.send("mail", "x", **attrs)
    return (reply.directives or [])[0]["options"]["v"]


async def act(pico: TestPico, action: str, **attrs: Any) -> Any:
    """Let a rule act; its directives."""
    await pico.install(f"ruleset t {{ rule t {{ select when mail x {action} }} }}")
    return (await pico.send("mail", "x", **attrs)).directives


# --- what is in a mail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("email:header(event:attr(<<msg>>))", ["From", "Subject", "X-A"]),
        ('email:header(event:attrs{"msg"}, "subject")', "café"),
        ('email:header(event:attrs{"msg"}, "X-A")', ["1", "2"]),
        ('email:header(event:attrs{"msg"}, ["Subject", "No"])', {"Subject": "café", "No": None}),
        ('email:header(event:attrs{"msg"}, "no")', None),
        ('email:body(event:attrs{"msg"})', "hello\n"),
        ('email:parts(event:attrs{"msg"})', [{"text/plain": "hello\n"}]),
        ('email:parts(event:attrs{"msg"}, "text/html")', []),
    ],
)
async def test_a_whole_mail_is_read(pico: TestPico, expression: str, expected: Any) -> None:
    assert await value_of(pico, expression.replace("event:attr(<<msg>>)", 'event:attrs{"msg"}'), msg=MSG) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("email:header()", ["Subject", "X-A"]),
        ('email:header(name="subject")', "tea?"),
        ("email:body()", "hello"),
        ("email:parts()", [{"text/plain": "hello"}, {"text/html": "<b>hello</b>"}, {"image/png": "aGk="}]),
        ('email:parts(type="text/html")', [{"text/html": "<b>hello</b>"}]),
        ('email:header(event:attrs, "subject")', "tea?"),
    ],
)
async def test_without_one_the_event_is_the_mail(pico: TestPico, expression: str, expected: Any) -> None:
    assert await value_of(pico, expression, **MAIL) == expected


async def test_what_is_no_mail_stops_the_rule(pico: TestPico) -> None:
    with pytest.raises(RuleFailed, match="no mail"):
        await value_of(pico, 'email:body("")')
    with pytest.raises(RuleFailed, match="expected a mail"):
        await value_of(pico, "email:body(5)")


# --- large attachments ------------------------------------------------------------------------------------------------

LARGE = """ruleset large {
  meta { shares read }
  global { read = function(ref) { email:attachment(ref) } }
  rule keep { select when mail large send_directive("v", {"v": email:attachment(event:attrs{"ref"})}) }
}"""


def large(pico: TestPico, content: bytes) -> Delivery:
    return Delivery("smtp", pico.eci, ("event", "mail", "large"), content, decoder="large")


async def test_a_rule_reads_the_large_attachment_of_its_event(pico: TestPico) -> None:
    await pico.install(LARGE)

    reply = await pico.engine.deliver(large(pico, b"much"))

    assert (reply.directives or [])[0]["options"]["v"] == base64.b64encode(b"much").decode()


async def test_it_can_be_read_later(pico: TestPico) -> None:
    await pico.install(LARGE)
    await pico.engine.accept(large(pico, b"much"))
    ref = sha256(b"much").hexdigest()

    assert await pico.query("large", "read", ref=ref) == base64.b64encode(b"much").decode()
    assert await pico.engine.attachment(pico.eci, ref) == b"much"


async def test_no_other_pico_reaches_it(root: TestPico, pico: TestPico) -> None:
    await root.install(LARGE)
    await pico.engine.accept(large(pico, b"much"))

    assert await root.query("large", "read", ref=sha256(b"much").hexdigest()) is None


async def test_what_was_read_is_in_the_log(pico: TestPico) -> None:
    """The event can be evaluated again when the attachment has gone."""
    await pico.install(LARGE)

    reply = await pico.engine.deliver(large(pico, b"much"))

    row = pico.engine._store.log_by_eid(reply.eid)
    assert row is not None
    assert ["attachment", sha256(b"much").hexdigest(), "bXVjaA=="] in loads(row.io)


# --- mail to people ---------------------------------------------------------------------------------------------------


async def test_a_mail_leaves_after_its_event(pico: TestPico, sent: Sent) -> None:
    await act(pico, 'email:send("Bob <bob@example.org>", "Grüße", "hello", cc="c@x.org", bcc="d@x.org")')
    await eventually(lambda: _count(sent), 3)

    [mail, *_] = sent.mails
    assert (mail["From"], mail["To"], mail["Cc"]) == ("Home <home@pico.example>", "Bob <bob@example.org>", "c@x.org")
    assert (mail["Subject"], mail.get_content().strip(), mail["Bcc"]) == ("Grüße", "hello", None)
    assert mail["Auto-Submitted"] == "auto-generated"
    envelopes = [(each.headers["mail-from"], each.headers["rcpt-to"]) for each, _ in sent.effects]
    assert envelopes == [("home@pico.example", each) for each in ("bob@example.org", "c@x.org", "d@x.org")]


async def _count(sent: Sent) -> int:
    return len(sent.effects)


async def test_its_id_is_made_of_the_effects_key(pico: TestPico, sent: Sent) -> None:
    await act(pico, 'email:send("b@x.org", "s", "t") setting(id) fired { ent:id := id }')
    await eventually(lambda: _count(sent), 1)

    assert sent.mails[0]["Message-ID"] == f"<{sent.effects[0][1].key.replace('/', '.')}@pico.example>"


async def test_the_channel_is_marked_and_not_told(pico: TestPico, sent: Sent) -> None:
    await act(pico, 'email:send("b@x.org", "s", "t")')
    await eventually(lambda: _count(sent), 1)

    assert sent.mails[0]["X-Pico-Loop"] == loop_mark(pico.eci)
    assert pico.eci.encode() not in (sent.effects[0][0].body or b"")


async def test_a_mail_has_html_and_files(pico: TestPico, sent: Sent) -> None:
    file = '{"name": "ä.txt", "content_type": "application/pdf", "content": "aGk="}'
    await act(pico, f'email:send("b@x.org", "s", "t", "<b>t</b>", attachments=[{file}])')
    await eventually(lambda: _count(sent), 1)

    [mail] = sent.mails
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "application/pdf"]
    [attached] = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("ä.txt", b"hi")


async def test_an_event_that_is_evaluated_again_writes_the_same_mail(pico: TestPico, sent: Sent) -> None:
    await act(pico, 'email:send("b@x.org", "s", "t", "<b>t</b>", attachments=[{"content": "aGk="}])')

    replay = pico.engine.history.replay(pico.eci)

    assert [each for each in replay.run() if each is not None] == []


async def test_an_event_that_fails_sends_nothing(pico: TestPico, sent: Sent) -> None:
    with pytest.raises(RuleFailed):
        await act(pico, 'email:send("b@x.org", "s", "t") fired { ent:x := 1 - "a" }')

    assert sent.effects == []


@pytest.mark.parametrize(
    "action",
    [
        'email:send("b@x.org", event:attrs{"evil"}, "t")',
        'email:send(event:attrs{"evil"}, "s", "t")',
        'email:send({"name": event:attrs{"evil"}, "address": "b@x.org"}, "s", "t")',
        'email:send("b@x.org", "s", "t", from=event:attrs{"evil"})',
        'email:send("b@x.org", "s", "t", headers={"X-A": event:attrs{"evil"}})',
        'email:send("b@x.org", "s", "t", headers={"X-A: b": "c"})',
        'email:send("b@x.org", "s", "t", headers={"bcc": "c@x.org"})',
        'email:send("b@x.org", "s", "t", attachments=[{"name": event:attrs{"evil"}, "content": "aGk="}])',
        'email:send("b@x.org", "s", "t", attachments=[{"content_type": event:attrs{"evil"}, "content": "aGk="}])',
        'email:send("b@x.org", "s", "t", attachments=[{"content": "no base64"}])',
        'email:send("nobody", "s", "t")',
        'email:send("", "s", "t")',
        'email:send(5, "s", "t")',
    ],
)
@pytest.mark.parametrize("evil", ["a\r\nBcc: c@x.org", "a\nX: y", "a\u2028b", "a\x00b"])
async def test_no_word_adds_a_header(pico: TestPico, sent: Sent, action: str, evil: str) -> None:
    with pytest.raises(RuleFailed, match="email:send"):
        await act(pico, action, evil=evil)

    assert sent.effects == []


async def test_without_a_mail_server_mail_is_a_directive(clock: Clock) -> None:
    async with open_engine(Settings(), chance=Chance(now=clock, sleep=clock.sleep)) as engine:
        pico = TestPico(engine, engine.ui_context()["eci"])
        pico.eci = await pico.channel()

        [told] = await act(pico, 'email:send("b@x.org", "s", "t")')

    assert (told["name"], told["options"]) == ("send", {"to": "b@x.org", "subject": "s", "text": "t"})


# --- replies ----------------------------------------------------------------------------------------------------------


async def test_a_reply_goes_to_who_wrote_and_comes_from_nobody(pico: TestPico, sent: Sent) -> None:
    await act(pico, 'email:reply("yes")', **MAIL)
    await eventually(lambda: _count(sent), 1)

    [mail], [(effect, _)] = sent.mails, sent.effects
    assert effect.headers == {"mail-from": "", "rcpt-to": "ann@example.com"}
    assert (mail["Subject"], mail["To"]) == ("Re: tea?", "Ann <ann@example.com>")
    assert (mail["In-Reply-To"], mail["References"]) == ("<1@example.com>", "<0@example.com> <1@example.com>")
    assert mail["Auto-Submitted"] == "auto-replied"


async def test_a_reply_goes_where_it_is_wanted(pico: TestPico, sent: Sent) -> None:
    await act(pico, 'email:reply("yes")', **MAIL, reply_to=[{"name": "", "address": "desk@example.com"}])
    await eventually(lambda: _count(sent), 1)

    assert sent.effects[0][0].headers["rcpt-to"] == "desk@example.com"


async def test_a_mail_that_is_given_is_answered(pico: TestPico, sent: Sent) -> None:
    await act(pico, 'email:reply("yes", msg=event:attrs{"msg"})', msg=MSG)
    await eventually(lambda: _count(sent), 1)

    assert sent.mails[0]["Subject"] == "Re: café"


@pytest.mark.parametrize("attrs", [{**MAIL, "auto": True}, {}, {**MAIL, "from": None}])
async def test_some_mail_is_not_answered(pico: TestPico, sent: Sent, attrs: dict[str, Any]) -> None:
    assert await act(pico, 'email:reply("yes")', **attrs) == []
    assert sent.effects == []


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied", "List-Id: <a.b>", "Precedence: bulk"])
async def test_automatic_mail_that_is_given_is_not_answered(pico: TestPico, sent: Sent, header: str) -> None:
    await act(pico, 'email:reply("yes", msg=event:attrs{"msg"})', msg=f"{header}\r\n{MSG}")

    assert sent.effects == []


@pytest.mark.parametrize("name", ["subject", "message_id", "references"])
async def test_a_mail_cannot_write_headers_into_its_answer(pico: TestPico, sent: Sent, name: str) -> None:
    await act(pico, 'email:reply("yes")', **{**MAIL, name: "<1@x>\r\nX-Evil: yes"})
    await eventually(lambda: _count(sent), 1)

    assert sent.mails[0]["X-Evil"] is None
