"""`POST /callback/<token>`: whatever a stranger sends becomes a rule's event, once."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import httpx2
import pytest

from engine import Settings
from tests.engine.process import Client
from tests.examples.engine_process import EngineProcess
from transports.http.callback import members_of_callback

HEADERS = {"x-signature": "abc"}


def members(body, content_type="", query=b""):
    headers = {**HEADERS, "content-type": content_type}
    found = members_of_callback(body, query, headers, Settings())
    assert found.pop("_headers") == headers
    return found


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b'{"a": 1, "b": [true]}', "application/json", {"a": 1, "b": [True]}),
        (b'{"a": 1}', "application/cloudevents+json; charset=utf-8", {"a": 1}),
        (b"a=1&b=x", "application/x-www-form-urlencoded", {"a": "1", "b": "x"}),
        (b"hello", "text/plain", {"body": "hello"}),
        (b"[1, 2]", "application/json", {"body": "[1, 2]"}),
        (b"{broken", "application/json", {"body": "{broken"}),
        (b"raw", "", {"body": "raw"}),
        (b"", "application/json", {}),
    ],
)
def test_a_body_gives_members_or_is_kept_as_a_text(body, content_type, expected):
    assert members(body, content_type) == expected


def test_the_query_string_gives_members_below_those_of_the_body():
    assert members(b"a=1", "application/x-www-form-urlencoded", b"a=0&c=2") == {"a": "1", "c": "2"}


def test_headers_cannot_be_forged():
    found = members_of_callback(b'{"_headers": {"x": "y"}}', b"", {"content-type": "application/json"}, Settings())

    assert found["_headers"] == {"content-type": "application/json"}


PAYER = """ruleset payer { meta { shares url, got }
  global { url = function() { ent:url } got = function() { ent:got.defaultsTo([]) } }
  rule make { select when x make ctx:newCallback("pay", "done", {"order": 7}, 3600) setting(url)
    fired { ent:url := url } }
  rule done { select when pay done fired { ent:got := got().append(event:attrs.delete(["_headers"])) } } }"""


async def test_over_the_wire_the_first_post_counts_also_after_a_kill(tmp_path):
    with EngineProcess(tmp_path / "home") as engine:
        async with Client(engine) as client, httpx2.AsyncClient() as stranger:
            eci = await client.new_pico("payer", PAYER)
            await client.post(f"/c/{eci}/event-wait/x/make", {})
            url = await client.query(eci, "payer", "url")
            first = await stranger.post(url, json={"paid": True})
            engine.kill()
            engine.start()
            again = [(await stranger.post(each)).status_code for each in (url, f"{engine.url}/callback/nobody")]
            wrong = (await stranger.get(url)).status_code

            assert (first.status_code, set(first.json())) == (202, {"eid", "directives"})
            assert (again, wrong) == ([410, 404], 405)
            assert await client.query(eci, "payer", "got") == [{"order": 7, "paid": True}]


async def test_what_is_posted_to_no_callback_is_not_read(tmp_path):
    """Strangers could have us keep a body of theirs in memory, as large as any may be."""
    with EngineProcess(tmp_path / "home") as engine:
        place = urlsplit(engine.url)
        with socket.create_connection((place.hostname, place.port), 10) as stranger:
            stranger.sendall(b"POST /callback/nobody HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")

            assert (await asyncio.to_thread(stranger.recv, 100)).startswith(b"HTTP/1.1 404")
