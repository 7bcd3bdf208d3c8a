"""What each mail comes to: who may write to whom, and one delivery for each recipient.

Channel and policy are asked at RCPT, before the mail is sent; at DATA it is read once, judged, counted, and handed to
the engine for all recipients together, so that they share one commit. 250 is said when all of it is on disk. If only a
part is, the sender is asked to try again, and the keys see to it that what is there does not happen twice: nothing is
accepted and then lost, nothing is sent back by us.

Source: docs/smtp.md, "Answers".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from engine import (
    ChannelNotFound,
    Delivery,
    DeliveryTooLarge,
    Engine,
    Mail,
    PolicyRefused,
    Receipt,
    Stopping,
    on_thread,
    read_mail,
)

from .address import POSTMASTER, Target, is_postmaster, resolve, split_address
from .answers import AGAIN, MailRefused, accepted, is_passing, line, refusal
from .credentials import is_user
from .decode import DECODER, mail_limits
from .profile import Addresses, Profile
from .rates import Rates
from .settings import SmtpSettings
from .trust import authentication, is_looping, without_lies

TOO_MANY_LOGINS = "454 4.7.0 too many failed logins, please try again later"
NULL_SENDER = "<>"  # as the protocol's library gives it
MAX_KEY = 250  # characters of a Message-ID that stand in a key; a longer one is hashed
LARGE = 64 * 1024  # bytes; a larger mail is read on another thread
LARGE_AT_ONCE = 4  # of all connections of a listener: what each of them becomes is several times as large
BYTES_AT_ONCE = 16 * 1024 * 1024  # of one mail, for all recipients whose events are being stored
FAILED_LOGINS_A_MINUTE = 10  # from one address

_log = structlog.get_logger("picoengine.smtp")


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address that was taken, and what it means; without a target, the postmaster's."""

    address: str
    profile: Profile
    target: Target | None

    @property
    def place(self) -> tuple[str, str]:
        """What recipients have in common that get one event: the channel, or the postmaster, and the words."""
        return (POSTMASTER, "") if self.target is None else (self.target.eci, self.target.place)


@dataclass(slots=True)
class Transaction:
    """What the dialogue said about one mail, beside what the library keeps."""

    size: int = 0  # as announced
    recipients: list[Recipient] = field(default_factory=list)


class MailEnvelope(Envelope):
    """The library's envelope with our transaction in it: it is new for every mail."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = Transaction()


class Handler:
    """Answers the commands of one listener; the library calls it and speaks the rest of the protocol."""

    def __init__(
        self,
        engine: Engine,
        settings: SmtpSettings,
        addresses: Addresses,
        rates: Rates,
        counted: Callable[[str], None],
        *,
        lmtp: bool = False,
        logs_in: bool = False,
    ) -> None:
        """`counted` is told the code of each answer to a recipient or a mail."""
        self._engine = engine
        self._settings = settings
        self._addresses = addresses
        self._rates = rates
        self._counted = counted
        self._lmtp = lmtp
        self._logs_in = logs_in
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    # --- commands -----------------------------------------------------------------------------------------

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Who is there, and what we can do. Nobody is offered to log in where it means nothing."""
        session.host_name = hostname
        return [each for each in responses if self._logs_in or not each[4:].startswith("AUTH")]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: MailEnvelope, address: str, options: list[str]
    ) -> str:
        """A mail begins. The library has refused it already if it announces too much."""
        if self._engine.stopping:
            return refusal(Stopping("the engine is stopping"))
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        sizes = [option.partition("=")[2] for option in options if option.upper().startswith("SIZE=")]
        envelope.transaction.size = int(sizes[0]) if sizes else 0
        return "250 2.1.0 ok"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: MailEnvelope, address: str, options: list[str]
    ) -> str:
        """Whether the mail may go to this address, as far as can be known before it is there."""
        try:
            recipient = self._recipient(session, envelope, address)
        except Exception as error:  # noqa: BLE001 - whatever it is, the sender is told, and nothing was accepted
            return self._told(refusal(error, at_recipient=True))
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        envelope.transaction.recipients.append(recipient)
        return self._told("250 2.1.5 ok")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: MailEnvelope) -> str:
        """The mail is there: it is stored for everybody, or refused."""
        recipients = envelope.transaction.recipients
        try:
            outcomes: Sequence[Receipt | Exception | None] = await self._take(session, envelope)
        except Exception as error:  # noqa: BLE001 - as above
            outcomes = [error] * len(recipients)
        if self._lmtp:
            return "\r\n".join(self._told(_one_answer([outcome])) for outcome in outcomes)
        return self._told(_one_answer(outcomes))

    async def handle_exception(self, error: Exception) -> str:
        """A fault in the dialogue itself."""
        _log.error("a mail dialogue failed", exc_info=error)
        return line(AGAIN, "not now, please try again")

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        """Whether these are a user's name and password."""
        guesser = f"login from {_peer(session)}"
        if not self._rates.has(guesser, FAILED_LOGINS_A_MINUTE):
            return AuthResult(success=False, handled=False, message=TOO_MANY_LOGINS)
        known = is_user(self._settings.users, data.login, data.password)
        if not known:
            self._rates.take(guesser, FAILED_LOGINS_A_MINUTE)
            _log.warning("a login failed", peer=_peer(session))
        return AuthResult(success=known, handled=False, auth_data=data if known else None)

    def _told(self, answer: str) -> str:
        self._counted(answer[:3])
        return answer

    # --- a recipient --------------------------------------------------------------------------------------

    def _recipient(self, session: Session, envelope: MailEnvelope, address: str) -> Recipient:
        """Raises what stands in the table of answers."""
        engine, settings, transaction = self._engine, self._settings, envelope.transaction
        if engine.stopping:
            raise Stopping("the engine is stopping")
        if len(transaction.recipients) >= settings.max_recipients:
            raise MailRefused("452 4.5.3", f"at most {settings.max_recipients} recipients of one mail")
        local, domain = split_address(address)
        if domain and settings.domains and domain not in {each.lower() for each in settings.domains}:
            raise MailRefused("550 5.7.1", f"no mail for {domain} is taken here")
        if is_postmaster(local) and local.lower() not in self._addresses.aliases:
            recipient = Recipient(address, self._addresses.profile(""), None)
            self._check_rate(recipient, transaction)
            return recipient
        target, profile = self._target(session, envelope, local)
        if transaction.size > profile.max_message_bytes:
            raise DeliveryTooLarge(f"at most {profile.max_message_bytes} bytes")
        others = {each.profile for each in transaction.recipients} - {profile}
        if not self._lmtp and others and any(each.judges_content for each in (profile, *others)):
            # One answer is for all: a mail that is refused for one of them must not be refused for the others.
            raise MailRefused("452 4.5.3", "this address wants a mail of its own")
        recipient = Recipient(address, profile, target)
        self._check_rate(recipient, transaction)
        return recipient

    def _target(self, session: Session, envelope: MailEnvelope, local: str) -> tuple[Target, Profile]:
        try:
            target = resolve(local, self._addresses.aliases, self._engine.admit)
            profile = self._addresses.profile(target.profile)
            self._check_sender(session, envelope, profile)
        except (ChannelNotFound, PolicyRefused, MailRefused) as error:
            if self._engine.settings.hide_channels:
                raise MailRefused("550 5.1.1", "no such address") from error
            raise
        return target, profile

    def _check_rate(self, recipient: Recipient, transaction: Transaction) -> None:
        """Whether there would be room now. Nothing is counted before there is a mail: it may never come."""
        name, limit = recipient.place[0], recipient.profile.mails_per_minute
        places = {recipient.place, *(each.place for each in transaction.recipients)}
        if not self._rates.has(name, limit, sum(each == name for each, _ in places)):
            raise _too_often(recipient)

    def _check_sender(self, session: Session, envelope: MailEnvelope, profile: Profile) -> None:
        if profile.users and _user(session) not in profile.users:
            raise MailRefused("550 5.7.1", "this address is for certain users")
        if not profile.lets_in(_mail_from(envelope)):
            raise PolicyRefused("this address takes no mail from you")

    # --- a mail -------------------------------------------------------------------------------------------

    async def _take(self, session: Session, envelope: MailEnvelope) -> list[Receipt | Exception | None]:
        """What the mail comes to for each recipient. Raises what holds for all."""
        original = envelope.content if isinstance(envelope.content, bytes) else b""
        if len(original) <= LARGE:
            return await self._store(session, envelope, original, *self._read(original))
        async with self._large:
            # Read beside the event loop, which has others to serve.
            content, mail = await on_thread(partial(self._read, original))
            return await self._store(session, envelope, original, content, mail)

    def _read(self, original: bytes) -> tuple[bytes, Mail]:
        """The mail as it may be seen."""
        content = without_lies(original, self._settings.authserv_id)
        return content, read_mail(content, mail_limits(self._settings))

    async def _store(
        self, session: Session, envelope: MailEnvelope, original: bytes, content: bytes, mail: Mail
    ) -> list[Receipt | Exception | None]:
        recipients = envelope.transaction.recipients
        judged = [self._judged(mail, len(original), each) for each in recipients]
        if not self._lmtp and (refused := [each for each in judged if each is not None]):
            raise refused[0]
        key = _message_key(mail, original)
        wanted = self._counted_in(recipients, judged)
        if wanted.pop((POSTMASTER, ""), None) is not None:
            _note_for_postmaster(envelope, mail, len(original))
        stored: dict[tuple[str, str], Receipt | Exception] = {}
        # All in one commit; but as many copies of a large mail as it may have recipients are more than fits in memory.
        places, at_once = list(wanted), max(1, BYTES_AT_ONCE // max(1, len(content)))
        for first in range(0, len(places), at_once):
            some = places[first : first + at_once]
            told = [self._accept(self._delivery(session, envelope, wanted[each], content, mail, key)) for each in some]
            await asyncio.gather(*told, return_exceptions=True)
            stored.update(zip(some, map(_outcome, told), strict=True))
        self._count_out([wanted[place] for place, outcome in stored.items() if not _is_new(outcome)])
        return [
            stored.get(each.place) if refusal_of_it is None else refusal_of_it
            for each, refusal_of_it in zip(recipients, judged, strict=True)
        ]

    def _counted_in(
        self, recipients: Sequence[Recipient], judged: list[Exception | None]
    ) -> dict[tuple[str, str], Recipient]:
        """Those who get the mail, one for each event; each counts towards its channel's limit.

        A refusal is noted in `judged`. Where one answer is for all nobody gets the mail then: raises it.
        """
        wanted: dict[tuple[str, str], Recipient] = {}
        for number, recipient in enumerate(recipients):
            if judged[number] is not None or recipient.place in wanted:
                continue
            if self._rates.take(recipient.place[0], recipient.profile.mails_per_minute):
                wanted[recipient.place] = recipient
                continue
            refused = judged[number] = _too_often(recipient)
            if not self._lmtp:
                self._count_out(wanted.values())
                raise refused
        return wanted

    def _count_out(self, recipients: Iterable[Recipient]) -> None:
        for each in recipients:
            self._rates.give_back(each.place[0], each.profile.mails_per_minute)

    def _judged(self, mail: Mail, size: int, recipient: Recipient) -> Exception | None:
        """Why this recipient does not get the mail, if so."""
        profile, target = recipient.profile, recipient.target
        if size > profile.max_message_bytes:
            return DeliveryTooLarge(f"at most {profile.max_message_bytes} bytes")
        if is_looping(mail, target.eci if target is not None else ""):
            return MailRefused("554 5.4.6", "this mail goes round in a circle")
        if profile.require_dmarc:
            if authentication(mail)["dmarc"] != "pass":
                return MailRefused("550 5.7.26", "this address wants mail that passes DMARC")
            senders = mail.addresses("from")
            if not all(profile.lets_in(each["address"]) for each in senders):
                return MailRefused("550 5.7.1", "this address takes no mail from you")
        return None

    def _accept(self, delivery: Delivery) -> asyncio.Future[Receipt]:
        """Hand the delivery over at once, so that those of one mail are in the same commit."""
        told: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()

        def done(receipt: Receipt | None, error: Exception | None) -> None:
            if told.done():
                return
            if receipt is not None:
                told.set_result(receipt)
            else:
                told.set_exception(error or RuntimeError("neither a receipt nor an error"))

        try:
            self._engine.accept_nowait(delivery, done)
        except Exception as error:  # noqa: BLE001 - a fault in reading it: the others are not to suffer
            done(None, error)
        return told

    def _delivery(
        self, session: Session, envelope: MailEnvelope, recipient: Recipient, content: bytes, mail: Mail, key: str
    ) -> Delivery:
        target = recipient.target
        assert target is not None
        said = {
            "mail-from": _mail_from(envelope),
            "rcpt-to": recipient.address,
            "helo": session.host_name or "",
            "smtp-utf8": "yes" if envelope.smtp_utf8 else "no",
            "profile": target.profile,
        }
        return Delivery(
            transport="smtp",
            eci=target.eci,
            words=target.words,
            body=content,
            content_type="message/rfc822",
            headers=said if target.tag is None else {**said, "tag": target.tag},
            decoder=DECODER,
            key=f"smtp:{key}{target.place}",
            peer=_peer(session),
            principal=_user(session),
            tls=session.ssl is not None,
            max_bytes=recipient.profile.max_message_bytes,
            understood=mail,
        )


def _too_often(recipient: Recipient) -> MailRefused:
    return MailRefused("451 4.7.1", f"at most {recipient.profile.mails_per_minute} mails a minute")


def _is_new(outcome: Receipt | Exception) -> bool:
    """Whether an event came of it that was not there before."""
    return isinstance(outcome, Receipt) and not outcome.duplicate


def _one_answer(outcomes: Sequence[Receipt | Exception | None]) -> str:
    """The one answer for all: yes if all are on disk, not now if some are or may be, else the reason."""
    errors = [each for each in outcomes if isinstance(each, Exception)]
    if not errors:
        receipts = {each.eid: each for each in outcomes if isinstance(each, Receipt)}
        return accepted(list(receipts.values()))
    passing = [each for each in errors if is_passing(each)]
    if passing:
        return refusal(passing[0])
    if len(errors) < len(outcomes):
        return line(AGAIN, "not for all recipients yet, please try again")
    return refusal(errors[0])


def _outcome(told: asyncio.Future[Receipt]) -> Receipt | Exception:
    error = told.exception()
    if isinstance(error, Exception):
        return error
    return told.result()


def _message_key(mail: Mail, original: bytes) -> str:
    """What names the mail, however often it comes: its Message-ID, or its bytes if it has none."""
    id = " ".join((mail.header("message-id") or "").split())
    return id if id and len(id) <= MAX_KEY else sha256(id.encode() or original).hexdigest()


def _note_for_postmaster(envelope: MailEnvelope, mail: Mail, size: int) -> None:
    _log.warning(
        "mail for the postmaster",
        mail_from=_mail_from(envelope),
        subject=mail.header("subject"),
        message_id=mail.header("message-id"),
        size=size,
        text=(mail.text or "")[:1000],
    )


def _mail_from(envelope: Envelope) -> str:
    return "" if envelope.mail_from in (None, NULL_SENDER) else str(envelope.mail_from)


def _peer(session: Session) -> str:
    peer: Any = session.peer
    return str(peer[0]) if isinstance(peer, tuple) and peer else str(peer or "")


def _user(session: Session) -> str | None:
    """Who has logged in."""
    data = session.auth_data
    return data.login.decode("utf-8", "replace") if isinstance(data, LoginPassword) else None
