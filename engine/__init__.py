"""The engine: picos that wait for events and respond by rules.

    async with open_engine(Settings(store="sqlite:///home.db")) as engine:
        reply = await engine.deliver(delivery)

A transport hands in deliveries and registers a decoder that understands them; the engine knows channels
(`knows`), stores events (`accept`) and waits for their end (`deliver`). Errors of the door are exceptions.
"""

from .clock import Chance
from .delivery import Decoder, Delivery
from .document import dumps, loads
from .engine import Engine, engine_version, open_engine
from .errors import (
    ChannelNotFound,
    ChannelProtected,
    Conflict,
    DeliveryTooLarge,
    EngineError,
    EventNotFound,
    Failed,
    FunctionNotFound,
    InvalidValue,
    KeyReused,
    NotFound,
    Overloaded,
    OwnChannelNotFound,
    PicoNotFound,
    PolicyRefused,
    QueryFailed,
    Refused,
    ReplyNotFound,
    RuleFailed,
    RulesetNotFound,
    RulesetRefused,
    SourceUnavailable,
    Stopping,
    StoreUnavailable,
    TimedOut,
    Undecodable,
    UnsupportedMedia,
)
from .event import Directive, Event, EventQuery, Query, Receipt, Reply, Request
from .feed import Finished, Follower
from .loop.decode import request_of
from .reports import STATUSES, Reports
from .settings import Settings

__all__ = [
    "STATUSES",
    "Chance",
    "ChannelNotFound",
    "ChannelProtected",
    "Conflict",
    "Decoder",
    "Delivery",
    "DeliveryTooLarge",
    "Directive",
    "Engine",
    "EngineError",
    "Event",
    "EventNotFound",
    "EventQuery",
    "Failed",
    "Finished",
    "Follower",
    "FunctionNotFound",
    "InvalidValue",
    "KeyReused",
    "NotFound",
    "Overloaded",
    "OwnChannelNotFound",
    "PicoNotFound",
    "PolicyRefused",
    "Query",
    "QueryFailed",
    "Receipt",
    "Refused",
    "Reply",
    "ReplyNotFound",
    "Reports",
    "Request",
    "RuleFailed",
    "RulesetNotFound",
    "RulesetRefused",
    "Settings",
    "SourceUnavailable",
    "Stopping",
    "StoreUnavailable",
    "TimedOut",
    "Undecodable",
    "UnsupportedMedia",
    "dumps",
    "engine_version",
    "loads",
    "open_engine",
    "request_of",
]
