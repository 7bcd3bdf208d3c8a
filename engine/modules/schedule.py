"""`schedule`: the jobs of this ruleset on this pico. They are made by the statement `schedule`.

Source: docs/modules.md, "schedule".
"""

from __future__ import annotations

from typing import Any

from krl import Here, Member, Module, text

from ..host import Host


def jobs(h: Host, here: Here) -> list[dict[str, Any]]:
    """All jobs, in order of creation."""
    return h.parts.timetable.jobs(h, here.rid)


def get(h: Host, here: Here, id: Any = None) -> dict[str, Any] | None:
    """The job of this id, null if there is none."""
    return next((job for job in h.parts.timetable.jobs(h, here.rid) if job["id"] == id), None)


def remove(h: Host, here: Here, id: Any = None) -> None:
    """Remove the job of this id, and no other; an unknown id is ignored."""
    h.parts.timetable.remove(h, here.rid, text(id))


def clear(h: Host, here: Here) -> None:
    """Remove all jobs of this ruleset."""
    h.parts.timetable.remove(h, here.rid, None)


MODULE: Module = {
    "list": Member("function", jobs),
    "get": Member("function", get, ("id",)),
    "remove": Member("action", remove, ("id",)),
    "clear": Member("action", clear),
}
