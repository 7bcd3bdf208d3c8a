"""The engine's settings: one frozen record with the defaults that a new user gets.

Where they come from (file, environment, flags) is the program's affair: transports/serve.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from krl import Dialect, Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """How one engine runs. Sizes in bytes, times in seconds."""

    store: str = "memory:"  # `sqlite:///path`, a path, or `memory:`
    base_url: str = "http://localhost:3000"  # what KRL sees as meta:host
    limits: Limits = field(default_factory=Limits)
    max_body_bytes: int = 1024 * 1024
    max_depth: int = 100  # of attributes and arguments
    max_members: int = 10_000  # of attributes and arguments, all levels together
    wait_seconds: float = 60.0  # a waited event is answered 202 after this, a query 504
    put_aside_seconds: float = 5.0  # an event that waits longer for the answer to a call lets queries pass
    step_seconds: float = 900.0  # then a call whose answer a rule uses has had none
    on_lost_step: Literal["retry", "ask"] = (
        "retry"  # a call that the last run may have made: again, or as somebody says
    )
    on_poison: Literal["dead", "pause"] = (
        "dead"  # what becomes of an event whose reads fail each time: "dead", or "pause" of its pico
    )
    dedup_seconds: float = 7 * 24 * 3600.0
    watchdog_seconds: float = 30.0  # of the processor; an event that takes more ends a supervised process; 0: never
    awake_picos: int = 10_000  # picos kept in memory while they have nothing to do
    inbox_limit: int = 100_000  # events accepted and not finished, of the whole engine
    pico_inbox_limit: int = 10_000  # of one pico
    dialect: Dialect = "1.x"  # of every ruleset; "0.x": that of the engines before version 1
    cache: str = ""  # folder of compiled rulesets; empty: in the user's cache; "off": none are kept
    trace: bool = True
    trace_seconds: float = 7 * 24 * 3600.0  # then a trace is dropped
    trace_bytes: int = 1024 * 1024 * 1024  # of all traces together; beyond it the oldest are dropped
    failure_seconds: float = 30 * 24 * 3600.0  # then a failed event is no dead letter any more
    attachment_seconds: float = 30 * 24 * 3600.0  # then a large attachment of a mail is gone
    log_seconds: float = 0.0  # then events leave the log, as far as it stays verifiable; 0: never
    file_folders: tuple[str, ...] = ()  # `file:` URLs of rulesets are read only below these
    source_hosts: tuple[str, ...] = ()  # hosts that rulesets may be fetched from; empty: any
    source_headers: Mapping[str, str] = field(default_factory=dict)  # host or origin → `Name: value`, sent there only
    fetch_seconds: float = 10.0
    private_networks: bool = True  # may rules and installs reach private addresses?
    hide_channels: bool = False  # unknown ECI and denied policy look the same to strangers
    sky_eid_is_key: bool = False
    directives_to: tuple[str, ...] = ()  # targets such as `amqp:`, to which the directives of every event are sent, too
    mail_from: str = "picoengine@localhost"  # whom `email:send` writes as, if the rule does not say
    drop_headers: tuple[str, ...] = ()  # lower-case names removed from `_headers` at the door
