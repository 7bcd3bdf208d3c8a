"""Children without the work of making them: copies of one that wrangler made, written straight into the store.

A copy has all rows of the original's state under fresh names, so a hundred thousand of them stand there in seconds.
Its log is cut off, as retention cuts off an old one. tests/bench/test_bulk.py holds wrangler's rows beside a copy's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.clock import new_id
from engine.store.interface import ChannelRow, PicoRow, Store, Writes

BATCH = 1000  # copies in one commit


@dataclass(frozen=True)
class State:
    """All that a store holds of a pico's present, and the channel that its parent keeps for it."""

    pico: PicoRow
    channels: list[ChannelRow]
    variables: list[tuple[str, str, bytes]]
    memory: list[tuple[str, str, str, bytes]]

    @property
    def names(self) -> list[str]:
        """What is unique about it: its id and its ECIs, the one to its parent included."""
        return [self.pico.id, *(channel.eci for channel in self.channels)]

    def renamed(self, names: dict[str, str]) -> State:
        """The same with other names, wherever they occur."""

        def new(text: str | None) -> str | None:
            return None if text is None else names.get(text, text)

        def within(body: bytes) -> bytes:
            for old, fresh in names.items():
                body = body.replace(old.encode(), fresh.encode())
            return body

        return State(
            replace(
                self.pico,
                id=names[self.pico.id],
                parent_eci=new(self.pico.parent_eci),
                family_eci=new(self.pico.family_eci),
            ),
            [
                replace(each, eci=names[each.eci], pico=new(each.pico) or "", family_pico=new(each.family_pico))
                for each in self.channels
            ],
            [(rid, name, within(value)) for rid, name, value in self.variables],
            [(rid, rule, expression, within(state)) for rid, rule, expression, state in self.memory],
        )

    def writes(self) -> Writes:
        """What puts it into a store."""
        id = self.pico.id
        return Writes(
            picos={id: self.pico},
            channels={channel.eci: channel for channel in self.channels},
            variables={(id, rid, name): value for rid, name, value in self.variables},
            memory={(id, rid, rule): (expression, state) for rid, rule, expression, state in self.memory},
            cuts={id: (self.pico.head_seq, self.pico.head_hash)},
        )


def state_of(store: Store, id: str) -> State:
    """The state of a child."""
    pico = store.pico(id)
    up = None if pico is None or pico.parent_eci is None else store.channel(pico.parent_eci)
    if pico is None or up is None:
        raise ValueError(f"{id!r} is no child")
    return State(pico, [up, *store.channels(id)], list(store.variables(id)), store.memory(id))


def copies(original: State, first: int) -> Iterator[State]:
    """Siblings of the original, their places among its parent's children counted from `first`."""
    place = first
    while True:
        copy = original.renamed({name: new_id() for name in original.names})
        yield replace(copy, pico=replace(copy.pico, child_no=place))
        place += 1


def populate(store: Store, child: str, number: int) -> None:
    """Give the child so many siblings that are as it is. Nobody else may use the store meanwhile."""
    original = state_of(store, child)
    siblings = copies(original, store.next_child_no(original.pico.parent or ""))
    for start in range(0, number, BATCH):
        store.write([next(siblings).writes() for _ in range(min(BATCH, number - start))])
