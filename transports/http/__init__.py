"""HTTP: `/c/…` and `/sky/…` as the Node engine has them, with honest statuses.

    application = Application(engine, HttpSettings(), rest=api)
    engine needs the decoders that DECODERS makes: `open_engine(settings, decoders=decoders(settings))`

`application` is the door, `routes` what stands behind it; `decode` and `cloud_events` understand deliveries;
`answers` has the table of statuses.
"""

from collections.abc import Mapping

from engine import Decoder, Settings

from ..cloud_events import NAME as CLOUD_EVENTS
from ..cloud_events import decoder as cloud_events_decoder
from ..problems import PROBLEM
from . import decode
from .answers import Answer, HttpError, error_answer, json_answer, problem
from .application import Application, Observe
from .body import Disconnected, request_members
from .settings import HttpSettings
from .table import PICO_OPERATIONS, Operation

__all__ = [
    "PICO_OPERATIONS",
    "PROBLEM",
    "Answer",
    "Application",
    "Disconnected",
    "HttpError",
    "HttpSettings",
    "Observe",
    "Operation",
    "decoders",
    "error_answer",
    "json_answer",
    "problem",
    "request_members",
]


def decoders(settings: Settings) -> Mapping[str, Decoder]:
    """The decoders that this transport's deliveries name."""
    return {"http": decode.decoder(settings), CLOUD_EVENTS: cloud_events_decoder(settings)}
