"""The program with one difference: `random:word(how)` ends its process as a fault in a library would."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
from dataclasses import replace
from itertools import repeat
from typing import Any

from krl import LIBRARY
from transports.cli import main


def end_the_process(h: Any, here: Any, how: Any = None) -> Any:
    """Not even `finally` blocks run."""
    match how:
        case "hang":
            return all(repeat(True))  # in C: no other thread of Python's has a turn any more
        case "segfault":
            faulthandler.disable()
            return ctypes.string_at(0)
        case "allocate":
            return bytearray(1 << 60)
        case _:
            return os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    members: Any = LIBRARY["random"]
    members["word"] = replace(members["word"], call=end_the_process, params=("how",))
    main()
