"""Work on other threads, and what is to be done when there are none."""

from __future__ import annotations

import errno
from threading import current_thread, main_thread

import pytest

from engine import Exhausted, on_thread
from engine.means import is_exhausted
from tests.engine.want import no_thread_starts


async def test_work_is_done_on_another_thread() -> None:
    assert await on_thread(current_thread) is not main_thread()


async def test_an_error_of_the_work_is_its_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        await on_thread(lambda: 1 // 0)


@pytest.mark.fault(53)
async def test_work_without_a_thread_is_not_done_later_either() -> None:
    done: list[str] = []
    with no_thread_starts(), pytest.raises(Exhausted):
        await on_thread(lambda: done.append("first"))
    await on_thread(lambda: done.append("second"))

    assert done == ["second"]


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "exhausted"),
    [
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("another"), False),
        (OSError(errno.EMFILE, ""), True),
        (OSError(errno.ECONNREFUSED, ""), False),
        (caused(ValueError(), OSError(errno.ENFILE, "")), True),
        (caused(OSError("all"), ExceptionGroup("", [OSError(1, ""), OSError(errno.EMFILE, "")])), True),
        (caused(OSError("all"), ExceptionGroup("", [OSError(1, "")])), False),
    ],
    ids=repr,
)
def test_the_want_of_means_is_seen_through_what_came_of_it(error: BaseException, exhausted: bool) -> None:
    assert is_exhausted(error) == exhausted
