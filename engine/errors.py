"""What can go wrong at the door and inside, by what the caller can do about it.

    EngineError
      NotFound            ChannelNotFound (OwnChannelNotFound), PicoNotFound, RulesetNotFound,
                          FunctionNotFound, EventNotFound, ReplyNotFound, LetterNotFound, TimerNotFound,
                          AttachmentNotFound
      CallbackEnded       it was used, or its time is over
      Refused             PolicyRefused, ChannelProtected, DeliveryTooLarge
      Undecodable         the delivery cannot become an event or a query
        UnsupportedMedia  its media type is none that the door reads
      InvalidValue        a rule or a caller gave a tag, policy or URL that will never do
      Conflict            the pico's present state forbids it: a used module, a module cycle, the self channel
      RulesetRefused      the source does not compile or load; carries the diagnostics
      SourceUnavailable   the source could not be fetched
      KeyReused           an idempotency key came again with another body
      RuleFailed          a rule stopped; carries rid, rule, line and the cause
        EventCancelled    an operator took the event back before its turn
        EventDead         it is not tried again: its evaluation has ended the process too often,
                          a read failed too often (ReadsFailed), it went another way (EventDiverged),
                          or the store refuses what it does (OutcomeRefused)
      QueryFailed         a shared function stopped; the same
      Overloaded          the pico's inbox is full: again later
      LogBroken           a log or a snapshot is not what was written
      StoreUnavailable    worth another try
        Stopping          the engine is on its way out
        Exhausted         the process has no thread or descriptor left for it
      TimedOut            nobody answered within the limit
      ReadFailed          a rule has asked the world, and got no answer
      NoAnswer            one attempt of a step had none
      Diverged            an event that is evaluated again asks for something else than before
      SendFailed          a transport could not send an effect now; worth another try
      SendRefused         a transport can never send this effect

A message is what KRL's users know, without its kind: `ECI not found X`. `text` puts both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class EngineError(Exception):
    """The root of everything the engine raises on purpose."""

    kind = "Error"
    passing = False  # it may be another time: what was asked is not to blame

    def __init__(self, message: str, *, eid: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.eid = eid

    @property
    def text(self) -> str:
        """`Kind: message`, as the Node engine writes it."""
        return f"{self.kind}: {self.message}"


class NotFound(EngineError):
    """What was asked for is not there."""


class ChannelNotFound(NotFound):
    """No channel has this ECI."""

    def __init__(self, eci: str) -> None:
        super().__init__(f"ECI not found {eci}")


class OwnChannelNotFound(ChannelNotFound):
    """A rule was asked to change a channel that its pico has not."""


class PicoNotFound(NotFound):
    """No pico has this id."""


class PastUnknown(NotFound):
    """The log does not tell what the pico was then."""


class RulesetNotFound(NotFound):
    """The pico has no such ruleset."""

    def __init__(self, rid: str) -> None:
        super().__init__(f"Pico doesn't have {rid} installed.")


class FunctionNotFound(NotFound):
    """The ruleset shares no such function."""

    def __init__(self, rid: str, name: str) -> None:
        super().__init__(f'Ruleset {rid} does not have query function "{name}"')


class EventNotFound(NotFound):
    """The log has no event of this id, and none is under way."""

    def __init__(self, eid: str) -> None:
        super().__init__(f"no event {eid!r} is known")


class LetterNotFound(NotFound):
    """No dead letter has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no dead letter is named {name!r}")


class AttachmentNotFound(NotFound):
    """The pico has no attachment of this name, or no longer."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"no attachment {ref!r} is kept")


class TimerNotFound(NotFound):
    """No timer has this id."""

    def __init__(self, id: str) -> None:
        super().__init__(f"no timer has the id {id!r}")


class CallbackNotFound(NotFound):
    """No callback has this token."""

    def __init__(self) -> None:
        super().__init__("no such callback")


class ReplyNotFound(NotFound):
    """No event of this id came in by this channel."""


class CallbackEnded(EngineError):
    """The callback was used, or its time is over."""

    def __init__(self, how: str) -> None:
        super().__init__(f"the callback is {how}")


class Refused(EngineError):
    """The delivery may not enter."""


class PolicyRefused(Refused):
    """The channel's policy, or its being a family channel, keeps the delivery out."""


class ChannelProtected(Refused):
    """A family channel stays as it is for as long as the family does."""


class DeliveryTooLarge(Refused):
    """The delivery is larger than the engine accepts."""

    kind = "PayloadTooLargeError"


class Undecodable(EngineError):
    """The delivery is no event and no query; `kind` is "SyntaxError" for a broken text, "URIError" for a path."""

    def __init__(self, message: str, kind: str = "Error") -> None:
        super().__init__(message)
        self.kind = kind


class UnsupportedMedia(Undecodable):
    """No decoder reads this media type."""


class InvalidValue(EngineError):
    """A value that will never do: a blank tag, a policy of the wrong shape, a relative URL."""

    def __init__(self, message: str, kind: str = "TypeError") -> None:
        super().__init__(message)
        self.kind = kind


class Conflict(EngineError):
    """The pico's present state forbids it."""


class RulesetRefused(EngineError):
    """The source does not compile, or the ruleset does not load.

    `kind` is "ParseError" where the text could not be parsed. `diagnostics` are in the form of `picoengine check
    --json`, each with its `excerpt`: the line and a caret line.
    """

    def __init__(self, message: str, diagnostics: Sequence[dict[str, Any]] = (), kind: str = "Error") -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)
        self.kind = kind


class SourceUnavailable(EngineError):
    """The ruleset's text could not be fetched."""

    def __init__(self, message: str, kind: str = "FetchError", *, passing: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.passing = passing


class KeyReused(EngineError):
    """The idempotency key is known, with another body."""


class Failed(EngineError):
    """KRL code stopped: where, and why. `cause` is the error that stopped it."""

    status = "failed"  # of the event, in the log

    def __init__(
        self,
        kind: str,
        message: str,
        rid: str | None,
        rule: str | None,
        line: int | None,
        cause: Exception | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.rid = rid
        self.rule = rule
        self.line = line
        self.cause = cause


class RuleFailed(Failed):
    """A rule stopped; nothing of its event remains."""


class EventCancelled(RuleFailed):
    """The event was taken back before its turn."""

    status = "cancelled"

    def __init__(self) -> None:
        text = "the event was cancelled before its turn"
        super().__init__("Error", text, None, None, None, Conflict(text))


class EventDead(RuleFailed):
    """The process ended each time it evaluated this event; it is not tried again."""

    status = "dead"

    def __init__(self, attempts: int) -> None:
        text = f"the engine's process ended {attempts} times while it evaluated this event"
        super().__init__("Error", text, None, None, None)


class ReadsFailed(EventDead):
    """A read of this event has failed each time; it is not tried again."""

    def __init__(self, failure: RuleFailed, attempts: int) -> None:
        text = f"{failure.message} (given up after {attempts} attempts)"
        Failed.__init__(self, failure.kind, text, failure.rid, failure.rule, failure.line, failure.cause)


class EventDiverged(EventDead):
    """Evaluated again, the event did not come to the steps that it had made; they cannot be made twice."""

    def __init__(self, why: Diverged, rid: str | None, rule: str | None) -> None:
        Failed.__init__(self, why.kind, why.message, rid, rule, None, why)


class OutcomeRefused(EventDead):
    """The store has refused each time what the event does, and would for ever: a value is too large for it, say."""

    def __init__(self, why: Exception) -> None:
        Failed.__init__(self, "Error", f"what the event does cannot be stored: {why}", None, None, None, why)


class QueryFailed(Failed):
    """A shared function stopped."""


class LogBroken(EngineError):
    """A log or a snapshot is not what was written; what it tells cannot be trusted."""


class Overloaded(EngineError):
    """The pico has too much in its inbox; `retry_after` in seconds."""

    retry_after = 1


class StoreUnavailable(EngineError):
    """The store could not take the commit, or could not be read; nothing happened."""

    retry_after = 1


class Stopping(StoreUnavailable):
    """The engine accepts nothing any more."""


class Exhausted(StoreUnavailable):
    """The process has no thread or no descriptor left for it; nothing happened, and nobody was asked."""


class TimedOut(EngineError):
    """The wait limit was reached."""

    passing = True


class ReadFailed(EngineError):
    """A rule has asked the world, and nobody has answered."""

    passing = True


class NoAnswer(EngineError):
    """One attempt of a step had no answer; with `passing`, another may have one."""

    def __init__(self, message: str, *, passing: bool = True) -> None:
        super().__init__(message)
        self.passing = passing


class Diverged(EngineError):
    """An event that is evaluated again asks for something else than it did before."""


class SendFailed(EngineError):
    """The effect has not left, or nobody knows whether it has: try again, in `retry_after` seconds if that is given."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SendRefused(EngineError):
    """The effect will not leave, however often it is tried: no such target, or it says no for ever."""
