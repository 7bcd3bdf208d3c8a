"""What a pico should have stored, compared with what it has: `verify` is tested in tests/engine/care/test_doctor.py."""

from __future__ import annotations

from collections.abc import Iterator

from engine.past.kept import Kept, Stored, stored
from engine.store.interface import Writes
from engine.store.memory import MemoryStore
from tests.engine.store.rows import log_row, pico_row


class Busy(MemoryStore):
    """A store in which an event is committed while its variables are being read, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.seq, self.times = 0, times
        self.commit()

    def commit(self) -> None:
        value = str(self.seq).encode()
        self.write([Writes(picos={"p": pico_row("p", head_seq=self.seq)}, variables={("p", "r", "n"): value})])

    def variables(self, pico: str, rid: str | None = None) -> Iterator[tuple[str, str, bytes]]:
        found = list(super().variables(pico, rid))
        if self.seq < self.times:
            self.seq += 1
            self.commit()
        return iter(found)


def test_variables_are_those_behind_the_event_that_is_told_with_them() -> None:
    assert stored(Busy(3), "p") == Stored(3, {("r", "n"): b"3"}, {})


def test_a_pico_that_never_rests_and_one_that_is_gone_have_nothing_to_be_compared() -> None:
    assert stored(Busy(1000), "p") is None
    assert stored(Busy(0), "other") is None


def test_what_a_ruleset_leaves_behind_is_forgotten_before_what_the_same_event_sets() -> None:
    kept = Kept({"ent": [["r", "old", 1], ["s", "other", 2]], "memory": [["r", "rule", "hash", {"a": 1}]]})

    kept.apply(log_row(changes=b'{"forgotten":["r"],"ent":[["r","new",3]]}'))

    assert list(kept.against(Stored(1, {("r", "new"): b"3", ("s", "other"): b"2"}, {}))) == []


def test_an_expression_that_is_another_is_told_though_it_remembers_the_same() -> None:
    kept = Kept({"memory": [["r", "rule", "hash", {"a": 1}]]})

    told = list(kept.against(Stored(1, {}, {("r", "rule"): ("other", b'{"a":1}')})))
    assert told == ["what rule rule of r remembers is not what its log leads to"]
