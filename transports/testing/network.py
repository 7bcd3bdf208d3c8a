"""The network of a test: it answers what the file says, and remembers what it was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

from engine import WebAnswer, WebFailed, WebRequest

from .problems import NOTHING
from .specification import Stub
from .values import equal

UNSTUBBED = "no [[given.http]] of the test answers it"


class Network:
    """Answers requests by the first stub that fits and has answers left."""

    def __init__(self, stubs: Sequence[Stub]) -> None:
        self._stubs = stubs
        self._answered = [0] * len(stubs)
        self._asked: list[WebRequest] = []
        self._unanswered: list[str] = []

    async def fetch(self, request: WebRequest) -> WebAnswer:
        """The answer. Raises WebFailed where the test says that there is none, or says nothing."""
        self._asked.append(request)
        for number, stub in enumerate(self._stubs):
            if _fits(stub, request) and self._answered[number] != stub.times:
                self._answered[number] += 1
                return _answer(stub, request)
        self._unanswered.append(f"{request.method} {request.url}")
        raise WebFailed(request.url, UNSTUBBED)

    def asked(self) -> list[WebRequest]:
        """The requests since this was asked last."""
        asked, self._asked = self._asked, []
        return asked

    def unanswered(self) -> list[str]:
        """Those of them for which the test has no answer."""
        unanswered, self._unanswered = self._unanswered, []
        return list(dict.fromkeys(unanswered))


def _fits(stub: Stub, request: WebRequest) -> bool:
    if stub.method not in ("*", request.method) or not _pattern(stub.url).fullmatch(request.url):
        return False
    return stub.sent is NOTHING or any(equal(stub.sent, each) for each in bodies(request))


def _answer(stub: Stub, request: WebRequest) -> WebAnswer:
    if stub.no_answer is not None:
        raise WebFailed(request.url, stub.no_answer)
    headers = {"content-length": str(len(stub.body)), **stub.headers}
    return WebAnswer(stub.status, phrase(stub.status), headers, stub.body, request.url)


def phrase(status: int) -> str:
    """The words that belong to a status; none for one that nobody knows."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


@cache
def _pattern(url: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in url.split("*")), re.DOTALL)


def bodies(request: WebRequest) -> list[Any]:
    """The body as text, and as the value that it is in JSON, if it is any."""
    text = (request.body or b"").decode("utf-8", "replace")
    try:
        return [text, json.loads(text)]
    except ValueError:
        return [text]
