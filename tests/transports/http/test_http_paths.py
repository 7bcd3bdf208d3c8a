"""Which route a raw path is, and what its parameters say."""

from __future__ import annotations

import pytest

from engine import Undecodable
from transports.http.paths import find


@pytest.mark.parametrize(
    ("path", "name", "words"),
    [
        (b"/c/E/event/d/n", "event", ("E", "d", "n")),
        (b"/c/E/event-wait/d/n", "event-wait", ("E", "d", "n")),
        (b"/c/E/event/d/n/query/r.x/f", "event-query", ("E", "d", "n", "r.x", "f")),
        (b"/c/E/query/r.x/f.html", "query", ("E", "r.x", "f.html")),
        (b"/c/E/reply/1-2", "reply", ("E", "1-2")),
        (b"/c/E/ce", "cloud-event", ("E",)),
        (b"/sky/event/E/none/d/n", "sky-event", ("E", "none", "d", "n")),
        (b"/sky/cloud/E/r/f", "sky-query", ("E", "r", "f")),
    ],
)
def test_each_route_is_found(path: bytes, name: str, words: tuple[str, ...]) -> None:
    match = find(path)

    assert match is not None
    assert (match.operation.name, match.words) == (name, words)


@pytest.mark.parametrize("path", [b"/C/E/Event-Wait/d/n", b"/c/E/EVENT-WAIT/d/n/", b"/c/E/event-wait/d/n/"])
def test_case_of_route_words_and_a_last_slash_do_not_matter(path: bytes) -> None:
    match = find(path)

    assert match is not None and match.operation.name == "event-wait"


@pytest.mark.parametrize(
    "path",
    [b"/", b"/c/E", b"/c//event/d/n", b"/c/E/event/d", b"/c/E/event/d/n//", b"/sky/event/E/d/n", b"/c/E/events/d/n"],
)
def test_other_paths_are_no_route(path: bytes) -> None:
    assert find(path) is None


def test_a_segment_is_decoded_after_cutting_and_trimmed() -> None:
    match = find(b"/c/E/event/%20zz%20/a%2Fb")

    assert match is not None and match.words == ("E", "zz", "a/b")


def test_trimming_is_javascripts() -> None:
    match = find(b"/c/E/event/%C2%A0%EF%BB%BFd/%1Cn")

    assert match is not None and match.words == ("E", "d", "\x1cn")


@pytest.mark.parametrize("segment", [b"%zz", b"%", b"%4", b"%ff"])
def test_a_segment_that_cannot_be_decoded_is_refused(segment: bytes) -> None:
    with pytest.raises(Undecodable) as caught:
        find(b"/c/E/event/" + segment + b"/n")

    assert caught.value.text == f"URIError: Failed to decode param '{segment.decode()}'"


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        (b"/c/%20/event/d/n", "event.eci"),
        (b"/c/E/event/%20/n", "event.domain"),
        (b"/c/E/event/d/%20", "event.name"),
        (b"/c/%20/query/r/f", "query.eci"),
        (b"/c/E/query/%20/f", "query.rid"),
        (b"/c/E/event/d/n/query/r/%20", "query.name"),
    ],
)
def test_a_blank_parameter_is_named(path: bytes, missing: str) -> None:
    with pytest.raises(Undecodable, match=f"missing {missing}"):
        find(path)


def test_long_paths_are_found_and_not_kept() -> None:
    match = find(b"/c/E/event/d/" + b"n" * 5000)

    assert match is not None and len(match.words[2]) == 5000
