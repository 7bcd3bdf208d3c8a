"""Read-only views for people: what became of an event, what a pico is, where something is stuck or broken.

Everything is read when it is asked for, from the store and from the running engine; every answer is plain JSON data
without secrets. ECIs are in it, so whoever may read a report may use the channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ..clock import instant
from ..cycle import Parts
from ..document import loads
from ..errors import ChannelNotFound, EventNotFound, PicoNotFound
from ..event import Event
from ..loop.wait import Item, Mailboxes
from ..loop.wake import Waker
from ..store.interface import LogRow, PicoRow
from .event_report import report, summary
from .feed import Feed, Finished, Follower
from .shown import masked

STATUSES = ("ok", "failed", "dead", "cancelled")
READ_AT_ONCE = 100
MAX_PAGE = 500
SCANNED = 2000  # rows of a pico's log that one search by status looks at
FULLEST = 20  # mailboxes named in `queues`
MAX_PICOS = 1000  # of one tree
WRANGLER = "io.picolabs.wrangler"  # keeps the pico's name


class Reports:
    """What can be known of one engine."""

    def __init__(self, parts: Parts, waker: Waker, mailboxes: Mailboxes, in_flight: Mapping[str, Item]) -> None:
        self.feed = Feed()
        self._store = parts.store
        self._directory = parts.directory
        self._broken = parts.loader.broken
        self._registry = parts.registry
        self._code_of = waker.code_set
        self._mailboxes = mailboxes
        self._in_flight = in_flight

    # --- events -------------------------------------------------------------------------------------------

    def event(self, eid: str) -> dict[str, Any]:
        """All about one event; of one that is not finished what came in. Raises EventNotFound."""
        row = self._store.log_by_eid(eid)
        if row is not None:
            return self._report(row)
        item = self._in_flight.get(eid)
        if item is None or item.event is None:
            raise EventNotFound(eid)
        return self._unfinished(item, item.event)

    def events(
        self, *, pico: str | None = None, after: int | None = None, status: str | None = None, limit: int = 50
    ) -> dict[str, Any]:
        """`{"events": summaries, oldest first, "after": where the next page begins}`.

        Of one pico, named by its id or an ECI, they come from its log and are numbered there; of all picos they are
        the latest that finished since the engine started. Without `after` the page is the last one.
        Raises PicoNotFound.
        """
        limit = min(limit, MAX_PAGE)
        if pico is None:
            return self._recent(after, status, limit)
        return self._of_pico(self.pico_row(pico), after, status, limit)

    def follow(self, *, pico: str | None = None, status: str | None = None) -> Follower:
        """A follower of the events that finish from now on, of one pico or of all. Raises PicoNotFound."""
        id = None if pico is None else self.pico_row(pico).id
        return self.feed.follow(lambda each: id in (None, each.pico) and status in (None, each.status))

    def finished(self, each: Finished) -> dict[str, Any] | None:
        """All about an event of the feed; None if the log has it no more."""
        rows = self._store.log(each.pico, each.seq - 1, 1)
        return self._report(rows[0]) if rows and rows[0].seq == each.seq else None

    def _report(self, row: LogRow) -> dict[str, Any]:
        told = report(row, self._code_of)
        respond = next((each.respond_ms for each in self.feed.recent if each[1:3] == (row.pico, row.seq)), None)
        if told["trace"] is not None and respond is not None:
            told["trace"]["times"]["respond"] = respond
        return told

    def _unfinished(self, item: Item, event: Event) -> dict[str, Any]:
        box = self._mailboxes.known(item.pico)
        running = item.committing or (box is not None and box.running is item)
        return {
            "eid": event.eid,
            "pico": item.pico,
            "status": "running" if running else "waiting",
            "eci": event.eci,
            "domain": event.domain,
            "type": event.type,
            "attrs": masked(event.attrs),
        }

    def _recent(self, after: int | None, status: str | None, limit: int) -> dict[str, Any]:
        known = [each for each in self.feed.recent if status in (None, each.status)]
        page = known[-limit:] if after is None else [each for each in known if each.number > after][:limit]
        rows = [row for each in page for row in self._store.log(each.pico, each.seq - 1, 1) if row.eid == each.eid]
        return {"events": [summary(row) for row in rows], "after": page[-1].number if page else after or 0}

    def _of_pico(self, pico: PicoRow, after: int | None, status: str | None, limit: int) -> dict[str, Any]:
        if after is None:
            start = max(0, pico.head_seq - (limit if status is None else SCANNED))
            found = [row for row in self._rows(pico.id, start) if status in (None, row.status)][-limit:]
            return {"events": [summary(row) for row in found], "after": pico.head_seq}
        found = []
        for row in self._rows(pico.id, after):
            after = row.seq
            if status in (None, row.status):
                found.append(row)
            if len(found) == limit:
                break
        return {"events": [summary(row) for row in found], "after": after}

    def _rows(self, pico: str, after: int) -> Iterator[LogRow]:
        """A pico's log from there on, at most so much of it as one search may look at."""
        end = after + SCANNED
        while after < end and (rows := self._store.log(pico, after, READ_AT_ONCE)):
            yield from rows
            after = rows[-1].seq

    # --- picos --------------------------------------------------------------------------------------------

    def pico(self, pico: str) -> dict[str, Any]:
        """One pico, named by its id or an ECI: family, channels, rulesets, what it has to do. Raises PicoNotFound."""
        row = self.pico_row(pico)
        box = self._mailboxes.known(row.id)
        return {
            **self._pico(row),
            "parent": row.parent,
            "children": [child.id for child in self._store.children(row.id)],
            "events": row.head_seq,
            "awake": box is not None and box.pico is not None,
            "waiting": 0 if box is None else len(box.items),
            "running": None if box is None or box.running is None else box.running.eid,
        }

    def tree(self, limit: int = MAX_PICOS) -> list[dict[str, Any]]:
        """The roots, each with its `children`; of picos beyond the limit, the deepest first, only their number."""
        roots = [(row, self._pico(row)) for row in self._store.roots()]
        level, left = roots, limit - len(roots)
        while level:
            below = []
            for row, told in level:
                rows = self._store.children(row.id)
                kept = [(child, self._pico(child)) for child in rows[: max(0, left)]]
                left -= len(kept)
                told["children"] = [child for _, child in kept]
                if len(kept) < len(rows):
                    told["more"] = len(rows) - len(kept)
                below += kept
            level = below
        return [told for _, told in roots]

    def pico_row(self, pico: str) -> PicoRow:
        """The stored row of a pico that is named by its id or by an ECI. Raises PicoNotFound.

        One whose deletion is on its way to disk is gone: what was written for it now would outlive it.
        """
        row = self._store.pico(pico)
        if row is None:
            try:
                row = self._store.pico(self._directory.channel_at_the_door(pico).pico)
            except ChannelNotFound:
                row = None
        if row is None or self._directory.is_deleted(row.id):
            raise PicoNotFound(f"no pico has the id or the channel {pico!r}")
        return row

    def _pico(self, row: PicoRow) -> dict[str, Any]:
        name = self._store.variable(row.id, WRANGLER, "name")
        channels = self._directory.channels(row.id)
        return {
            "id": row.id,
            "name": None if name is None else loads(name),
            "channels": [channels[eci].as_map() for eci in sorted(channels)],
            "rulesets": [
                {"rid": each.rid, "url": each.url, "hash": each.hash, "broken": self._broken.get(_broken_key(each))}
                for each in self._code_of(row.code)
            ],
        }

    # --- the engine ---------------------------------------------------------------------------------------

    def queues(self) -> dict[str, Any]:
        """How many requests wait, and the fullest mailboxes."""
        boxes = [box for box in self._mailboxes.all() if box.items or box.running is not None]
        boxes.sort(key=lambda box: -len(box.items))
        return {
            "waiting": self._mailboxes.waiting,
            "unfinished": len(self._in_flight),
            "picos": [
                {"pico": box.id, "waiting": len(box.items), "running": box.running and box.running.eid}
                for box in islice(boxes, FULLEST)
            ],
        }

    def rulesets(self) -> list[dict[str, str]]:
        """The rulesets that this engine knows by URL, and when the text of each was last a new one."""
        rows = sorted(self._registry.rows(), key=lambda row: row.url)
        return [{"url": row.url, "rid": row.rid, "hash": row.hash, "flushed": instant(row.flushed)} for row in rows]

    def broken(self) -> list[dict[str, str]]:
        """Rulesets that some pico has and that do not load, and why."""
        told = []
        for key, why in sorted(self._broken.items()):
            rid, _, hash = key.rpartition("@")
            told.append({"rid": rid, "hash": hash, "error": why})
        return told


def _broken_key(installed: Any) -> str:
    return f"{installed.rid}@{installed.hash}"
