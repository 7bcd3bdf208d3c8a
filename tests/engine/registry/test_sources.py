"""Where texts of rulesets come from: what is asked of servers, and what they are not told."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from engine import InvalidValue, Settings, SourceUnavailable, open_engine
from engine.registry.sources import MAX_SOURCE_BYTES, Fetched, Sources, normal_url, private_headers, text_hash

URL = "https://git.test/a.krl"
SECRET = "Authorization: Bearer s3cret"


class Web:
    """Answers as it is told to, and keeps the headers of each request."""

    def __init__(self, *answers: Fetched) -> None:
        self._answers = iter(answers)
        self.asked: list[dict[str, str]] = []

    def __call__(self, url: str, headers: dict[str, str]) -> Fetched:
        self.asked.append(headers)
        return next(self._answers)


def test_the_tag_of_the_text_in_force_is_sent() -> None:
    web = Web(Fetched("one", '"1"'), Fetched(None, '"1"'))
    sources = Sources(Settings(), web)
    text = sources.read(URL, None)

    assert text == "one"
    assert sources.read(URL, text_hash("one")) is None
    assert web.asked == [{}, {"if-none-match": '"1"'}]


def test_the_tag_of_a_text_that_is_not_in_force_is_not_sent() -> None:
    """It did not compile, or its commit failed: who comes again wants to be told again."""
    web = Web(Fetched("new", '"2"'), Fetched("new", '"2"'))
    sources = Sources(Settings(), web)
    sources.read(URL, text_hash("old"))

    assert sources.read(URL, text_hash("old")) == "new"
    assert web.asked[1] == {}


def test_a_text_without_a_tag_is_fetched_again() -> None:
    web = Web(Fetched("one", None), Fetched("one", None))
    sources = Sources(Settings(), web)
    sources.read(URL, None)

    assert sources.read(URL, text_hash("one")) == "one"


@pytest.mark.parametrize(
    ("place", "url", "is_sent"),
    [
        ("git.test", "https://git.test/a.krl", True),
        ("git.test", "http://git.test/a.krl", False),
        ("git.test", "https://git.test:8443/a.krl", False),
        ("git.test:8443", "https://git.test:8443/a.krl", True),
        ("git.test", "https://git.test.evil.test/a.krl", False),
        ("git.test", "https://git.test@evil.test/a.krl", False),
        ("git.test", "https://me:too@git.test/a.krl", True),
        ("http://git.test", "http://git.test/a.krl", True),
        ("http://git.test", "https://git.test/a.krl", False),
    ],
)
def test_a_private_header_is_sent_to_its_origin_only(place: str, url: str, is_sent: bool) -> None:
    expected = {"authorization": "Bearer s3cret"} if is_sent else {}

    assert private_headers(normal_url(url), Settings(source_headers={place: SECRET})) == expected


@pytest.mark.parametrize(
    "url", ["http://[", "http://x:port/", "k[>.", "http://\ud800/", "", "ftp://x/", "file:///a\0b"]
)
def test_a_text_that_is_no_url_is_told(url: str) -> None:
    with pytest.raises(InvalidValue):
        Sources(Settings(), Web()).read(normal_url(url), None)


def test_files_are_read_below_the_folders_that_are_open(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.krl").write_text("text")
    (tmp_path / "in" / "link.krl").symlink_to(tmp_path / "out.krl")
    (tmp_path / "out.krl").write_text("secret")
    sources = Sources(Settings(file_folders=(str(tmp_path / "in"),)), Web())

    assert sources.read(f"file://{tmp_path}/in/a.krl", None) == "text"
    for path in ("out.krl", "in/../out.krl", "in/link.krl", "in/%2e%2e/out.krl", "in/none.krl"):
        with pytest.raises(SourceUnavailable):
            sources.read(normal_url(f"file://{tmp_path}/{path}"), None)


# --- over a real connection -----------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """`/a.krl` is a ruleset with a tag, `/large` one that is too large; `/moved` leads to the same server by another
    name, so to another origin.
    """

    seen: list[tuple[str, str | None, str | None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["private-token"], self.headers["if-none-match"]))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", f"http://localhost:{self.server.server_address[1]}/a.krl")
        elif self.headers["if-none-match"] == '"1"':
            self.send_response(304)
        else:
            body = b"ruleset a {}" + b" " * (MAX_SOURCE_BYTES if self.path == "/large" else 0)
            self.send_response(200)
            self.send_header("etag", '"1"')
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.path in ("/a.krl", "/large") and self.headers["if-none-match"] is None:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    Handler.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def test_a_flush_of_an_unchanged_text_fetches_nothing(origin: str) -> None:
    async with open_engine(Settings()) as engine:
        first = await engine.flush(f"{origin}/a.krl")
        second = await engine.flush(f"{origin}/a.krl")

    assert first == second
    assert [tag for _, _, tag in Handler.seen] == [None, '"1"']


async def test_a_redirect_to_another_origin_does_not_take_the_secret_along(origin: str) -> None:
    async with open_engine(Settings(source_headers={origin: "Private-Token: s3cret"})) as engine:
        await engine.flush(f"{origin}/moved")

    assert [(path, secret) for path, secret, _ in Handler.seen] == [("/moved", "s3cret"), ("/a.krl", None)]


async def test_a_text_of_more_than_four_mebibytes_is_not_taken(origin: str) -> None:
    async with open_engine(Settings()) as engine:
        with pytest.raises(SourceUnavailable, match=f"longer than {MAX_SOURCE_BYTES} bytes"):
            await engine.flush(f"{origin}/large")
