"""Picos of an engine in memory, and what a client would say to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine import Delivery, Engine

UI = "io.picolabs.pico-engine-ui"
WRANGLER = "io.picolabs.wrangler"
ALL_EVENTS = {"allow": [{"domain": "*", "name": "*"}], "deny": []}
ALL_QUERIES = {"allow": [{"rid": "*", "name": "*"}], "deny": []}


@dataclass(frozen=True)
class Pico:
    """A pico by its UI channel and by one that allows everything."""

    engine: Engine
    ui: str
    eci: str

    async def event(self, domain: str, type: str, /, **attrs: Any) -> list[dict[str, Any]]:
        """Send an event, wait for its end; its directives as (name, options)."""
        return await send(self.engine, self.eci, domain, type, attrs)

    async def query(self, rid: str, name: str, /, **args: Any) -> Any:
        """The value of a shared function."""
        return await ask(self.engine, self.eci, rid, name, args)

    async def ui_event(self, type: str, /, **attrs: Any) -> list[dict[str, Any]]:
        """An event of domain engine_ui on the UI channel."""
        return await send(self.engine, self.ui, "engine_ui", type, attrs)

    async def box(self) -> dict[str, Any]:
        """What the UI draws."""
        box: dict[str, Any] = await ask(self.engine, self.ui, UI, "box", {})
        return box

    async def install(self, source: str, **config: Any) -> None:
        """Install a ruleset from its text."""
        await self.ui_event("install", source=source, config=config)

    async def rids(self) -> list[str]:
        """The installed rulesets in order."""
        rids: list[str] = await self.query(WRANGLER, "installedRIDs")
        return rids

    async def channels(self, *tags: str) -> list[dict[str, Any]]:
        """The channels with these tags."""
        channels: list[dict[str, Any]] = await self.query(WRANGLER, "channels", tags=list(tags))
        return channels

    async def new_child(self, name: str, **attrs: Any) -> Pico:
        """A child that has finished its first events."""
        before = (await self.box())["children"]
        await self.event("wrangler", "new_child_request", name=name, **attrs)
        [ui] = [eci for eci in (await self.box())["children"] if eci not in before]
        return await with_open_channel(self.engine, ui)


async def deliver(engine: Engine, eci: str, words: tuple[str, ...], members: dict[str, Any]) -> Any:
    """Hand a delivery in and wait for the reply."""
    return await engine.deliver(Delivery("test", eci, words, json.dumps(members).encode()))


async def send(engine: Engine, eci: str, domain: str, type: str, attrs: dict[str, Any]) -> list[dict[str, Any]]:
    """The directives' names and options."""
    reply = await deliver(engine, eci, ("event", domain, type), attrs)
    return [{"name": each["name"], "options": each["options"]} for each in reply.directives]


async def ask(engine: Engine, eci: str, rid: str, name: str, args: dict[str, Any]) -> Any:
    """The query's value."""
    return (await deliver(engine, eci, ("query", rid, name), args)).value


async def with_open_channel(engine: Engine, ui: str) -> Pico:
    """The pico of this UI channel, with a channel on which everything is allowed."""
    await send(engine, ui, "engine_ui", "new_channel", {"tags": ["open"]})
    channels = (await ask(engine, ui, UI, "pico", {}))["channels"]
    [eci] = [channel["id"] for channel in channels if channel["tags"] == ["open"]]
    return Pico(engine, ui, eci)
