"""The engine: picos that wait for events and respond by rules.

    async with open_engine(Settings(store="sqlite:///home.db")) as engine:
        reply = await engine.deliver(delivery)

A transport hands in deliveries and registers a decoder that understands them; the engine knows channels
(`knows`), stores events (`accept`) and waits for their end (`deliver`). Errors of the door are exceptions.
"""

from .backup import back_up, restore
from .clock import Chance
from .delivery import Decoder, Delivery
from .doctor import examine_file, mend_file, verify_file
from .document import dumps, loads
from .engine import Engine, engine_version, open_engine
from .errors import (
    ChannelNotFound,
    ChannelProtected,
    Conflict,
    DeliveryTooLarge,
    EngineError,
    EventCancelled,
    EventDead,
    EventNotFound,
    Failed,
    FunctionNotFound,
    InvalidValue,
    KeyReused,
    LetterNotFound,
    LogBroken,
    NotFound,
    Overloaded,
    OwnChannelNotFound,
    PastUnknown,
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
    TimerNotFound,
    Undecodable,
    UnsupportedMedia,
)
from .event import Directive, Event, EventQuery, Query, Receipt, Reply, Request
from .feed import Finished, Follower
from .finding import Finding
from .history import History, open_history
from .loop.decode import request_of
from .operations import Operations
from .replay import Replay
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
    "EventCancelled",
    "EventDead",
    "EventNotFound",
    "EventQuery",
    "Failed",
    "Finding",
    "Finished",
    "Follower",
    "FunctionNotFound",
    "History",
    "InvalidValue",
    "KeyReused",
    "LetterNotFound",
    "LogBroken",
    "NotFound",
    "Operations",
    "Overloaded",
    "OwnChannelNotFound",
    "PastUnknown",
    "PicoNotFound",
    "PolicyRefused",
    "Query",
    "QueryFailed",
    "Receipt",
    "Refused",
    "Replay",
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
    "TimerNotFound",
    "Undecodable",
    "UnsupportedMedia",
    "back_up",
    "dumps",
    "engine_version",
    "examine_file",
    "loads",
    "mend_file",
    "open_engine",
    "open_history",
    "request_of",
    "restore",
    "verify_file",
]
