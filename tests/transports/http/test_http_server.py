"""What only a real server and a real socket can show: lengths, heads, pipelines, ends of connections."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from engine import Reply

POST = b"POST /c/E/event-wait/d/n HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


class Line:
    """A raw connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._stream = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self, *, has_body: bool = True) -> tuple[int, dict[str, str], bytes]:
        status = int(self._stream.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := self._stream.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return status, headers, self._stream.read(int(headers.get("content-length", 0))) if has_body else b""

    def rest(self) -> bytes:
        return self._stream.read()

    def close(self) -> None:
        self._stream.close()
        self.socket.close()


@pytest.fixture
def line(port: int) -> Iterator[Line]:
    line = Line(port)
    yield line
    line.close()


def test_an_answer_arrives_whole(line: Line) -> None:
    line.send(POST + b'Content-Length: 7\r\n\r\n{"a":1}')

    status, headers, body = line.answer()

    assert (status, body) == (200, b'{"eid":"0193-eid","directives":[]}')
    assert headers["access-control-allow-origin"] == "*"
    assert "server" not in headers and "date" not in headers


@pytest.mark.fault(32)
def test_requests_in_a_row_are_answered_in_their_order(front: Any, line: Line) -> None:
    front.engine.outcome = lambda request: Reply(request.attrs["n"], [])

    line.send(b"".join(b"GET /c/E/event-wait/d/n?n=%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(20)))

    assert [line.answer()[2] for _ in range(20)] == [b'{"eid":"%d","directives":[]}' % n for n in range(20)]


def test_head_is_answered_without_a_body(line: Line) -> None:
    line.send(b"HEAD /c/E/query/r/f HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

    status, headers, _ = line.answer(has_body=False)

    assert (status, headers["content-length"]) == (200, "4")
    assert line.answer()[2] == b"ok\n"


def test_options_leaves_the_connection_open(line: Line) -> None:
    line.send(b"OPTIONS /x HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS /y HTTP/1.1\r\nHost: x\r\n\r\n")

    assert [line.answer()[0], line.answer()[0]] == [200, 200]


def test_a_bad_percent_sequence_is_400_on_the_wire(line: Line) -> None:
    line.send(b"GET /c/E/event/%zz/n HTTP/1.1\r\nHost: x\r\n\r\n")

    assert line.answer()[0] == 400


@pytest.mark.fault(38)
def test_a_length_over_the_limit_is_refused_before_the_body(line: Line) -> None:
    line.send(POST + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")

    status, headers, _ = line.answer()

    assert (status, headers["connection"]) == (413, "close")


@pytest.mark.fault(38)
def test_chunks_over_the_limit_are_refused_while_they_come(line: Line) -> None:
    line.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(20):
        line.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")

    assert line.answer()[0] == 413


def test_who_sends_too_much_still_gets_the_answer(line: Line) -> None:
    line.send(POST + b"Content-Length: 3000000\r\n\r\n" + b" " * 3_000_000)

    assert line.answer()[0] == 413
    assert line.rest() == b""


def test_expect_is_answered_with_continue(line: Line) -> None:
    line.send(POST + b"Content-Length: 7\r\nExpect: 100-continue\r\n\r\n")

    assert line._stream.readline() == b"HTTP/1.1 100 Continue\r\n"
    line._stream.readline()
    line.send(b'{"a":1}')
    assert line.answer()[0] == 200


def test_a_request_that_ends_early_is_not_delivered(front: Any, port: int) -> None:
    line = Line(port)
    line.send(POST + b'Content-Length: 100\r\n\r\n{"a":1}')
    line.socket.shutdown(socket.SHUT_WR)

    line.rest()
    line.close()

    assert front.engine.requests == []


def test_an_http_1_0_connection_is_closed_after_its_answer(line: Line) -> None:
    line.send(b"GET /c/E/event-wait/d/n HTTP/1.0\r\n\r\n")

    status, headers, _ = line.answer()

    assert (status, headers["connection"], line.rest()) == (200, "close", b"")


@pytest.mark.parametrize(
    "header", [b"X: " + b"x" * 100_000, b"\r\n".join(b"X%d: %s" % (n, b"x" * 1000) for n in range(100))]
)
def test_a_head_over_the_limit_is_refused(front: Any, line: Line, header: bytes) -> None:
    line.send(b"GET /c/E/event-wait/d/n HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")

    assert line.answer()[0] == 431
    assert front.engine.requests == []


def test_a_head_that_never_ends_is_refused(line: Line) -> None:
    line.send(b"GET /" + b"x" * 600_000)

    assert line.answer()[0] == 431


def test_a_large_body_before_another_request_is_no_large_head(line: Line) -> None:
    body = b" " * 500_000 + b"{}"

    line.send((POST + b"Content-Length: %d\r\n\r\n" % len(body) + body) * 2)

    assert [line.answer()[0], line.answer()[0]] == [200, 200]


def test_a_line_that_is_no_http_is_400(line: Line) -> None:
    line.send(b"HELLO\r\n\r\n")

    assert line.answer()[0] == 400


@pytest.mark.parametrize(
    ("seconds", "sent"),
    [
        ({"head_seconds": 0.2}, b""),
        ({"head_seconds": 0.2}, b"GET /c/E/query/r/f HTTP/1.1\r\nHo"),
        ({"body_seconds": 0.2}, POST + b'Content-Length: 100\r\n\r\n{"a":1'),
        ({"body_seconds": 0.2}, POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
        ({"head_seconds": 0.2}, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /c/E/qu"),
    ],
)
def test_a_request_that_does_not_arrive_in_time_is_408(
    make_front: Any, serve_front: Any, seconds: dict[str, float], sent: bytes
) -> None:
    front = make_front(**seconds)
    with serve_front(front) as port:
        line = Line(port)
        line.send(sent)
        if sent.startswith(b"GET /healthz"):
            assert line.answer()[2] == b"ok\n"

        status, headers, _ = line.answer()

        assert (status, headers["connection"], line.rest()) == (408, "close", b"")
    line.close()
    assert front.engine.requests == []


def test_bytes_that_trickle_do_not_buy_time(make_front: Any, serve_front: Any) -> None:
    with serve_front(make_front(head_seconds=0.3)) as port:
        line = Line(port)
        line.socket.settimeout(0.02)
        line.send(b"GET /c/E/query/r/f HTTP/1.1\r\nX: ")

        answer = b""
        while not answer:
            with contextlib.suppress(TimeoutError):
                answer = line.socket.recv(1000)
            with contextlib.suppress(OSError):
                line.send(b"x")

        assert answer.startswith(b"HTTP/1.1 408 ")
        line.close()


def test_a_slow_second_request_does_not_cost_the_first_its_answer(make_front: Any, serve_front: Any) -> None:
    front = make_front(head_seconds=0.1, stop_seconds=1)
    front.engine.hangs = True
    with serve_front(front) as port:
        line = Line(port)
        line.send(b"GET /c/E/event-wait/d/n HTTP/1.1\r\nHost: x\r\n\r\nGET /c/")
        front.engine.received.wait(20)
        line.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            line.socket.recv(1)
        line.close()


def test_a_request_in_time_leaves_no_clock_behind(make_front: Any, serve_front: Any) -> None:
    with serve_front(make_front(head_seconds=0.2, body_seconds=0.2)) as port:
        line = Line(port)
        line.send(POST + b"Content-Length: 7\r\n\r\n")
        line.send(b'{"a":1}')
        assert line.answer()[0] == 200

        line.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            line.socket.recv(1)
        line.close()


def test_what_comes_while_stopping_is_refused(front: Any, line: Line) -> None:
    front.application.stopping = True

    line.send(POST + b'Content-Length: 7\r\n\r\n{"a":1}')

    assert line.answer()[0] == 503


def test_what_outlasts_the_stop_is_answered_503(make_front: Any, serve_front: Any) -> None:
    front = make_front(stop_seconds=1)
    front.engine.hangs = True
    with serve_front(front) as port:
        line = Line(port)
        line.send(POST + b'Content-Length: 7\r\n\r\n{"a":1}')
        front.engine.received.wait(20)

    assert line.answer()[0] == 503
    line.close()
