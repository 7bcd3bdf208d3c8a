"""What becomes of a timer's firings that came due while nobody could fire them: its misfire policy.

`fire_once`, what holds when nothing is said: one firing, however many were missed. `skip`: none. `catch_up(n)`: each
that was missed, from the oldest on, at most n. A policy stands with the time of its timer, in the same statement.

Source: docs/modules.md, "schedule".
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ..document import loads
from ..store.interface import TimerRow
from .recurrence import BadRecurrence, next_due

FIRE_ONCE = "fire_once"
SKIP = "skip"
MEMBER = "misfire"  # of the map that says when
MOST = 1000  # firings of one timer that one commit makes up for
LATE_MS = 60_000  # a firing that comes no later than this was not missed, only late
_CATCH_UP = re.compile(r"catch_up\(([0-9]{1,4})\)")


class BadPolicy(ValueError):
    """The value is no misfire policy; the message says what was expected."""


def policy_of(when: Any) -> str | None:
    """The policy that the time of a `schedule` statement names; None if it names none. Raises BadPolicy."""
    if not isinstance(when, dict) or MEMBER not in when:
        return None
    policy = when[MEMBER]
    _most(policy)
    return str(policy)


def firings(timer: TimerRow, now: int) -> tuple[int, TimerRow | None]:
    """How many events a timer that is due gives now, and its row from then on; None if that was the last of it."""
    count = _count(timer, now)
    row = next_firing(timer, now)
    return count, row and replace(row, fire_no=timer.fire_no + count)


def next_firing(timer: TimerRow, fired_at: int) -> TimerRow | None:
    """The timer's row after one firing at that time; None if that was the last one."""
    if timer.kind == "at":
        return None
    try:
        due = next_due(loads(timer.spec)["timespec"], fired_at)
    except BadRecurrence:  # a date text repeats once
        due = None
    return None if due is None else replace(timer, due_at=due, fire_no=timer.fire_no + 1)


def _count(timer: TimerRow, now: int) -> int:
    job = loads(timer.spec)
    policy = policy_of(job) or policy_of(job.get("timespec")) or FIRE_ONCE
    if policy == SKIP:
        return int(now - timer.due_at <= LATE_MS)
    count, most, passed = 1, _most(policy), next_firing(timer, timer.due_at)
    while count < most and passed is not None and passed.due_at <= now:
        count, passed = count + 1, next_firing(passed, passed.due_at)
    return count


def _most(policy: Any) -> int:
    """How many missed firings the policy makes up for. Raises BadPolicy."""
    if policy in (FIRE_ONCE, SKIP):
        return int(policy == FIRE_ONCE)
    found = _CATCH_UP.fullmatch(policy) if isinstance(policy, str) else None
    if found is None or not 1 <= int(found[1]) <= MOST:
        raise BadPolicy(f"{MEMBER} expects {FIRE_ONCE!r}, {SKIP!r} or 'catch_up(n)' with n from 1 to {MOST}")
    return int(found[1])
