"""Events that fail because the world does not answer: they are evaluated again, later and later, and not for ever.

Only events whose end nobody waits for: a caller is told at once, and may judge for himself. What fails each time is
either a dead letter or the reason to pause its pico, as the setting `on_poison` says.
"""

from __future__ import annotations

import asyncio

import structlog

from ..clock import Chance
from ..errors import ReadsFailed, RuleFailed
from ..settings import Settings
from ..store.interface import Writes
from .respond import Responder
from .wait import Item, Mailboxes

MAX_ATTEMPTS = 5
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 30.0
PAUSE = "pause"

_log = structlog.get_logger("picoengine")


class Poison:
    """Decides what becomes of an event that has met a failed read."""

    def __init__(self, settings: Settings, mailboxes: Mailboxes, responder: Responder, chance: Chance) -> None:
        self._pauses = settings.on_poison == PAUSE
        self._mailboxes = mailboxes
        self._responder = responder
        self._chance = chance

    def judge(self, item: Item, failure: RuleFailed) -> RuleFailed | None:
        """How the event ends; None if it is evaluated again."""
        if item.reads + 1 >= MAX_ATTEMPTS and not self._pauses:
            return ReadsFailed(failure, item.reads + 1)
        self._responder.note_failed_read(item)
        self._mailboxes.set_aside(item)
        if item.reads >= MAX_ATTEMPTS:
            self._pause(item, failure)
            self._mailboxes.take_up(item)
        else:
            asyncio.ensure_future(self._chance.sleep(self._delay(item.reads))).add_done_callback(
                lambda _: self._mailboxes.take_up(item)
            )
        return None

    @staticmethod
    def _delay(failed: int) -> float:
        return min(FIRST_DELAY_SECONDS * 2.0 ** (failed - 1), LONGEST_DELAY_SECONDS)

    def _pause(self, item: Item, failure: RuleFailed) -> None:
        """Its pico begins no event any more until somebody lets it go on; then this one is tried once more."""
        _log.error("a pico is paused: an event cannot read", pico=item.pico, eid=item.eid, error=failure.text)
        self._mailboxes.pause_pico(item.pico)
        self._responder.act(Writes(paused={item.pico: self._chance.now()}))
