"""Callbacks: an event that somebody outside may send once, by a token that was made for him.

A rule makes one by `ctx:newCallback`. Whoever posts to its URL first sends its event; later ones are told that it is
used. One whose time is over tells its pico so, by an event `callback:expired`. Callbacks are rows: they cost no memory,
outlive the process, and go with their pico. Their table knows a token by its hash only; what a rule does with the URL
is kept like any value, and shown without the token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from .callback import EXPIRED, OPEN, USED, callback_id
from .clock import Chance
from .directory import Directory
from .document import loads
from .errors import CallbackEnded, CallbackNotFound, StoreUnavailable
from .event import Event, Receipt
from .event_json import event_bytes
from .loop.commit import Decision, on_disk
from .loop.respond import Responder
from .store.interface import CallbackRow, InboxRow, Store, Writes

RETRY_SECONDS = 1.0  # after a store that could not be read

_log = structlog.get_logger("picoengine")


class Callbacks:
    """The callbacks of one engine."""

    def __init__(
        self, store: Store, directory: Directory, responder: Responder, chance: Chance, kept_seconds: float
    ) -> None:
        """One that has ended is known for so many seconds more."""
        self._store = store
        self._directory = directory
        self._responder = responder
        self._chance = chance
        self._kept_ms = int(kept_seconds * 1000)
        self._ending: dict[str, Decision] = {}  # those whose end is on its way to disk
        self._poked = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def use(self, token: str, members: Mapping[str, Any]) -> Receipt:
        """Send the event of this callback, `members` laid over its attributes; returns when it is stored.

        Raises CallbackNotFound, CallbackEnded if it was used or its time is over, StoreUnavailable.
        """
        id = callback_id(token)
        while (ending := self._ending.get(id)) is not None:
            await asyncio.wait({asyncio.ensure_future(_settled(ending))})
        row = self._open(id)
        event = self._event(row, row.domain, row.type, {**loads(row.attrs), **members})
        await on_disk(self._end(row, USED, event))
        return Receipt(event.eid)

    def admit(self, token: str) -> None:
        """Raise what `use` would raise now for a callback that is not there, or has ended."""
        self._open(callback_id(token))

    def _open(self, id: str) -> CallbackRow:
        row = self._store.callback(id)
        if row is None or self._directory.is_deleted(row.pico):
            raise CallbackNotFound
        if row.state != OPEN or (row.expires_at is not None and row.expires_at <= self._chance.now()):
            raise CallbackEnded(EXPIRED if row.state == OPEN else row.state)
        return row

    def _event(self, row: CallbackRow, domain: str, type: str, attrs: dict[str, Any]) -> Event:
        """An event by the pico's self channel, which is there as long as the pico is."""
        return Event(self._chance.new_eid(), row.pico, domain, type, attrs, self._chance.now())

    def _end(self, row: CallbackRow, state: str, event: Event) -> Decision:
        """Commit the end of a callback and the event that comes of it, in one."""
        now = self._chance.now()
        ended = replace(row, state=state, expires_at=now + self._kept_ms)
        stored = InboxRow(0, row.pico, event.eid, event.eci, f"callback:{row.id[:16]}", event_bytes(event), now)
        decision = self._ending[row.id] = self._responder.act(Writes(callbacks={row.id: ended}), stored)
        decision.then.append(lambda lost: self._forget(row.id))
        return decision

    def _forget(self, id: str) -> None:
        self._ending.pop(id, None)
        self.poke()

    # --- time ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Tell of those whose time is over, then keep watch."""
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def stop(self) -> None:
        """Tell of none any more."""
        if self._keeper is not None:
            self._keeper.cancel()

    def poke(self) -> None:
        """Look again when the next one ends."""
        self._poked.set()

    def is_ending(self, id: str) -> bool:
        """Whether its end is on its way to disk."""
        return id in self._ending

    async def _keep(self) -> None:
        while True:
            self._poked.clear()
            try:
                seconds = self._tell_expired()
            except StoreUnavailable as error:
                _log.error("no callback can expire for now", error=error.text)
                seconds = RETRY_SECONDS
            await self._chance.rest(seconds, self._poked)

    def _tell_expired(self) -> float:
        """Tell the picos of callbacks whose time is over; how many seconds there is nothing more to do."""
        now = self._chance.now()
        for row in self._store.ended_callbacks(now):
            if row.id not in self._ending and not self._directory.is_deleted(row.pico):
                attrs = {"domain": row.domain, "name": row.type, "attrs": loads(row.attrs), "id": row.id[:16]}
                self._end(row, EXPIRED, self._event(row, "callback", EXPIRED, attrs))
        end = self._store.next_callback_end()
        longest = self._chance.longest_sleep
        return longest if end is None or end <= now else min((end - now) / 1000, longest)


async def _settled(decision: Decision) -> None:
    """Return when the decision is on disk or lost."""
    if not decision.settled:
        with suppress(StoreUnavailable):
            await on_disk(decision)
