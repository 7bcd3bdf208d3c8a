"""Where the program's log goes: the standard error, one JSON object a line, or plain text on a terminal.

The engine logs through structlog, the libraries through the standard library; both end here in one form.
"""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor

CHATTY = ("httpx2", "httpcore2", "watchfiles")  # libraries that log each of their steps as information


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send everything logged at this level or above to the standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last_steps()))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def log_nothing() -> None:
    """Drop whatever the engine would log: who runs it for a moment tells in his own words what came of it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _last_steps() -> list[Processor]:
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if sys.stderr.isatty():
        # Not the formatter that it would take by itself, which shows all variables, and so whatever secret is in one.
        return [without_meta, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [
        without_meta,
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("msg"),
        structlog.processors.JSONRenderer(default=str),
    ]
