"""The verbs of an operator, against a real engine behind a real server, and against stores on disk."""

from __future__ import annotations

import json
import socket
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine import Settings
from tests.transports.polling import until_now
from tests.transports.running_engine import RunningEngine, running_engine
from transports.cli import command_line

Run = Callable[..., Result]

RULESET = """ruleset counter { meta { shares seen, jobs }
  global { seen = function() { ent:seen.defaultsTo([]) } jobs = function() { schedule:list() } }
  rule adds { select when n add pre { m = event:attrs{"n"}; x = m == "bad" => 1 - m | 0 }
    fired { ent:seen := ent:seen.defaultsTo([]).append(m) } }
  rule promises { select when n later fired { schedule n event "add" at "2099-01-01T00:00:00Z" } } }"""

CALLER = """ruleset caller { rule call { select when n call
  http:post(event:attrs{"url"}, json = {}) setting(answer) } }"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def engine(store: Path) -> Iterator[RunningEngine]:
    with running_engine(Settings(store=str(store))) as engine:
        yield engine


@pytest.fixture
def eci(engine: RunningEngine) -> str:
    """A channel of the root, which has the ruleset."""
    engine.install(RULESET)
    return engine.channel("test")


@pytest.fixture
def run(engine: RunningEngine) -> Run:
    return lambda *arguments: command(*arguments, PICO_ENGINE_URL=engine.url)


def command(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(command_line(), list(arguments), env=environment, prog_name="picoengine")


def fail(engine: RunningEngine, eci: str) -> str:
    """The eid of an event that failed."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        engine.event(eci, "n", "add", n="bad")
    with caught.value as answer:
        return str(json.loads(answer.read())["eid"])


def queue(engine: RunningEngine, eci: str, n: int) -> str:
    return str(engine.post(f"/c/{eci}/event/n/add", {"n": n}))


def seen(engine: RunningEngine, eci: str) -> Any:
    return engine.query(eci, "counter", "seen")


def delete(engine: RunningEngine, path: str) -> Any:
    request = urllib.request.Request(engine.url + path, method="DELETE")
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


# --- dead letters ---------------------------------------------------------------------------------------------


def test_dead_list_shows_what_failed_and_why(engine: RunningEngine, eci: str, run: Run) -> None:
    eid = fail(engine, eci)

    result = run("dead", "list")

    assert (result.exit_code, result.stdout.split("  ")[0]) == (0, eid)
    assert "n:add" in result.stdout and "TypeError" in result.stdout


def test_dead_show_tells_of_the_rule(engine: RunningEngine, eci: str, run: Run) -> None:
    assert "failed in rule adds of counter" in run("dead", "show", fail(engine, eci)).stdout


def test_dead_retry_sends_it_again_with_other_attributes(engine: RunningEngine, eci: str, run: Run) -> None:
    eid = fail(engine, eci)

    result = run("dead", "retry", eid, "n:=7")

    assert seen(engine, eci) == [7]
    assert engine.get(f"/api/v1/events/{result.stdout.strip()}")["trace"]["source"] == f"retry:{eid}"
    assert run("dead", "list").stdout == ""


def test_dead_retry_all_tells_how_many(engine: RunningEngine, eci: str, run: Run) -> None:
    fail(engine, eci)
    fail(engine, eci)

    assert run("dead", "retry", "--all", "--pico", eci).stdout == "2 tried again, 0 left\n"


@pytest.fixture
def asking(store: Path) -> Iterator[Run]:
    """The command beside an engine that holds a call, which was made shortly before the engine before it ended."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with running_engine(Settings(store=str(store), put_aside_seconds=0.0)) as engine:
            engine.install(CALLER)
            engine.post(f"/c/{engine.channel('test')}/event/n/call", {"url": url})
            silent.accept()[0].close()
    with running_engine(Settings(store=str(store), on_lost_step="ask")) as engine:
        asking = partial(command, PICO_ENGINE_URL=engine.url)
        until_now(lambda: asking("dead", "list").stdout != "")
        yield asking


def held_name(asking: Run) -> str:
    return str(asking("dead", "list").stdout.split("  ")[0])


def test_dead_list_and_show_tell_of_a_call_that_is_held(asking: Run) -> None:
    listed, shown = asking("dead", "list").stdout, asking("dead", "show", held_name(asking)).stdout

    assert "held" in listed and "nobody knows" in listed
    assert shown.startswith(listed) and "event n:call" in shown and "attributes" in shown


def test_dead_retry_makes_a_held_call_again_as_it_was(asking: Run) -> None:
    name = held_name(asking)

    changed, again = asking("dead", "retry", name, "n:=1"), asking("dead", "retry", name)

    assert (changed.exit_code, again.exit_code, again.stdout) == (2, 0, f"{name.partition('.')[0]}\n")
    assert asking("dead", "retry", name).exit_code == 5


def test_dead_drop_gives_a_held_call_up_and_its_event_fails(asking: Run) -> None:
    name = held_name(asking)

    assert asking("dead", "drop", name).exit_code == 0

    eid = name.partition(".")[0]
    until_now(lambda: json.loads(asking("trace", eid, "--json").stdout)["status"] == "failed")
    assert "failed in rule call of caller" in asking("trace", eid).stdout


def test_doctor_tells_of_a_call_that_is_held(asking: Run) -> None:
    result = asking("doctor")

    assert (result.exit_code, f"held call: {held_name(asking)}" in result.stdout) == (1, True)


@pytest.mark.parametrize("arguments", [(), ("eid", "--all"), ("eid", "--pico", "x")])
def test_dead_retry_wants_to_know_which(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("dead", "retry", *arguments).exit_code == 2


def test_dead_drop_forgets_it(engine: RunningEngine, eci: str, run: Run) -> None:
    eid = fail(engine, eci)

    codes = [run("dead", "drop", eid).exit_code, run("dead", "drop", eid).exit_code]

    assert codes == [0, 5]


def test_attributes_that_are_no_map_are_refused(engine: RunningEngine, eci: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        engine.post(f"/api/v1/dead/{fail(engine, eci)}", {"attrs": [1]})
    with caught.value as answer:
        assert answer.code == 400


# --- pause, resume, cancel ------------------------------------------------------------------------------------


def test_pause_and_resume(engine: RunningEngine, eci: str, run: Run) -> None:
    assert run("pause", eci).exit_code == 0
    queue(engine, eci, 1)
    during = (seen(engine, eci), len(json.loads(run("pause", "--json").stdout)["picos"]))

    assert run("resume", eci).exit_code == 0

    assert (during, seen(engine, eci), run("pause").stdout) == (([], 1), [1], "")


def test_a_pico_is_paused_and_resumed_by_its_name(run: Run) -> None:
    paused = run("pause", "Pico")
    during = run("pause").stdout

    assert (paused.exit_code, run("resume", "Pico").exit_code) == (0, 0)
    assert during != "" and run("pause").stdout == ""


def test_the_past_of_a_pico_is_told_by_its_name(eci: str, run: Run) -> None:
    assert run("state", "Pico").stdout == run("state", eci).stdout != ""
    assert run("replay", "Pico").exit_code == 0


def test_dead_letters_of_a_name_that_no_pico_has_are_not_taken_for_none(run: Run) -> None:
    result = run("dead", "list", "--pico", "Zoe")

    assert result.exit_code == 5 and "no pico is called 'Zoe'" in result.stderr


def test_pause_all_and_resume_all(engine: RunningEngine, eci: str, run: Run) -> None:
    run("pause", "--all")
    queue(engine, eci, 1)
    assert "every pico" in run("pause").stdout

    run("resume", "--all")

    assert seen(engine, eci) == [1]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("pause", "x", "--all"), 2), (("resume",), 2), (("resume", "x", "--all"), 2), (("pause", "nobody"), 5)],
)
def test_what_cannot_be_paused(run: Run, arguments: tuple[str, ...], code: int) -> None:
    assert run(*arguments).exit_code == code


def test_cancel_takes_back_a_waiting_event(engine: RunningEngine, eci: str, run: Run) -> None:
    run("pause", eci)
    eid = queue(engine, eci, 1)

    codes = [run("cancel", eid).exit_code, run("cancel", eid).exit_code, run("cancel", "no-body").exit_code]
    run("resume", eci)

    assert (codes, seen(engine, eci), engine.get(f"/api/v1/events/{eid}")["status"]) == ([0, 1, 5], [], "cancelled")


def test_cancel_removes_a_scheduled_event(engine: RunningEngine, eci: str, run: Run) -> None:
    engine.event(eci, "n", "later")
    [job] = engine.query(eci, "counter", "jobs")

    codes = [run("cancel", job["id"]).exit_code, run("cancel", job["id"]).exit_code]

    assert (codes, engine.query(eci, "counter", "jobs")) == ([0, 5], [])


# --- back-pressure --------------------------------------------------------------------------------------------


def test_a_full_inbox_is_429_and_says_when_to_come_again() -> None:
    with running_engine(Settings(pico_inbox_limit=2)) as engine:
        engine.install(RULESET)
        eci = engine.channel("test")
        engine.post("/api/v1/paused", {"pico": eci})
        for n in range(2):
            queue(engine, eci, n)

        with pytest.raises(urllib.error.HTTPError) as caught:
            queue(engine, eci, 2)

        with caught.value as answer:
            assert (answer.code, answer.headers["retry-after"]) == (429, "1")
        delete(engine, f"/api/v1/paused?pico={eci}")


# --- doctor, verify, backup, restore --------------------------------------------------------------------------


def test_a_running_engine_in_good_health(engine: RunningEngine, eci: str, run: Run) -> None:
    result = run("doctor", "--verify")

    assert (result.exit_code, result.stdout) == (0, "")


@pytest.fixture
def closed(store: Path) -> Path:
    """The store of an engine that was used and is stopped."""
    with running_engine(Settings(store=str(store))) as engine:
        engine.install(RULESET)
        engine.event(engine.channel("test"), "n", "add", n=1)
    return store


def change(store: Path, statement: str) -> None:
    connection = sqlite3.connect(store)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_doctor_mends_a_closed_store(closed: Path) -> None:
    change(closed, "INSERT INTO ent VALUES ('gone', 'r', 'n', x'31')")

    before = command("doctor", "--store", str(closed))
    mended = command("doctor", "--store", str(closed), "--fix")

    assert (before.exit_code, mended.exit_code) == (1, 0)
    assert "--fix" in before.stdout and "(mended)" in mended.stdout
    assert command("doctor", "--store", str(closed)).stdout == ""


def test_doctor_does_not_mend_the_store_of_a_running_engine(engine: RunningEngine, store: Path) -> None:
    result = command("doctor", "--store", str(store), "--fix")

    assert (result.exit_code, "already uses" in result.stderr) == (1, True)


def test_verify_names_the_event_that_was_changed(closed: Path) -> None:
    assert command("verify", "--store", str(closed)).exit_code == 0
    change(closed, "UPDATE evlog SET changes = x'7b7d' WHERE seq = 2")

    result = command("verify", "--store", str(closed))

    assert (result.exit_code, "event 2" in result.stdout) == (1, True)
    assert json.loads(command("verify", "--store", str(closed), "--json").stdout)[0]["kind"] == "broken chain"


def test_verify_names_the_variable_that_was_changed(closed: Path) -> None:
    change(closed, "INSERT INTO ent SELECT id, 'some.rid', 'n', x'31' FROM pico WHERE parent IS NULL")

    for arguments in (("verify",), ("doctor", "--verify")):
        result = command(*arguments, "--store", str(closed))

        assert (result.exit_code, "ent:n of some.rid" in result.stdout) == (1, True)


def test_a_backup_of_a_running_engine_is_restored_into_another_home(
    engine: RunningEngine, eci: str, store: Path, tmp_path: Path
) -> None:
    engine.event(eci, "n", "add", n=1)

    made = command("backup", str(tmp_path / "copy.db"), "--store", str(store))
    restored = command("restore", str(tmp_path / "copy.db"), "--home", str(tmp_path / "home"))

    assert (made.exit_code, restored.exit_code, restored.stderr) == (0, 0, "")
    with running_engine(Settings(store=str(tmp_path / "home" / "picoengine.db"))) as other:
        assert seen(other, eci) == [1]


def test_nothing_is_overwritten(closed: Path, tmp_path: Path) -> None:
    command("backup", str(tmp_path / "copy.db"), "--store", str(closed))

    codes = [
        command("backup", str(tmp_path / "copy.db"), "--store", str(closed)).exit_code,
        command("restore", str(tmp_path / "copy.db"), "--store", str(closed)).exit_code,
    ]

    assert codes == [1, 1]


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    nothing = str(tmp_path / "nothing.db")

    codes = [
        command("backup", str(tmp_path / "copy.db"), "--store", nothing).exit_code,
        command("verify", "--store", nothing).exit_code,
        command("doctor", "--store", nothing).exit_code,
        command("restore", nothing, "--store", str(tmp_path / "new.db")).exit_code,
    ]

    assert codes == [5, 5, 5, 2]
