"""Clients of an engine that runs as a process of its own, and dies now and then."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2

from tests.examples.engine_process import EngineProcess

UI = "io.picolabs.pico-engine-ui"
REQUEST_SECONDS = 20.0
RETRY_SECONDS = 0.01


class Client:
    """One who speaks HTTP to the engine's picos."""

    def __init__(self, engine: EngineProcess) -> None:
        self._http = httpx2.AsyncClient(base_url=engine.url, timeout=REQUEST_SECONDS)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def post(self, path: str, attrs: dict[str, Any], key: str | None = None) -> Any:
        """The answer's JSON. Raises httpx2.HTTPError when there is none, or one of an engine that is ending."""
        headers = {} if key is None else {"idempotency-key": key}
        answer = await self._http.post(path, json=attrs, headers=headers)
        return answer.raise_for_status().json()

    async def post_until_acknowledged(self, path: str, attrs: dict[str, Any], key: str) -> Any:
        """The same delivery under the same key, until the engine has said that it has it."""
        while True:
            try:
                return await self.post(path, attrs, key)
            except httpx2.HTTPStatusError as error:
                if error.response.status_code != 503:
                    raise
            except httpx2.TransportError:
                pass  # it is dead, or died meanwhile: nobody knows whether it had it
            await asyncio.sleep(RETRY_SECONDS)

    async def get(self, path: str) -> Any:
        """The JSON that is found there."""
        return (await self._http.get(path)).raise_for_status().json()

    async def status(self, path: str) -> int:
        """The status of what is found there."""
        return (await self._http.get(path)).status_code

    async def query(self, eci: str, rid: str, name: str) -> Any:
        """The answer of a shared function."""
        return (await self._http.get(f"/c/{eci}/query/{rid}/{name}")).raise_for_status().json()

    async def root(self) -> str:
        """The ECI of the root's UI channel."""
        eci: str = (await self._http.get("/api/ui-context")).raise_for_status().json()["eci"]
        return eci

    async def new_pico(self, name: str, source: str) -> str:
        """A child of the root with this ruleset; the ECI of a channel that allows everything."""
        root = await self.root()
        before = (await self.query(root, UI, "box"))["children"]
        await self.post(f"/c/{root}/event-wait/engine_ui/new", {"name": name})
        [ui] = [eci for eci in (await self.query(root, UI, "box"))["children"] if eci not in before]
        await self.post(f"/c/{ui}/event-wait/engine_ui/install", {"source": source})
        await self.post(f"/c/{ui}/event-wait/engine_ui/new_channel", {"tags": ["open"]})
        channels = (await self.query(ui, UI, "pico"))["channels"]
        return next(each["id"] for each in channels if each["tags"] == ["open"])
