"""The program with one difference: `random:word()` ends its process as a fault in a library would."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import Any

from krl import LIBRARY
from transports.cli import main


def end_the_process(h: Any, here: Any) -> None:
    """Not even `finally` blocks run."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    members: Any = LIBRARY["random"]
    members["word"] = replace(members["word"], call=end_the_process)
    main()
