"""The KRL modules that need a pico, named as KRL names them, and those of the language itself.

A member receives the host and the place it is called from (`here`), and its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping

from krl import LIBRARY, Module

from . import ctx, email, event, http, schedule
from .noting import noting, telling

MODULES: Mapping[str, Module] = {
    **LIBRARY,
    "ctx": telling("ctx", noting("ctx", ctx.MODULE)),
    "email": noting("email", email.MODULE),
    "event": noting("event", event.MODULE),
    "http": noting("http", http.MODULE),
    "schedule": telling("schedule", noting("schedule", schedule.MODULE)),
}
