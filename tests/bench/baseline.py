"""The bare pipeline: what the machine and the libraries allow when nothing is done but the least that must be.

    python tests/bench/baseline.py --port N --db FILE

uvicorn, bare ASGI, a dictionary of counters, SQLite with a write-ahead log synced at each commit. Whatever is ready
is committed as one batch on one writer thread, and answered after that. `POST …/<pico>` counts and keeps the number
that the body brings; `GET …/<pico>` tells the counter. It is what our figures are divided by, so it has no fat and
no flaw: a value that did not change would not be synced.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import uvicorn

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
UPSERT = (
    "INSERT INTO counter (pico, count, value) VALUES (?, ?, ?) "
    "ON CONFLICT (pico) DO UPDATE SET count = excluded.count, value = excluded.value"
)


class Pipeline:
    """Counters in memory, as they are on disk or soon will be."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS counter (pico TEXT PRIMARY KEY, count INT, value INT)")
        self._counters: dict[str, int] = {}
        self._changed: dict[str, tuple[str, int, int]] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._writer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        pico = scope["path"].rpartition("/")[2]
        if scope["method"] == "POST":
            body = await self._body(receive)
            await self._count(pico, orjson.loads(body)["n"])
        answer = orjson.dumps({"count": self._counters.get(pico, 0)})
        await send({**START, "headers": [*START["headers"], (b"content-length", b"%d" % len(answer))]})  # type: ignore[misc]
        await send({"type": "http.response.body", "body": answer})

    @staticmethod
    async def _body(receive: Any) -> bytes:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return body

    async def _count(self, pico: str, value: int) -> None:
        count = self._counters[pico] = self._counters.get(pico, 0) + 1
        self._changed[pico] = (pico, count, value)
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            changed, self._changed = self._changed, {}
            await loop.run_in_executor(self._thread, self._commit, list(changed.values()))
            for done in waiting:
                done.set_result(None)
        self._writer = None

    def _commit(self, rows: list[tuple[str, int, int]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(UPSERT, rows)
        self._connection.execute("COMMIT")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--db", type=Path, required=True)
    chosen = options.parse_args()
    uvicorn.run(
        Pipeline(chosen.db),  # type: ignore[arg-type]
        port=chosen.port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
    )


if __name__ == "__main__":
    main()
