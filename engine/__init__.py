"""The engine: picos that wait for events and respond by rules.

    async with open_engine(Settings(store="sqlite:///home.db")) as engine:
        reply = await engine.deliver(delivery)

A transport hands in deliveries and registers a decoder that understands them; the engine knows channels
(`knows`), stores events (`accept`) and waits for their end (`deliver`). Errors of the door are exceptions. What is to
leave by a transport is handed to the sender that it has registered.
"""

from .care.backup import back_up, restore
from .care.doctor import examine_file, mend_file, verify_file
from .care.finding import Finding
from .care.operations import Operations
from .clock import Chance
from .delivery import Decoder, Delivery
from .document import dumps, loads
from .effect import Effect, Mark, Sender
from .effects.web import WebAnswer, WebFailed, WebRequest
from .engine import Engine, engine_version, open_engine
from .errors import (
    AttachmentNotFound,
    CallbackEnded,
    CallbackNotFound,
    ChannelNotFound,
    ChannelProtected,
    Conflict,
    DeliveryTooLarge,
    EngineError,
    EventCancelled,
    EventDead,
    EventNotFound,
    Exhausted,
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
    SendFailed,
    SendRefused,
    SourceUnavailable,
    Stopping,
    StoreUnavailable,
    TimedOut,
    TimerNotFound,
    Undecodable,
    UnsupportedMedia,
)
from .event import Directive, Event, EventQuery, Query, Receipt, Reply, Request
from .loop.decode import request_of
from .mail.message import Attachment, Mail, MailLimits, header_map
from .mail.reading import read_mail
from .mail.writing import loop_mark
from .mail.writing import message_id as mail_message_id
from .means import on_thread
from .modules import MODULES
from .past.history import History, open_history
from .past.replay import Replay
from .rehearsal import Rehearsal, open_rehearsal
from .settings import Settings
from .witness.feed import Finished, Follower
from .witness.reports import STATUSES, Reports

__all__ = [
    "MODULES",
    "STATUSES",
    "Attachment",
    "AttachmentNotFound",
    "CallbackEnded",
    "CallbackNotFound",
    "Chance",
    "ChannelNotFound",
    "ChannelProtected",
    "Conflict",
    "Decoder",
    "Delivery",
    "DeliveryTooLarge",
    "Directive",
    "Effect",
    "Engine",
    "EngineError",
    "Event",
    "EventCancelled",
    "EventDead",
    "EventNotFound",
    "EventQuery",
    "Exhausted",
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
    "Mail",
    "MailLimits",
    "Mark",
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
    "Rehearsal",
    "Replay",
    "Reply",
    "ReplyNotFound",
    "Reports",
    "Request",
    "RuleFailed",
    "RulesetNotFound",
    "RulesetRefused",
    "SendFailed",
    "SendRefused",
    "Sender",
    "Settings",
    "SourceUnavailable",
    "Stopping",
    "StoreUnavailable",
    "TimedOut",
    "TimerNotFound",
    "Undecodable",
    "UnsupportedMedia",
    "WebAnswer",
    "WebFailed",
    "WebRequest",
    "back_up",
    "dumps",
    "engine_version",
    "examine_file",
    "header_map",
    "loads",
    "loop_mark",
    "mail_message_id",
    "mend_file",
    "on_thread",
    "open_engine",
    "open_history",
    "open_rehearsal",
    "read_mail",
    "request_of",
    "restore",
    "verify_file",
]
