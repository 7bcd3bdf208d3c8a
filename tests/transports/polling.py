"""Wait, within bounds, for what other processes do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

LOOK_SECONDS = 0.02


async def until(found: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `found` gives as soon as that is true; its coroutines are awaited. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            value = found()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return value
            await asyncio.sleep(LOOK_SECONDS)


def until_now(found: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The same outside an event loop."""
    end = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(LOOK_SECONDS)
    return value
