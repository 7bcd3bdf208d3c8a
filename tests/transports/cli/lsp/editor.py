"""An editor, as far as a language server can tell: a process at the other end of two pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[4]
SECONDS = 60


class Editor:
    """Starts `picoengine lsp`, asks it, and ends it."""

    def __init__(
        self, folder: Path | None = None, *, encodings: list[str] | None = None, arguments: Sequence[str] = ()
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "transports.cli", "lsp", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._last_id = 0
        self._told: list[dict[str, Any]] = []
        self._versions: dict[str, int] = {}
        try:
            self.capabilities = self._begin(folder, encodings)
        except BaseException:
            self._end()
            raise

    def _begin(self, folder: Path | None, encodings: list[str] | None) -> dict[str, Any]:
        general = {"positionEncodings": encodings} if encodings else {}
        root = folder.as_uri() if folder else None
        answer = self.ask("initialize", processId=None, rootUri=root, capabilities={"general": general})
        self.tell("initialized")
        return dict(answer["capabilities"])

    def _end(self) -> None:
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Editor:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        try:
            if kind is None and self.process.poll() is None:
                self.quit()
        finally:
            self._end()

    def quit(self) -> tuple[int, str]:
        """End the server; its exit code, and what it wrote to the standard error."""
        self.ask("shutdown")
        self.tell("exit")
        code = self.process.wait(SECONDS)
        assert self.process.stderr is not None
        return code, self.process.stderr.read().decode()

    # --- the wire ---

    def tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        """The answer's result. Raises ValueError with the server's words if it refuses."""
        self._last_id += 1
        question = {"id": self._last_id, "method": method}
        self._send(question if method == "shutdown" else question | {"params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._last_id and "method" not in message:
                if "error" in message:
                    raise ValueError(message["error"]["message"])
                return message["result"]
            self._told.append(message)

    def told(self, method: str) -> dict[str, Any]:
        """The next notification of this kind."""
        while True:
            for message in self._told:
                if message.get("method") == method:
                    self._told.remove(message)
                    return dict(message["params"])
            self._told.append(self._receive())

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None and self.process.stderr is not None
        length = 0
        while (line := self.process.stdout.readline().strip()) or not length:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            if not line and self.process.poll() is not None:
                raise RuntimeError(self.process.stderr.read().decode())
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    # --- what people do ---

    def open(self, text: str, uri: str = "file:///a.krl") -> str:
        self._versions[uri] = 1
        document = {"uri": uri, "languageId": "pico-krl", "version": 1, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)
        return uri

    def change(self, uri: str, *changes: dict[str, Any]) -> int:
        """Send changes; the document's new version."""
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        self.tell("textDocument/didChange", textDocument=document, contentChanges=changes)
        return self._versions[uri]

    def diagnostics(self, uri: str, version: int = 1) -> list[dict[str, Any]]:
        """What is wrong with this version."""
        while True:
            told = self.told("textDocument/publishDiagnostics")
            if told["uri"] == uri and told.get("version") == version:
                return list(told["diagnostics"])

    def at(self, question: str, uri: str, text: str, marked: str, **params: Any) -> Any:
        """Ask about the place of `¦` in `marked`, a piece of the text."""
        place = position(text, text.index(marked.replace("¦", "")) + marked.index("¦"))
        return self.ask(f"textDocument/{question}", textDocument={"uri": uri}, position=place, **params)


def position(text: str, offset: int) -> dict[str, int]:
    """Line and UTF-16 column of an offset."""
    line = text.count("\n", 0, offset)
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    return {"line": line, "character": len(before.encode("utf-16-le")) // 2}


def span(text: str, start: int, end: int) -> dict[str, Any]:
    """The range between two offsets."""
    return {"start": position(text, start), "end": position(text, end)}


def edited(text: str, edits: list[dict[str, Any]]) -> str:
    """The text after edits as the server sends them."""
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]

    def offset(place: dict[str, int]) -> int:
        line = lines[place["line"]] if place["line"] < len(lines) else ""
        return starts[place["line"]] + len(line.encode("utf-16-le")[: 2 * place["character"]].decode("utf-16-le"))

    for edit in sorted(edits, key=lambda each: offset(each["range"]["start"]), reverse=True):
        start, end = (offset(edit["range"][side]) for side in ("start", "end"))
        text = text[:start] + edit["newText"] + text[end:]
    return text
