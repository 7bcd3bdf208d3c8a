"""A network that fails: names that mean nothing, certificates that nobody vouches for, bodies without end, silence.

Invariants: LIVE (only who asked waits, and not for ever), STATE (nothing is made of an answer that was none).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine import EngineError, Settings, open_engine
from engine.effects.web import WebFailed, WebLimits, WebRequest, fetch
from tests.engine.conftest import TestPico
from tests.engine.gate import open_gate

LIMITS = WebLimits(seconds=5.0)
ASKER = """ruleset asker { meta { shares n, type }
  global { n = function() { ent:n.defaultsTo(0) }  type = function() { ent:type } }
  rule ask { select when ask now
    pre { answer = http:get(event:attrs{"url"}) }
    always { ent:n := n() + 1; ent:type := answer{"content"}.typeof() } }
  rule good { select when ask good always { ent:n := n() + 1 } } }"""


@asynccontextmanager
async def server(
    answer: bytes, forever: bytes = b"", tls: ssl.SSLContext | None = None, *, speaks_http: bool = True
) -> AsyncIterator[int]:
    """A port where every request gets this answer, and then, again and again, what has no end."""

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n" if speaks_http else b"\x03")  # which a TLS hello has in its first bytes
            writer.write(answer)
            while forever:
                writer.write(forever)
                await writer.drain()
                await asyncio.sleep(0.001)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # what they held is let go


def unknown_certificate(folder: Path) -> ssl.SSLContext:
    """That of a server that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    (folder / "certificate.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


@pytest.mark.fault(34)
async def test_a_name_that_means_nothing_is_a_failure() -> None:
    with pytest.raises(WebFailed, match=r"^request to http://nobody\.invalid/ failed"):
        await fetch(WebRequest("GET", "http://nobody.invalid/"), LIMITS)


@pytest.mark.fault(34)
async def test_a_certificate_that_nobody_vouches_for_is_a_failure(tmp_path: Path) -> None:
    async with server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", tls=unknown_certificate(tmp_path)) as port:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the server's side of it
        with pytest.raises(WebFailed, match=r"(?i)certificate"):
            await fetch(WebRequest("GET", f"https://127.0.0.1:{port}/"), LIMITS)


@pytest.mark.fault(34)
async def test_a_server_that_speaks_no_tls_is_a_failure() -> None:
    async with server(b"HTTP/1.1 400 Bad Request\r\n\r\n", speaks_http=False) as port:
        with pytest.raises(WebFailed):
            await fetch(WebRequest("GET", f"https://127.0.0.1:{port}/"), WebLimits(seconds=1.0))


@pytest.mark.fault(33)
@pytest.mark.parametrize(
    ("piece", "limits", "why"),
    [
        (b"x" * 65536, WebLimits(seconds=20.0, max_bytes=1_000_000), "longer than 1000000 bytes"),
        (b"x", WebLimits(seconds=0.5), r"no answer within 0\.5 s"),
    ],
    ids=["a flood", "drops"],
)
async def test_a_body_without_end_is_a_failure_and_not_kept(piece: bytes, limits: WebLimits, why: str) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n"
    async with server(head, forever=piece) as port, asyncio.timeout(10):
        with pytest.raises(WebFailed, match=why):
            await fetch(WebRequest("GET", f"http://127.0.0.1:{port}/"), limits)


@pytest.mark.fault(34)
async def test_an_answer_of_another_type_than_it_says_is_given_to_the_rule_as_it_is(root: TestPico) -> None:
    await root.install(ASKER)
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\nno json!"
    async with server(answer) as port:
        await root.send("ask", "now", url=f"http://127.0.0.1:{port}/")

    assert await root.query("asker", "type") == "String"


@pytest.mark.fault(33)
async def test_while_one_pico_waits_for_a_service_the_others_go_on(root: TestPico) -> None:
    picos = [await root.child(name) for name in ("waits", "works")]
    for pico in picos:
        await pico.install(ASKER)
    waits, works = picos
    async with open_gate() as gate:
        waiting = asyncio.create_task(waits.send("ask", "now", url=gate.url))
        await gate.reached()

        for _ in range(20):
            await works.send("ask", "good")

        assert (await works.query("asker", "n"), waiting.done()) == (20, False)
        gate.open()
        await waiting


@pytest.mark.fault(44)
async def test_a_ruleset_url_that_hangs_holds_up_who_asked_for_it_alone_and_not_for_ever() -> None:
    async with open_engine(Settings(fetch_seconds=0.3)) as engine, open_gate() as gate:
        root = TestPico(engine, engine.ui_context()["eci"])
        installs, works = [await root.child(name) for name in ("installs", "works")]
        await works.install(ASKER)
        hanging = asyncio.create_task(installs.tell_ui("install", url=f"{gate.url}a.krl"))
        await gate.reached()

        await works.send("ask", "good")
        assert not hanging.done()

        async with asyncio.timeout(5):
            with pytest.raises(EngineError, match=r"no answer within 0\.3 s"):
                await hanging
