"""Where expressions are evaluated: in this process, or in a pico of a running engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from krl import KRLError, KRLRuntimeError, LocalHost, Session, Source, only_declares, parse, to_json

from ..channel import channels_of, lets_in
from ..client import Client, Failure, members, words


class Mistake(Exception):
    """What is wrong with an input, in words for its author."""


class Place(Protocol):
    """Evaluates inputs one after the other; each sees what those before have declared."""

    def value(self, text: str) -> str:
        """The value, in KRL's notation. Raises Mistake."""
        ...

    def names(self) -> Iterable[str]:
        """What has been declared so far."""
        ...


class Here:
    """This process, without any pico."""

    def __init__(self) -> None:
        self._host = LocalHost()
        self._session = Session(self._host)

    def value(self, text: str) -> str:
        """The value. Raises Mistake."""
        self._host.begin()  # each input has all of the limits
        try:
            return to_json(self._session.take(text))
        except KRLRuntimeError as error:
            raise Mistake(f"{error.kind}: {error.message}") from error
        except KRLError as error:
            raise Mistake(str(error)) from error

    def names(self) -> Iterable[str]:
        """What has been declared."""
        return list(self._session.names)


class There:
    """A pico, which is asked and never changed; only an event, if that is allowed, may do so.

    The engine keeps nothing between two questions, so what was declared is sent again with each.
    """

    def __init__(
        self, client: Client, eci: str, rid: str | None, *, may_write: bool, any_channel: bool = False
    ) -> None:
        """`any_channel`: `eci` is the UI channel, and events may come by whichever channel lets them in."""
        self.rid = rid
        self._any_channel = any_channel
        self._client = client
        self._eci = eci
        self._may_write = may_write
        self._declared: list[str] = []

    def value(self, text: str) -> str:
        """The value. Raises Mistake."""
        try:
            parse(Source(text, "input"))  # so that a slip is shown in the input itself
            declares = only_declares(text)
        except KRLError as error:
            raise Mistake(str(error)) from error
        asked = {"expression": "\n;".join([*self._declared, text]), "rid": self.rid}
        try:
            answer = self._client.post("api", "v1", "picos", self._eci, "evaluate", members=asked)
        except Failure as error:
            raise Mistake(error.message) from error
        if declares:
            self._declared.append(text)
        return to_json(answer["value"])

    def names(self) -> Iterable[str]:
        """The names that the texts with declarations begin with."""
        return [text.partition("=")[0].strip() for text in self._declared]

    def send(self, event: str, attributes: tuple[str, ...]) -> Any:
        """The directives of an event, `domain:type` with `name=text` or `name:=json`. Raises Mistake."""
        if not self._may_write:
            raise Mistake("nothing is changed here: start with --write to send events")
        domain, type = words(event, ":", "domain:type")
        try:
            eci = self._door(domain, type) if self._any_channel else self._eci
            return self._client.event(eci, domain, type, members(attributes))["directives"]
        except Failure as error:
            raise Mistake(error.message) from error

    def _door(self, domain: str, type: str) -> str:
        """A channel of the pico that lets the event in; those of the family are not for strangers."""
        for each in channels_of(self._client, self._eci):
            if not each["familyChannelPicoID"] and lets_in(each["eventPolicy"], "domain", domain, type):
                return str(each["id"])
        raise Mistake(f"no channel of this pico lets {domain}:{type} in; `picoengine channel new` makes one")
