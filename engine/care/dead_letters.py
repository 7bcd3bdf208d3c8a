"""Dead letters: events that failed and effects that did not leave, kept until somebody decides what becomes of them.

A letter is named by the eid of its event; an effect's letter has the effect's number behind it, `<eid>.0`. An event is
tried again as a new event with an eid of its own, whose source names the old one. An effect leaves again under its old
key, so that a receiver who looks at keys takes it once; when what it says was changed, it gets a new key.

Calls that are held (`on_lost_step`) wait for a word, too. They are named as effects are, with whom they share their
numbers. Tried again, the call is made under its key; dropped, it has no answer, and the rule that waits for it fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ..clock import Chance, instant
from ..directory import Directory
from ..document import dumps, loads
from ..effect import Effect, effect_from
from ..effects.outbox import Outbox
from ..effects.steps import Steps
from ..errors import Conflict, InvalidValue, LetterNotFound, PicoNotFound
from ..event import Event
from ..event_json import event_bytes, event_from
from ..loop.commit import Decision, on_disk
from ..loop.respond import Responder
from ..store.interface import DeadRow, InboxRow, LogRow, OutboxRow, StepRow, Store, Writes
from ..witness.event_report import summary
from ..witness.reports import Reports
from ..witness.shown import masked, shown
from .finding import Finding

READ_AT_ONCE = 100
TRIED_AT_ONCE = 100  # that may share a commit
NOBODY_KNOWS = "the engine ended while it was called; nobody knows whether it was"
SOURCE = "retry"  # of an event that is tried again, before the eid of the old one

Letter = dict[str, Any]


class _Held(NamedTuple):
    """A call that is held, and the arrival number of the event that waits for it."""

    id: int
    pico: str
    step: StepRow


class DeadLetters:
    """The dead letters of one engine."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        responder: Responder,
        outbox: Outbox,
        steps: Steps,
        reports: Reports,
        chance: Chance,
    ) -> None:
        self._store = store
        self._directory = directory
        self._responder = responder
        self._outbox = outbox
        self._steps = steps
        self._reports = reports
        self._chance = chance
        self._under_way: set[str] = set()  # letters about which something was decided that is not on disk yet

    # --- reading ------------------------------------------------------------------------------------------

    def events(self, *, pico: str | None = None, after: int = 0, limit: int = 50) -> dict[str, Any]:
        """`{"letters": [...], "after": where the next page begins}`: events that failed, oldest first."""
        return _page(self._dead_events(after), self._id(pico), after, limit, self._event_letter)

    def effects(self, *, pico: str | None = None, after: int = 0, limit: int = 50) -> dict[str, Any]:
        """The same of effects that were given up, or wait for a word since the store was restored from a copy."""
        return _page(self._parked(after), self._id(pico), after, limit, _effect_letter)

    def steps(self, *, pico: str | None = None, after: int = 0, limit: int = 50) -> dict[str, Any]:
        """The same of calls that are held; the event that waits for one is not finished."""
        held = (each for each in self._held() if each.id > after)
        return _page(held, self._id(pico), after, limit, lambda each: _step_letter(each.step))

    def findings(self) -> list[Finding]:
        """The calls that are held, since their picos begin nothing else."""
        mend = "`picoengine dead retry` makes it again, `picoengine dead drop` gives it up"
        return [
            Finding("held call", _name(step), f"pico {step.pico} waits: {step.target}: {NOBODY_KNOWS}", mend)
            for _, _, step in self._held()
        ]

    def show(self, name: str) -> Letter:
        """All about one letter: what became of the event, or the request that an effect is. Raises LetterNotFound."""
        found = self._find(name)
        if isinstance(found, DeadRow):
            return {**self._event_letter(found), **self._reports.event(found.eid)}
        if isinstance(found, StepRow):
            return {**self._reports.event(found.eid), **_step_letter(found)}
        return {**_effect_letter(found), "request": _request(effect_from(found.kind, found.payload))}

    def _id(self, pico: str | None) -> str | None:
        """The id of a pico that is named by its id or an ECI; one that is gone has left letters under its id."""
        try:
            return None if pico is None else self._reports.pico_row(pico).id
        except PicoNotFound:
            return pico

    def _find(self, name: str) -> DeadRow | OutboxRow | StepRow:
        eid, _, n = name.replace("/", ".").partition(".")
        key = f"{eid}/{n}"
        found: DeadRow | OutboxRow | StepRow | None
        if not n:
            found = self._store.dead_event(eid)
        else:
            found = self._store.parked_effect(key) or next((s for _, _, s in self._held() if s.key == key), None)
        if found is None:
            raise LetterNotFound(name)
        return found

    def _dead_events(self, after: int) -> Iterator[DeadRow]:
        while rows := self._store.dead_events(after, READ_AT_ONCE):
            yield from rows
            after = rows[-1].id

    def _parked(self, after: int) -> Iterator[OutboxRow]:
        while rows := self._store.parked_effects(after, READ_AT_ONCE):
            yield from rows
            after = rows[-1].id

    def _held(self) -> Iterator[_Held]:
        for event in self._store.running():
            for step in self._store.steps(event.pico, event.eid):
                if self._steps.is_held(step):
                    yield _Held(event.id, event.pico, step)

    def _event_letter(self, row: DeadRow) -> Letter:
        return {"name": row.eid, "kind": "event", **summary(self._log_row(row))}

    def _log_row(self, row: DeadRow) -> LogRow:
        found = self._store.log(row.pico, row.seq - 1, 1)
        if not found or found[0].seq != row.seq:
            raise LetterNotFound(row.eid)
        return found[0]

    # --- deciding -----------------------------------------------------------------------------------------

    async def retry(self, name: str, changes: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Try the letter again; `{"name", "eid"}`: the eid of the new event, or of that whose effect or call it is.

        `changes` are laid over the event's attributes, or over the members of what the effect sends; null takes one
        away. Returns when that is on disk. Raises LetterNotFound, Conflict if the pico is gone or the letter is being
        decided about, InvalidValue if the effect sends no map or changes are made to a call, StoreUnavailable.
        """
        found = self._find(name)
        if isinstance(found, DeadRow):
            return await self._retry_event(found, changes or {})
        if isinstance(found, StepRow):
            return await self._retry_step(found, changes or {})
        return await self._retry_effect(found, changes or {})

    async def retry_all(self, pico: str | None = None) -> dict[str, int]:
        """Try all letters again that there are now, of one pico or of all; how many, and how many could not be.

        Held calls are none of them: whoever wants to be asked decides about each. Raises StoreUnavailable.
        """
        events = self.events(pico=pico, limit=1 << 62)["letters"]
        effects = self.effects(pico=pico, limit=1 << 62)["letters"]
        names = [letter["name"] for letter in (*events, *effects)]
        tried = 0
        for at in range(0, len(names), TRIED_AT_ONCE):
            some = await asyncio.gather(*map(self._try, names[at : at + TRIED_AT_ONCE]))
            tried += sum(some)
        return {"retried": tried, "left": len(names) - tried}

    async def _try(self, name: str) -> bool:
        try:
            await self.retry(name)
        except (Conflict, LetterNotFound):
            return False  # somebody was faster, or its pico is gone: then it stays for a person to look at
        return True

    async def drop(self, name: str) -> None:
        """Forget the letter; the log still tells of its event. A held call is given up: its rule fails.

        Returns when that is on disk. Raises LetterNotFound, Conflict, StoreUnavailable.
        """
        found = self._find(name)
        if isinstance(found, StepRow):
            await self._decide(name, lambda: self._steps.give_up(found))
            return
        if isinstance(found, DeadRow):
            writes = Writes(dead_done=[found.eid])
        else:
            writes = Writes(outbox_set=[replace(found, state="done")])
        await self._decide(name, lambda: self._responder.act(writes))

    async def _retry_event(self, letter: DeadRow, changes: Mapping[str, Any]) -> dict[str, str]:
        if self._directory.pico(letter.pico) is None:
            raise Conflict(f"the pico of {letter.eid} is gone")
        old = event_from(letter.eid, self._log_row(letter).event)
        now = self._chance.now()
        attrs = _changed(old.attrs, changes)
        new = Event(self._chance.new_eid(), old.eci, old.domain, old.type, attrs, now, old.for_rid)
        row = InboxRow(0, letter.pico, new.eid, new.eci, f"{SOURCE}:{letter.eid}", event_bytes(new), now)
        await self._decide(letter.eid, lambda: self._responder.act(Writes(dead_done=[letter.eid]), row))
        return {"name": letter.eid, "eid": new.eid}

    async def _retry_effect(self, letter: OutboxRow, changes: Mapping[str, Any]) -> dict[str, str]:
        now = self._chance.now()
        row = replace(letter, state="ready", attempts=0, next_at=now, since=now, last_error=None)
        if changes:
            effect = effect_from(letter.kind, letter.payload)
            payload = replace(effect, body=dumps(_changed(_sent_map(effect), changes))).as_json()
            row = replace(row, payload=payload, ikey=f"{self._chance.new_eid()}/0")
        await self._decide(_name(letter), lambda: self._responder.act(Writes(outbox_set=[row])))
        self._outbox.put(row)
        return {"name": _name(letter), "eid": row.ikey.partition("/")[0]}

    async def _retry_step(self, letter: StepRow, changes: Mapping[str, Any]) -> dict[str, str]:
        if changes:
            raise InvalidValue("a call is made again as it was, or not at all", kind="Error")
        await self._decide(_name(letter), lambda: self._steps.call_again(letter))
        return {"name": _name(letter), "eid": letter.eid}

    async def _decide(self, name: str, act: Callable[[], Decision]) -> None:
        """At most one decision about a letter at a time: two retries must not become two events."""
        name = name.replace("/", ".")
        if name in self._under_way:
            raise Conflict(f"somebody is deciding about {name}")
        self._under_way.add(name)
        try:
            await on_disk(act())
        finally:
            self._under_way.discard(name)


def _page(
    rows: Iterator[Any], pico: str | None, after: int, limit: int, letter: Callable[[Any], Letter]
) -> dict[str, Any]:
    letters: list[Letter] = []
    for row in rows:
        after = row.id
        if pico in (None, row.pico):
            letters.append(letter(row))
        if len(letters) == limit:
            break
    return {"letters": letters, "after": after}


def _name(row: OutboxRow | StepRow) -> str:
    return (row.key if isinstance(row, StepRow) else row.ikey).replace("/", ".")


def _effect_letter(row: OutboxRow) -> Letter:
    return {
        "name": _name(row),
        "kind": "effect",
        "pico": row.pico,
        "seq": row.seq,
        "status": row.state,
        "target": row.target,
        "attempts": row.attempts,
        "time": instant(row.since),
        "error": row.last_error,
    }


def _step_letter(row: StepRow) -> Letter:
    return {
        "name": _name(row),
        "kind": "step",
        "pico": row.pico,
        "status": "held",
        "target": row.target,
        "attempts": row.attempts,
        "time": instant(row.since),
        "error": NOBODY_KNOWS,
    }


def _request(effect: Effect) -> dict[str, Any]:
    return {
        "method": effect.method,
        "url": effect.url,
        "headers": masked(effect.headers),
        "body": None if effect.body is None else _told(effect.body),
    }


def _told(body: bytes) -> Any:
    """A body as it may be shown."""
    try:
        return shown(loads(body))
    except ValueError:
        return shown(body.decode("utf-8", "replace"))


def _sent_map(effect: Effect) -> dict[str, Any]:
    try:
        sent = loads(effect.body or b"")
    except ValueError:
        sent = None
    if not isinstance(sent, dict):
        raise InvalidValue("what this effect sends is no JSON map, so no member of it can be changed", kind="Error")
    return sent


def _changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    changed = {**members, **changes}
    return {name: value for name, value in changed.items() if name not in changes or value is not None}
