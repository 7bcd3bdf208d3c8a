"""What the engine itself does to picos: outside any cycle of theirs, and committed like one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from .admission import Admission
from .changes import Changes
from .cycle import Parts
from .errors import EngineError
from .event import Event, Reply
from .event_json import event_bytes
from .host import Host
from .loop.commit import Committer, Decision, on_disk
from .loop.respond import Responder, write_changes
from .loop.wait import Item, Mailboxes
from .recorder import act
from .store.interface import InboxRow, Writes
from .suspend import Job, Suspender

T = TypeVar("T")


class Acts:
    """Acts of one engine."""

    def __init__(
        self,
        parts: Parts,
        suspender: Suspender,
        committer: Committer,
        responder: Responder,
        mailboxes: Mailboxes,
        admission: Admission,
    ) -> None:
        self._parts = parts
        self._suspender = suspender
        self._committer = committer
        self._responder = responder
        self._mailboxes = mailboxes
        self._admission = admission
        self._loop = asyncio.get_running_loop()

    async def run(self, work: Callable[[], T]) -> T:
        """The result of synchronous work that may wait; raises what it raises."""
        result: asyncio.Future[T] = self._loop.create_future()

        def run() -> None:
            try:
                result.set_result(work())
            except Exception as error:  # noqa: BLE001 - handed on to who waits
                result.set_exception(error)

        self._suspender.start(Job(run))
        return await result

    async def commit(self, changes: Changes) -> None:
        """Commit changes that are no pico's; returns when they are on disk."""
        writes = Writes()
        write_changes(writes, changes)
        decision = self._committer.submit(Decision(writes, None, dict(changes.picos), dict(changes.channels)))
        self._parts.registry.adopt(changes.registry)
        await on_disk(decision)

    async def commit_to(self, host: Host, type: str) -> None:
        """Commit what was done to a pico: an entry `engine:<type>` of its log."""
        box = self._mailboxes.of(host.pico.id)
        done: asyncio.Future[Reply] = self._loop.create_future()
        event = Event(host.cycle.eid, host.pico.id, "engine", type, {}, self._parts.chance.now())

        def told(reply: Reply | None, error: EngineError | None) -> None:
            box.pico = None  # at once: an event that this commit sends to the pico itself may be the next to run
            settle(done, reply, error)

        item = Item(host.pico.id, event, "engine", told)
        host.inputs = act()
        self._responder.respond(host, box, item, event, None)
        await done

    async def send(self, pico: str, eci: str, domain: str, type: str, attrs: dict[str, Any]) -> Reply:
        """Let an event of the engine's own happen; waited for unless its pico is paused."""
        done: asyncio.Future[Reply] = self._loop.create_future()
        event = self._event(eci, domain, type, attrs)
        item = Item(pico, event, "engine", lambda reply, error: settle(done, reply, error), received_at=event.time)
        self._admission.enter(item)
        if self._mailboxes.is_paused(pico):
            await on_disk(self._responder.store_item(item))
            return Reply(item.eid, [], pending=True)
        return await done

    def stored(self, pico: str, eci: str, domain: str, type: str, attrs: dict[str, Any]) -> InboxRow:
        """Such an event, to be stored by the commit that gives reason for it."""
        event = self._event(eci, domain, type, attrs)
        return InboxRow(0, pico, event.eid, event.eci, "engine", event_bytes(event), event.time)

    def _event(self, eci: str, domain: str, type: str, attrs: dict[str, Any]) -> Event:
        chance = self._parts.chance
        return Event(chance.new_eid(), eci, domain, type, attrs, chance.now())


def settle(future: asyncio.Future[Any], value: Any, error: Exception | None) -> None:
    """Let who waits for the future have the value, or the error; nothing if he has given up."""
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(value)
