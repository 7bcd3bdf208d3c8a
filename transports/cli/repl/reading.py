"""Inputs, of one line or of several: from a terminal with history and completion, else from a pipe."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from krl import is_incomplete, operator_entries

PROMPT, GOES_ON = "krl> ", "...  "


def inputs(names: Callable[[], Iterable[str]]) -> Iterator[str]:
    """The inputs, until the end; `names` are proposed besides those of the library."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        try:
            from prompt_toolkit import PromptSession
        except ModuleNotFoundError:
            return _lines(sys.stdin.readline, shown=True)
        return _prompted(PromptSession, names)
    return _lines(sys.stdin.readline, shown=sys.stdin.isatty())


def _lines(read: Callable[[], str], *, shown: bool) -> Iterator[str]:
    """Lines put together to whole inputs; an empty line ends one that is not whole."""
    waiting: list[str] = []
    while True:
        if shown:
            print(GOES_ON if waiting else PROMPT, end="", flush=True)
        line = read()
        waiting.append(line.rstrip("\r\n"))
        text = "\n".join(waiting)
        if line and line.strip() and goes_on(text):
            continue
        if text.strip():
            yield text
        waiting = []
        if not line:
            return


def goes_on(text: str) -> bool:
    """Whether an input is not whole yet."""
    return not text.startswith(":") and is_incomplete(text)


def _prompted(session: Callable[..., Any], names: Callable[[], Iterable[str]]) -> Iterator[str]:
    from prompt_toolkit.history import FileHistory

    path = history_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    ask = session(
        history=FileHistory(str(path)),
        completer=_completer(names),
        complete_while_typing=False,
        multiline=_continuing(),
        prompt_continuation=GOES_ON,
    )
    while True:
        try:
            text = ask.prompt(PROMPT)
        except KeyboardInterrupt:
            continue  # the input is given up, not the conversation
        except EOFError:
            return
        if text.strip():
            yield text


def _continuing() -> Any:
    """While an input is not whole, return begins another line; on an empty line it ends all the same."""
    from prompt_toolkit.application import get_app
    from prompt_toolkit.filters import Condition

    def unfinished() -> bool:
        text = get_app().current_buffer.text
        return bool(text.strip()) and not text.endswith("\n") and goes_on(text)

    return Condition(unfinished)


def _completer(names: Callable[[], Iterable[str]]) -> Any:
    from prompt_toolkit.completion import WordCompleter

    def words() -> list[str]:
        return sorted({*names(), *known_words()})

    return WordCompleter(words, pattern=re.compile(r"[A-Za-z_$][A-Za-z0-9_$:]*"))


def known_words() -> Iterator[str]:
    """Operators and members of modules."""
    from engine import MODULES  # late: who only pipes an expression need not wait for it

    yield from operator_entries()
    yield from (f"{domain}:{name}" for domain, module in MODULES.items() if domain != "stdlib" for name in module)


def history_file() -> Path:
    """Where inputs are remembered: in the folder for what programs note of their user."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "picoengine" / "repl_history"
