"""How often something may happen: a bucket for each name, which fills up again at a steady pace."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

KNOWN = 10_000  # names that are kept; of the rest the bucket is full


class Rates:
    """Counts by name, within a number a minute."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` tells seconds."""
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # name → what is left, and when it was

    def take(self, name: str, per_minute: int) -> bool:
        """Count one; False if it is one too many. A limit of 0 is none."""
        if per_minute <= 0:
            return True
        left = self._left(name, per_minute)
        enough = left >= 1
        self._keep(name, left - 1 if enough else left)
        return enough

    def give_back(self, name: str, per_minute: int) -> None:
        """Count one that was taken no longer."""
        if per_minute > 0:
            self._keep(name, min(float(per_minute), self._left(name, per_minute) + 1))

    def has(self, name: str, per_minute: int, number: int = 1) -> bool:
        """Whether so many could be taken; counts none."""
        return per_minute <= 0 or self._left(name, per_minute) >= number

    def _keep(self, name: str, left: float) -> None:
        self._buckets[name] = (left, self._now())
        self._buckets.move_to_end(name)
        if len(self._buckets) > KNOWN:
            self._buckets.popitem(last=False)

    def _left(self, name: str, per_minute: int) -> float:
        now = self._now()
        left, since = self._buckets.get(name, (float(per_minute), now))
        return min(float(per_minute), left + (now - since) * per_minute / 60)
