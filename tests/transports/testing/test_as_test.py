"""An event that has happened becomes a test, which comes to the same."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import Rehearsal, WebAnswer, WebFailed, WebRequest, open_rehearsal
from transports.testing import FormatError, as_test, run_file, write_test
from transports.testing.toml import pairs

RULESET = """ruleset shop {
  rule sell {
    select when order placed item re#(.+)# setting(item)
    foreach event:attrs{"prices"} setting(price)
    pre { answer = http:get("https://tax.example.com/" + item, parseJSON = true) }
    if answer{["content", "tax"]} then every {
      send_directive("sold", {"item": item, "price": price + answer{["content", "tax"]}, "by": meta:picoId})
      event:send({"eci": "bobsverylongchannelnamexxx", "domain": "bill", "name": "due", "attrs": {"n": price}})
      ctx:newChannel(["receipt"]) setting(channel)
    }
    fired {
      ent:log := (ent:log || []).append({"at": time:now(), "luck": random:number(), "eci": channel{"id"}, "none": null})
      ent:last := price
      raise stock event "changed" attributes {"item": item}
    } else {
      clear ent:last
    }
  }
  rule two { select when stock changed then stock counted send_directive("both") }
  rule ask { select when x:ask
    fired { ent:told := ctx:query("bobsverylongchannelnamexxx", "io.picolabs.pico-engine-ui", "name", {}) } }
  rule jobs { select when x:jobs fired { ent:jobs := schedule:list() } }
  rule fail { select when x:fail fired { ent:x := "a" - 1 } }
  rule login { select when x:login send_directive("in", {"password": event:attrs{"password"}}) }
}"""

URL = "https://rulesets.example.com/shop.krl"
BOB = "bobsverylongchannelnamexxx"
ANN = "annsverylongchannelnamexxx"

Happen = Callable[..., Any]


async def fetch(request: WebRequest) -> WebAnswer:
    if request.url.endswith("/rum"):
        raise WebFailed(request.url, "connection refused")
    body = b'{"tax": 2}' if request.url.endswith("/tea") else b"[]"
    return WebAnswer(200, "OK", {"content-type": "application/json", "set-cookie": "secret"}, body, request.url)


@pytest.fixture
def case() -> Happen:
    """What an event was evaluated with, on an engine where some have happened before."""

    async def happen(*events: tuple[str, dict[str, Any]], ruleset: str = RULESET) -> dict[str, Any]:
        texts = {URL: ruleset}
        async with open_rehearsal(ANN, fetch, at=1_925_000_000_000, texts=texts, seed=3) as rehearsal:
            await rehearsal.add_pico(BOB)
            await rehearsal.install(ANN, URL, {"limit": 7})
            for words, attrs in events:
                rehearsal.news()
                await _send(rehearsal, words, attrs)
            ours = [each for each in rehearsal.news() if each["eci"] == ANN]
            return rehearsal.history.case(ours[0]["eid"])

    return happen


async def _send(rehearsal: Rehearsal, words: str, attrs: dict[str, Any]) -> None:
    domain, _, type = words.partition(":")
    try:
        await rehearsal.send(ANN, domain, type, attrs)
    except Exception:  # noqa: BLE001 - some are meant to fail; the log tells of them
        return


def made(case: dict[str, Any], path: Path) -> tuple[dict[str, Any], list[str]]:
    """The test's file as it is read, and what the test cannot tell; what it tells holds."""
    draft, problems = write_test(as_test(case), path)
    assert list(problems) == []
    return tomllib.loads(path.read_text()), draft.doubts


SOLD = ("order:placed", {"item": "tea", "prices": [5, 7]})


async def in_thread(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work)


async def in_thread_made(case: dict[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Tests are run by an event loop of their own."""
    return await in_thread(lambda: made(case, folder / "made.test.toml"))  # type: ignore[no-any-return]


async def test_an_event_with_all_that_it_did_comes_to_the_same(case, tmp_path):
    read, doubts = await in_thread_made(await case(SOLD, SOLD), tmp_path)

    [test] = read["test"]
    assert doubts == []
    assert sorted(test["expect"]) == ["directives", "fired", "raised", "selected", "sent", "state"]
    assert len(test["expect"]["state"]["log"]) == 4


async def test_recorded_answers_of_the_network_are_given_again(case, tmp_path):
    read, _ = await in_thread_made(await case(SOLD), tmp_path)

    stub = {"request": "GET https://tax.example.com/tea", "times": 1, "status": 200, "json": {"tax": 2}}
    assert [{**stub, "headers": {"content-type": "application/json", "set-cookie": "***"}}] * 2 == read["given"]["http"]


async def test_no_eci_and_no_id_of_the_engine_stands_in_a_test(case, tmp_path):
    await in_thread_made(await case(SOLD), tmp_path)

    text = (tmp_path / "made.test.toml").read_text()
    assert BOB not in text
    assert ANN not in text


async def test_an_event_that_failed_fails_again(case, tmp_path):
    read, _ = await in_thread_made(await case(("x:fail", {})), tmp_path)

    assert read["test"][0]["expect"]["failed"]["rule"] == "fail"


async def test_a_call_that_was_not_answered_is_not_answered_again(case, tmp_path):
    read, _ = await in_thread_made(await case(("order:placed", {"item": "rum", "prices": [1]})), tmp_path)

    assert read["given"]["http"][0]["no_answer"] == "connection refused"


async def test_an_expression_that_was_under_way_is_so_again(case, tmp_path):
    read, _ = await in_thread_made(await case(("stock:changed", {}), ("stock:counted", {})), tmp_path)

    assert read["test"][0]["expect"]["selected"] == ["two"]


async def test_what_another_pico_answered_is_laid_out(case, tmp_path):
    read, _ = await in_thread_made(await case(("x:ask", {})), tmp_path)

    [answer] = read["given"]["answers"]
    assert (answer["query"], answer["answer"]) == ("io.picolabs.pico-engine-ui/name", "Pico")
    assert read["test"][0]["expect"]["state"] == {"told": "Pico"}


async def test_what_cannot_be_given_is_said(case, tmp_path):
    _, doubts = await in_thread_made(await case(("x:jobs", {})), tmp_path)

    assert doubts == ["The event has asked for 'jobs', which a test cannot give it."]


async def test_what_does_not_come_again_is_left_out_and_said(case, tmp_path):
    happened = await case(SOLD)
    happened["event"]["directives"][0]["options"]["price"] = 1000

    read, doubts = await in_thread_made(happened, tmp_path)

    assert "directives" not in read["test"][0]["expect"]
    assert doubts == ["What is expected of 'directives' did not come again, and is left out."]


async def test_secrets_are_masked(case, tmp_path):
    read, _ = await in_thread_made(await case(("x:login", {"password": "s3cret"})), tmp_path)

    assert read["test"][0]["attrs"] == {"password": "***"}


async def test_a_text_that_keeps_keys_is_not_told(case, tmp_path):
    keeping = 'ruleset shop { meta { keys bank {"pin": "1234"} } rule a { select when x:y } }'
    happened = await case(("x:y", {}), ruleset=keeping)

    assert "1234" not in str(happened)
    with pytest.raises(FormatError, match="the ruleset keeps keys"):
        await in_thread_made(happened, tmp_path)


async def test_with_its_text_beside_it_is_a_test_like_others(case, tmp_path):
    keeping = 'ruleset shop { meta { keys bank {"pin": "1234"} } rule a { select when x:y } }'
    (tmp_path / "shop.krl").write_text(keeping)

    read, _ = await in_thread_made(await case(("x:y", {}), ruleset=keeping), tmp_path)

    assert read["test"][0]["expect"]["selected"] == ["a"]


async def test_nothing_that_is_there_is_written_over(case, tmp_path):
    happened = await case(SOLD)
    await in_thread_made(happened, tmp_path)

    with pytest.raises(FormatError, match="it is there already"):
        await in_thread_made(happened, tmp_path)


async def test_a_made_test_is_run_like_others(case, tmp_path):
    await in_thread_made(await case(SOLD), tmp_path)

    outcomes = await in_thread(lambda: list(run_file(tmp_path / "made.test.toml")))

    assert [each.passed for each in outcomes] == [True]


@pytest.mark.parametrize(
    "value",
    [None, {"a": [None]}, {"$any": 1}, {"a:=": 1}, 2**70, 1e30, 'q"\\\n\x7f\x01', {"a b": {"": {}}}, [[], {}], -0.5],
)
def test_every_value_is_written_so_that_it_is_read_back(value):
    from transports.testing.values import value_of

    assert value_of(tomllib.loads("\n".join(pairs({"v": value})))) == {"v": value}


async def test_another_text_of_the_ruleset_is_not_written_over(case, tmp_path):
    (tmp_path / "shop.krl").write_text("ruleset shop { }")

    with pytest.raises(FormatError, match="another text of the ruleset is there already"):
        await in_thread_made(await case(SOLD), tmp_path)

    assert (tmp_path / "shop.krl").read_text() == "ruleset shop { }"
