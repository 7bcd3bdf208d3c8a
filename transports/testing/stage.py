"""Set up what a test has given: picos, their rulesets, channels and state, and who is subscribed to whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from engine import Rehearsal, Settings, open_rehearsal

from .network import Network
from .problems import NOTHING
from .sources import RulesetText, ruleset_text
from .specification import Given, GivenChannel, GivenPico, Subscription
from .values import equal

SUBSCRIPTION = "io.picolabs.subscription"
PATIENCE_SECONDS = 1e9  # nobody waits in vain: what does not come to rest is told


@asynccontextmanager
async def open_stage(given: Given, network: Network) -> AsyncIterator[Rehearsal]:
    """An engine in which nothing of what is given is there yet but the first pico."""
    folders = {str(each.file.parent) for pico in given.picos for each in pico.rulesets}
    settings = Settings(file_folders=tuple(sorted(folders)), wait_seconds=PATIENCE_SECONDS)
    texts = {url: path.read_text(encoding="utf-8") for url, path in given.texts.items()}
    for pico in given.picos:
        texts |= {each.url: each.file.read_text(encoding="utf-8") for each in pico.rulesets}
    first = given.picos[0].name
    async with open_rehearsal(
        first, network.fetch, at=given.time, settings=settings, texts=texts, seed=given.seed
    ) as rehearsal:
        yield rehearsal


def texts_of(given: Given) -> dict[str, tuple[RulesetText, ...]]:
    """The rulesets of each pico, and under no name all that may come by a URL. Raises KRLSyntaxError, OSError."""
    texts = {pico.name: tuple(ruleset_text(each.file) for each in pico.rulesets) for pico in given.picos}
    return {**texts, "": tuple(ruleset_text(path) for path in given.texts.values())}


async def set_up(rehearsal: Rehearsal, given: Given, tested: Mapping[str, str]) -> None:
    """Put everything in its place; `tested` is the rid under test of each pico.

    Raises EngineError for what cannot be.
    """
    for pico in given.picos[1:]:
        await rehearsal.add_pico(pico.name, pico.parent)
    for pico in given.picos:
        for channel in pico.channels:
            await _add_channel(rehearsal, pico.name, channel)
    for subscription in given.subscriptions:
        await _subscribe(rehearsal, subscription)
    for pico in given.picos:
        for each in pico.rulesets:
            await rehearsal.install(pico.name, each.url, each.config, tell=pico.introduce)
    for pico in given.picos:
        await _set_state(rehearsal, pico, tested[pico.name])
    await rehearsal.settle()
    rehearsal.lay_out(lambda eci, query, args: _laid_out(given, eci, query, args))
    rehearsal.draws.numbers.extend(given.numbers)
    rehearsal.draws.names.extend(given.names)


def _laid_out(given: Given, eci: str, query: str, args: Mapping[str, Any]) -> tuple[Any] | None:
    for each in given.answers:
        if (each.pico, each.query) == (eci, query) and (each.args is NOTHING or equal(each.args, args)):
            return (each.answer,)
    return None


async def _add_channel(rehearsal: Rehearsal, pico: str, channel: GivenChannel) -> None:
    events = None if channel.events is None else _policy("domain", ":", channel.events)
    queries = None if channel.queries is None else _policy("rid", "/", channel.queries)
    await rehearsal.add_channel(pico, channel.eci, list(channel.tags), events, queries)


def _policy(first: str, separator: str, allowed: tuple[str, ...]) -> dict[str, Any]:
    pairs = [each.partition(separator) for each in allowed]
    return {"allow": [{first: word, "name": name} for word, _, name in pairs], "deny": []}


async def _subscribe(rehearsal: Rehearsal, subscription: Subscription) -> None:
    """As if both had agreed: `a` receives on `b-to-a`, and `b` on `a-to-b`."""
    one, other = subscription.between
    roles = dict(zip(subscription.between, subscription.roles, strict=True))
    for here, there in ((one, other), (other, one)):
        await rehearsal.add_channel(here, f"{there}-to-{here}", [f"{one}-{other}", "tx_rx"])
    for here, there in ((one, other), (other, one)):
        bus = {"Id": f"{one}-{other}", "Rx": f"{there}-to-{here}", "Tx": f"{here}-to-{there}"}
        if roles[here] or roles[there]:
            bus |= {"Rx_role": roles[here], "Tx_role": roles[there]}
        established = rehearsal.variable(here, SUBSCRIPTION, "established") or []
        await rehearsal.set_state(here, SUBSCRIPTION, {"established": [*established, bus]})


async def _set_state(rehearsal: Rehearsal, pico: GivenPico, tested: str) -> None:
    by_rid: defaultdict[str, tuple[dict[str, Any], dict[str, Any]]] = defaultdict(lambda: ({}, {}))
    for number, values in enumerate((pico.state, pico.expressions)):
        for key, value in values.items():
            rid, found, name = key.rpartition("/")
            by_rid[rid if found else tested][number][name] = value
    for rid, (variables, expressions) in by_rid.items():
        await rehearsal.set_state(pico.name, rid, variables, expressions)
