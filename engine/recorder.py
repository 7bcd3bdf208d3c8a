"""The inputs of a cycle: all that it takes from outside its pico's state, noted in the order of asking.

What an event does is a function of the pico's state, its rulesets, the event and these inputs. The log keeps them, so
every event can be evaluated again and must come to the same.

A noted input is `[kind, what was asked, what came]`; if an error came, `[kind, what was asked, null, the error]`. Of
the time only changes are noted: `["now", how often, milliseconds]`. Kinds:

    now random id eid           clock, chance and fresh names
    channel                     the pico behind an ECI, which lets a request in or not
    query eventQuery            answers of other picos
    http                        answers from the network
    attachment                  a large part of a mail, which the store does not keep for ever
    ruleset registered          ruleset texts, by the hashes under which the store keeps them
    mail_from                   whom the engine writes mail as, if it can send any
    family jobs logs base_url   what else a rule can learn that its pico's log does not tell
    globals loaded              what impure globals were computed from: the hash of a blob of inputs
    ent …                       (in such a blob) the state that globals were computed from
    regex                       a search that ran out of time
    broken one_answer act within  see the constants of these names

Source: docs/replay.md.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol, TypeVar

import krl
from krl import KRLRuntimeError

from . import errors
from .document import dumps, loads
from .errors import EngineError, RulesetRefused, StoreUnavailable

T = TypeVar("T")

ACT = "act"  # noted by events that the engine makes and that no rule sees
WITHIN = "within"  # noted by events that a new pico has evaluated within the event that made it
BROKEN = "broken"  # rulesets that did not load
ONE_ANSWER = "one_answer"  # two rules have answered a caller who could be given one answer only

MAX_ASKED = 200  # bytes of what is asked that are noted as they are; of more a digest
NOTHING = b"[]"


@dataclass(frozen=True, slots=True)
class Globals:
    """What the impure globals of one loaded ruleset were computed from."""

    hash: str
    inputs: bytes


def globals_from(inputs: bytes) -> Globals:
    """Named by the hash of the inputs, under which the store keeps them."""
    return Globals(sha256(inputs).hexdigest(), inputs)


KnownSlow = Callable[[str, str, int], bool]
"""Whether a search for the pattern, in the text, from there on, ran out of time."""


class Inputs(Protocol):
    """Where a cycle takes its inputs from."""

    blobs: dict[str, bytes]
    """What noted hashes stand for, where the store is to keep it as a blob."""

    @property
    def again(self) -> bool:
        """Whether this has happened before: the cycle was given up further on, and begins anew."""
        ...

    @property
    def known_slow(self) -> KnownSlow | None:
        """Which searches run out of time; None: that is found out."""
        ...

    def now(self, live: Callable[[], int]) -> int:
        """The time, in milliseconds since 1970."""
        ...

    def draw(self, kind: str, live: Callable[[], T]) -> T:
        """An input for which nothing is asked: a number, a name."""
        ...

    def take(self, kind: str, asked: Any, live: Callable[[], Any]) -> Any:
        """The answer to what is asked, both plain JSON; raises the error that came instead."""
        ...

    def step(self, kind: str, asked: Any, live: Callable[[bytes, dict[str, bytes]], Any]) -> Any:
        """As `take`, for an answer that is journalled: `live` gets the inputs since the step before, and the blobs."""
        ...

    def note(self, kind: str, asked: Any = None) -> None:
        """Something has happened to the cycle."""
        ...

    def computing(self, rid: str) -> Inputs:
        """Where the globals of a ruleset take theirs from that is being loaded in this cycle."""
        ...

    def uses(self, kind: str, rid: str, globals: Globals) -> None:
        """Impure globals of a ruleset are used ("globals"), or have just been computed ("loaded")."""
        ...

    def encoded(self) -> bytes:
        """The stored form."""
        ...


class Recording:
    """Inputs as they come, noted."""

    __slots__ = ("_noted", "_since", "blobs")

    again = False
    known_slow: KnownSlow | None = None

    def __init__(self) -> None:
        self._noted: list[list[Any]] = []
        self._since = 0  # as many of them came before the latest step, it included
        self.blobs: dict[str, bytes] = {}

    def now(self, live: Callable[[], int]) -> int:
        now = live()
        noted = self._noted
        if noted and noted[-1][0] == "now" and noted[-1][2] == now:
            noted[-1][1] += 1
        else:
            noted.append(["now", 1, now])
        return now

    def draw(self, kind: str, live: Callable[[], T]) -> T:
        answer = live()
        self._noted.append([kind, None, answer])
        return answer

    def take(self, kind: str, asked: Any, live: Callable[[], Any]) -> Any:
        # What it takes to find the answer is in the answer: it is not noted for itself.
        outer, self._noted = self._noted, []
        known, self.blobs = self.blobs, {}
        try:
            answer = live()
        except (EngineError, KRLRuntimeError) as error:
            if not isinstance(error, StoreUnavailable):  # then the event has not happened
                outer.append([kind, short(asked), None, told(error)])
            raise
        else:
            outer.append([kind, short(asked), answer])
            return answer
        finally:
            self._noted, self.blobs = outer, known

    def step(self, kind: str, asked: Any, live: Callable[[bytes, dict[str, bytes]], Any]) -> Any:
        since, blobs = dumps(self._noted[self._since :]), self.blobs
        try:
            return self.take(kind, asked, lambda: live(since, blobs))
        finally:
            self._since = len(self._noted)

    def note(self, kind: str, asked: Any = None) -> None:
        self._noted.append([kind, short(asked), None])

    def computing(self, rid: str) -> Inputs:
        return Recording()

    def uses(self, kind: str, rid: str, globals: Globals) -> None:
        if kind == "loaded" or globals.hash not in self.blobs:
            self.blobs[globals.hash] = globals.inputs
            self._noted.append([kind, rid, globals.hash])

    def encoded(self) -> bytes:
        return dumps(self._noted) if self._noted else NOTHING


def act() -> Recording:
    """The inputs of an event that the engine itself makes, and that no rule sees."""
    recording = Recording()
    recording.note(ACT)
    return recording


class InputMissing(EngineError):
    """A replayed cycle asks for what the log does not have."""

    def __init__(self, kind: str, asked: Any) -> None:
        super().__init__(f"the log has no input {kind!r} for {dumps(asked).decode()}")


Missing = Callable[[str, Any], None]
"""Told of the kind and of what is asked when the log has no such input."""


@dataclass(slots=True)
class Recorded:
    """Inputs as the log has them: handed out by kind and by what is asked, in order, each once.

    For a time, a number or a name that the log does not have, `live` stands in, so that the rest can be looked at;
    any other missing input is an error in the rule that asks.
    """

    io: bytes
    missing: Missing
    lenient: bool = False  # what is missing is null, and not told
    blobs: dict[str, bytes] = field(default_factory=dict)
    _left: defaultdict[str, deque[list[Any]]] = field(default_factory=lambda: defaultdict(deque))
    _slow: set[tuple[Any, ...]] = field(default_factory=set)

    @classmethod
    def of(cls, io: bytes, missing: Missing, *, lenient: bool = False) -> Recorded:
        """The inputs of this stored form."""
        recorded = cls(io, missing, lenient)
        for entry in loads(io):
            match entry:
                case ["now", count, now]:
                    recorded._left[_key("now", None)].extend([["now", None, now]] * count)
                case ["regex", search, _]:
                    recorded._slow.add(tuple(search))
                    recorded._left[_key("regex", search)].append(entry)
                case _:
                    recorded._left[_key(entry[0], entry[1])].append(entry)
        return recorded

    def now(self, live: Callable[[], int]) -> int:
        return self.draw("now", live)

    def draw(self, kind: str, live: Callable[[], T]) -> T:
        entry = self.pop(kind)
        if entry is None:
            self._miss(kind, None)
            return live()
        answer: T = entry[2]
        return answer

    def take(self, kind: str, asked: Any, live: Callable[[], Any]) -> Any:
        entry = self.pop(kind, asked)
        if entry is None:
            self._miss(kind, asked)
            if self.lenient:
                return None
            raise InputMissing(kind, short(asked))
        _, _, answer, *error = entry
        if error:
            raise error_from(error[0])
        return answer

    def step(self, kind: str, asked: Any, live: Callable[[bytes, dict[str, bytes]], Any]) -> Any:
        return self.take(kind, asked, lambda: None)

    def note(self, kind: str, asked: Any = None) -> None:
        if self.pop(kind, asked) is None:
            self._miss(kind, asked)

    def computing(self, rid: str) -> Inputs:
        return self  # whoever replays loads with a host of its own

    def _miss(self, kind: str, asked: Any) -> None:
        if not self.lenient:
            self.missing(kind, short(asked))

    def next(self, kind: str, asked: Any = None) -> list[Any] | None:
        """The entry that would be handed out now."""
        left = self._left.get(_key(kind, short(asked)))
        return left[0] if left else None

    def pop(self, kind: str, asked: Any = None) -> list[Any] | None:
        """The next entry of this kind, which is then used up."""
        left = self._left.get(_key(kind, short(asked)))
        return left.popleft() if left else None

    def uses(self, kind: str, rid: str, globals: Globals) -> None:
        pass  # whoever replays has loaded them

    @property
    def again(self) -> bool:
        return False

    @property
    def known_slow(self) -> KnownSlow | None:
        return self._ran_out if self._slow else None

    def _ran_out(self, pattern: str, subject: str, pos: int) -> bool:
        return tuple(search_asked(pattern, subject, pos)) in self._slow

    def encoded(self) -> bytes:
        return self.io

    def unused(self) -> list[tuple[str, Any]]:
        """Kind and what was asked of each input that nobody has asked for."""
        return [(entry[0], entry[1]) for left in self._left.values() for entry in left]


def _key(kind: str, asked: Any) -> str:
    return f"{kind} {dumps(asked).decode()}"


def short(asked: Any) -> Any:
    """What is asked as it is noted: a long one as its digest."""
    if asked is None or (type(asked) is str and len(asked) < MAX_ASKED // 4):
        return asked
    body = dumps(asked)
    return asked if len(body) <= MAX_ASKED else digest(body)


def digest(body: bytes) -> str:
    """A name for these bytes, short and as good as unique."""
    return sha256(body).hexdigest()[:16]


def search_asked(pattern: str, subject: str, pos: int) -> list[Any]:
    """How a search by a regular expression is noted."""
    return [digest(f"{pattern}\0{subject}".encode("utf-8", "surrogatepass")), pos]


# --- errors ---------------------------------------------------------------------------------------------------


def told(error: EngineError | KRLRuntimeError) -> dict[str, Any]:
    """The stored form of an error that came as an input."""
    stored: dict[str, Any] = {"class": type(error).__name__, "kind": error.kind, "message": error.message}
    if isinstance(error, RulesetRefused) and error.diagnostics:
        stored["diagnostics"] = list(error.diagnostics)
    return stored


def error_from(stored: dict[str, Any]) -> EngineError | KRLRuntimeError:
    """An error of the same class, that says the same."""
    if stored["class"] in krl.__all__:
        found: type[KRLRuntimeError] = getattr(krl, stored["class"])
        return found(stored["message"])
    kind: type[EngineError] = getattr(errors, stored["class"])
    error = kind.__new__(kind)
    EngineError.__init__(error, stored["message"])  # its own would build the message anew
    error.kind = stored["kind"]
    if isinstance(error, RulesetRefused):
        error.diagnostics = tuple(stored.get("diagnostics", ()))
    return error
