"""Inputs of a cycle that is evaluated again: first those that were noted, in their order, then whatever comes.

A cycle that makes a step is journalled up to there: its inputs so far lie in the step's row. When it was given up, or
the process ended, it begins anew from the same state, with these inputs, and so comes to the same steps, whose answers
it finds. If it asks for anything else than it did before, it has diverged: then nobody knows what it would do next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from .document import dumps, loads
from .errors import Diverged
from .recorder import Globals, Inputs, KnownSlow, Recorded, Recording, error_from, search_asked, short
from .store.interface import StepRow

T = TypeVar("T")

STEP = "step"  # stands, among what is ahead, where a step was made

Blob = Callable[[str], bytes | None]
"""What the store keeps under a hash."""


class Resumed(Recording):
    """Hands out what is ahead; what is handed out is noted again, as if it came now."""

    __slots__ = ("_ahead", "_blob", "_lost")

    def __init__(self, rows: Sequence[StepRow], blob: Blob) -> None:
        """`rows` are the steps that the cycle has made before."""
        super().__init__()
        self._lost: Diverged | None = None  # it goes another way, and may take nothing more
        self._blob = blob
        self._ahead: deque[list[Any]] = deque()
        for row in rows:
            for entry in loads(row.io):
                if entry[0] == "now":
                    self._ahead.extend([["now", None, entry[2]]] * entry[1])
                else:
                    self._ahead.append(entry)
            self._ahead.append([STEP, row.n])

    # Constants where nothing is resumed, which is asked at each event; nobody ever sets them.
    @property
    def again(self) -> bool:  # type: ignore[override]
        """Whether all that happens has happened before."""
        return bool(self._ahead)

    def left(self) -> Diverged | None:
        """What is wrong with a cycle whose rules have ended now; whatever is asked for behind that is new."""
        lost = self._diverged("ends") if self._ahead else self._lost
        self._lost = None
        return lost

    @property
    def known_slow(self) -> KnownSlow | None:  # type: ignore[override]
        return self._ran_out

    def _ran_out(self, pattern: str, subject: str, pos: int) -> bool:
        return bool(self._ahead) and self._ahead[0][:2] == ["regex", search_asked(pattern, subject, pos)]

    def now(self, live: Callable[[], int]) -> int:
        entry = self._given("now", None)
        return super().now(live if entry is None else lambda: entry[2])

    def draw(self, kind: str, live: Callable[[], T]) -> T:
        entry = self._given(kind, None)
        if entry is None:
            return super().draw(kind, live)
        known: T = entry[2]
        return super().draw(kind, lambda: known)

    def take(self, kind: str, asked: Any, live: Callable[[], Any]) -> Any:
        entry = self._given(kind, asked)
        return super().take(kind, asked, live if entry is None else lambda: _answer(entry))

    def step(self, kind: str, asked: Any, live: Callable[[bytes, dict[str, bytes]], Any]) -> Any:
        if self._lost is not None:
            raise self._lost
        if self._ahead and self._ahead[0][0] != STEP:
            raise self._diverged(f"makes a step ({kind})")
        if self._ahead:
            self._ahead.popleft()
        ahead, self._ahead = self._ahead, deque()  # the answer stands with the step, and is not ahead
        try:
            return super().step(kind, asked, live)
        finally:
            self._ahead = ahead

    def note(self, kind: str, asked: Any = None) -> None:
        self._given(kind, asked)
        super().note(kind, asked)

    def computing(self, rid: str) -> Inputs:
        if self._ahead and self._ahead[0][:2] == ["loaded", rid]:
            return computed(self._blob, self._ahead[0][2])
        return super().computing(rid)

    def uses(self, kind: str, rid: str, globals: Globals) -> None:
        if kind == "loaded" or globals.hash not in self.blobs:
            entry = self._given(kind, rid)
            if entry is not None and entry[2] != globals.hash:
                self._ahead.appendleft(entry)
                raise self._diverged(f"has other globals of {rid}")
        super().uses(kind, rid, globals)

    def _given(self, kind: str, asked: Any) -> list[Any] | None:
        """The next of what is ahead; None if there is no more. Raises Diverged if something else was asked."""
        if self._lost is not None:
            raise self._lost
        if not self._ahead:
            return None
        if self._ahead[0][:2] != [kind, short(asked)]:
            raise self._diverged(f"asks for {_named(kind, short(asked))}")
        return self._ahead.popleft()

    def _diverged(self, does: str) -> Diverged:
        kind, asked = self._ahead[0][:2]
        was = "made a step" if kind == STEP else f"asked for {_named(kind, asked)}"
        if self._lost is None:
            self._lost = Diverged(f"evaluated again, the event {does} where it {was} before")
        self._ahead.clear()
        return self._lost


class Known(Recording):
    """Inputs of a pico that is loaded with the globals that it had: the hash of each ruleset's, by its rid."""

    __slots__ = ("_blob", "_hashes")

    def __init__(self, hashes: Mapping[str, str], blob: Blob) -> None:
        super().__init__()
        self._hashes = hashes
        self._blob = blob

    def computing(self, rid: str) -> Inputs:
        hash = self._hashes.get(rid)
        return super().computing(rid) if hash is None else computed(self._blob, hash)


def globals_used(rows: Sequence[StepRow]) -> dict[str, str]:
    """By rid, the hashes of the impure globals that the cycle of these steps has used."""
    return {rid: hash for row in rows for kind, rid, hash, *_ in loads(row.io) if kind == "globals"}


def computed(blob: Blob, hash: str) -> Recorded:
    """The inputs that globals were computed from, which the store has under this hash."""
    inputs = blob(hash)
    if inputs is None:
        raise Diverged(f"what globals were computed from is not stored ({hash})")
    return Recorded.of(inputs, _missing)


def _missing(kind: str, asked: Any) -> None:
    raise Diverged(f"computed again, globals ask for {_named(kind, asked)}, which they did not")


def _answer(entry: list[Any]) -> Any:
    _, _, answer, *error = entry
    if error:
        raise error_from(error[0])
    return answer


def _named(kind: str, asked: Any) -> str:
    return kind if asked is None else f"{kind} {dumps(asked).decode()}"
