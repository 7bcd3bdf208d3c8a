"""`picoengine import`: from one running engine into another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.transports.running_engine import UI, RunningEngine, running_engine
from transports.cli import command_line
from transports.cli.move.here import modules_first

PDS = "io.picolabs.pds"
SUBSCRIPTION = "io.picolabs.subscription"
MODULE = 'ruleset a.words { meta { provides greeting } global { greeting = function() { ctx:rid_config{"word"} } } }'
USER = """ruleset a.user {
  meta { use module a.words  shares greet }
  global { greet = function() { a.words:greeting() } }
}""".replace("use module a.words", "use module a.words alias words").replace("a.words:greeting", "words:greeting")
POLICIES = {
    "eventPolicy": {"allow": [{"domain": "order", "name": "*"}], "deny": [{"domain": "*", "name": "cancel"}]},
    "queryPolicy": {"allow": [{"rid": "a.user", "name": "*"}], "deny": []},
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command_line(), ["import", *arguments])


def imported(there: RunningEngine, here: RunningEngine, *more: str) -> dict[str, Any]:
    result = run("--from", there.url, "--engine", here.url, "--json", *more)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def child(engine: RunningEngine, parent: str, name: str) -> str:
    """A new child's UI channel."""
    box = engine.post(f"/c/{parent}/event/engine_ui/new/query/{UI}/box", {"name": name, "backgroundColor": "#102030"})
    eci: str = box["children"][-1]
    return eci


def channels(engine: RunningEngine, eci: str) -> dict[str, dict[str, Any]]:
    """Channels by their tags."""
    return {",".join(each["tags"]): each for each in engine.query(eci, UI, "pico")["channels"]}


class Family:
    """Ann, her Kid, and Bob, to whom she is subscribed; they have channels, data and rulesets."""

    def __init__(self, engine: RunningEngine) -> None:
        self.engine = engine
        self.ann = child(engine, engine.root, "Ann")
        self.bob = child(engine, engine.root, "Bob")
        self.kid = child(engine, self.ann, "Kid")
        engine.event(self.ann, "engine_ui", "box", x=300, y=200)
        engine.event(self.ann, "engine_ui", "new_channel", tags=["orders"], **POLICIES)
        self.service = channels(engine, self.ann)["pds"]["id"]
        engine.event(self.service, "pds", "map_item", namespace="things", mapvalues={"a": 1, "b": [True, None]})
        engine.event(self.service, "pds", "add_settings", keyed_rid="a.user", name="mine", data_key="k", value=5)
        engine.event(self.service, "pds", "updated_profile", name="Ann", email="ann@x.test")
        engine.install(MODULE, self.ann, word="hello")
        engine.install(USER, self.ann)
        self._subscribe()

    def _subscribe(self) -> None:
        known = self.engine.query(self.bob, SUBSCRIPTION, "wellKnown_Rx")["id"]
        self.engine.event(
            self.ann, "wrangler", "subscription", wellKnown_Tx=known, Rx_role="boss", Tx_role="clerk", name="work"
        )
        while not (inbound := self.engine.query(self.bob, SUBSCRIPTION, "inbound")):
            pass
        self.engine.event(self.bob, "wrangler", "pending_subscription_approval", Id=inbound[0]["Id"])
        while not self.engine.query(self.ann, SUBSCRIPTION, "established"):
            pass


@pytest.fixture
def there() -> Iterator[RunningEngine]:
    with running_engine() as engine:
        yield engine


@pytest.fixture
def here() -> Iterator[RunningEngine]:
    with running_engine() as engine:
        yield engine


@pytest.fixture
def family(there: RunningEngine) -> Family:
    return Family(there)


def new_ecis(told: dict[str, Any]) -> dict[str, str]:
    """New UI channels by the picos' names."""
    return {each["name"]: each["to"] for each in told["picos"]}


def test_the_tree_is_copied(family: Family, here: RunningEngine) -> None:
    new = new_ecis(imported(family.engine, here))

    root = here.query(here.root, UI, "box")
    ann = here.query(new["Ann"], UI, "box")
    assert root["children"] == [new["Ann"], new["Bob"]]
    assert ann["children"] == [new["Kid"]]
    assert [ann[member] for member in ("name", "backgroundColor", "x", "y")] == ["Ann", "#102030", 300, 200]


def test_channels_are_copied_with_tags_and_policies(family: Family, here: RunningEngine) -> None:
    told = imported(family.engine, here)

    old = channels(family.engine, family.ann)["orders"]
    new = channels(here, new_ecis(told)["Ann"])["orders"]
    ann = next(each for each in told["picos"] if each["name"] == "Ann")
    assert ann["ecis"][old["id"]] == new["id"] != old["id"]
    assert {name: new[name] for name in POLICIES} == POLICIES


def test_every_channel_that_is_no_familys_is_replaced_by_one(family: Family, here: RunningEngine) -> None:
    told = imported(family.engine, here)

    for pico in told["picos"]:
        old = {each["id"] for each in channels(family.engine, pico["from"]).values() if "system" not in each["tags"]}
        new = {each["id"] for each in channels(here, pico["to"]).values() if "system" not in each["tags"]}
        assert (set(pico["ecis"]), set(pico["ecis"].values())) == (old, new)


def test_data_services_are_copied(family: Family, here: RunningEngine) -> None:
    new = new_ecis(imported(family.engine, here))

    service = channels(here, new["Ann"])["pds"]["id"]
    assert here.query(service, PDS, "items", namespace="things")["general"] == {"a": 1, "b": [True, None]}
    assert here.query(service, PDS, "settings")["settings"]["a.user"]["data"] == {"k": 5}
    assert here.query(service, PDS, "profile")["profile"]["email"] == "ann@x.test"


def test_rulesets_run_with_their_configuration_and_modules(family: Family, here: RunningEngine) -> None:
    new = new_ecis(imported(family.engine, here))

    channel = channels(here, new["Ann"])["orders"]["id"]
    assert here.query(channel, "a.user", "greet") == "hello"


def test_subscriptions_among_the_copied_are_made_anew(family: Family, here: RunningEngine) -> None:
    told = imported(family.engine, here)

    new = new_ecis(told)
    (ann,) = here.query(new["Ann"], SUBSCRIPTION, "established")
    (bob,) = here.query(new["Bob"], SUBSCRIPTION, "established")
    (old,) = family.engine.query(family.ann, SUBSCRIPTION, "established")
    assert (ann["Tx"], ann["Rx"], ann["Id"]) == (bob["Rx"], bob["Tx"], bob["Id"])
    assert (ann["Rx_role"], ann["Tx_role"]) == ("boss", "clerk")
    assert next(each for each in told["picos"] if each["name"] == "Ann")["ecis"][old["Rx"]] == ann["Rx"]
    assert ["work", "tx_rx"] in [
        each["tags"] for each in channels(here, new["Ann"]).values() if each["id"] == ann["Rx"]
    ]


def test_the_other_engine_stays_as_it_is(family: Family, here: RunningEngine) -> None:
    before = {eci: family.engine.query(eci, UI, "pico") for eci in (family.engine.root, family.ann, family.bob)}

    imported(family.engine, here)

    assert before == {eci: family.engine.query(eci, UI, "pico") for eci in before}


def test_what_cannot_be_copied_is_said(family: Family, here: RunningEngine) -> None:
    known = family.engine.query(family.bob, SUBSCRIPTION, "wellKnown_Rx")["id"]
    family.engine.event(family.kid, "wrangler", "subscription", wellKnown_Tx=known)

    told = imported(family.engine, here, "--eci", family.ann)

    lost = "\n".join(told["notCopied"])
    assert "Ann: the subscription" in lost and "a pico that is not imported" in lost
    assert f"Kid ({family.kid}): pending subscriptions (outbound)" in lost
    assert "entity variables" in lost


def test_a_second_run_does_nothing_and_says_so(family: Family, here: RunningEngine) -> None:
    first = imported(family.engine, here)

    result = run("--from", family.engine.url, "--engine", here.url, "--json")

    assert result.exit_code == 0 and "imported before" in result.stderr
    assert json.loads(result.stdout)["picos"] == first["picos"]


@pytest.mark.parametrize("requests", [4, 9, 15, 22, 30, 40, 60, 80])
def test_a_run_that_was_broken_off_is_gone_on_with(
    family: Family, here: RunningEngine, requests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever request was the last to arrive: in the end each pico, channel and subscription is there once."""
    from transports.cli.client import Client, Failure

    left = requests
    send = Client._request

    def breaking(self: Client, method: str, path: str, members: Any = None) -> Any:
        nonlocal left
        response = send(self, method, path, members)
        if self._url == here.url and "/event" in path:
            left -= 1
            if left == 0:
                raise Failure("broken off", 3)
        return response

    monkeypatch.setattr(Client, "_request", breaking)
    broken = run("--from", family.engine.url, "--engine", here.url)
    told = imported(family.engine, here)

    assert broken.exit_code == (3 if left <= 0 else 0)
    tree = {each["name"]: here.query(each["to"], UI, "box")["children"] for each in told["picos"]}
    new = new_ecis(told)
    assert tree == {"Pico": [new["Ann"], new["Bob"]], "Ann": [new["Kid"]], "Kid": [], "Bob": []}
    assert len(here.query(new["Ann"], SUBSCRIPTION, "established")) == 1
    for pico in told["picos"]:
        assert len(here.query(pico["to"], UI, "pico")["channels"]) == len(
            family.engine.query(pico["from"], UI, "pico")["channels"]
        )


def test_another_engines_picos_do_not_mix_with_those_imported_before(family: Family, here: RunningEngine) -> None:
    imported(family.engine, here)

    with running_engine() as third:
        result = run("--from", third.url, "--engine", here.url)

    assert result.exit_code == 1 and "--into" in result.stderr


def test_picos_can_be_put_below_any_pico(family: Family, here: RunningEngine) -> None:
    place = child(here, here.root, "Place")

    told = imported(family.engine, here, "--eci", family.ann, "--into", place)

    assert here.query(here.root, UI, "box")["children"] == [place]
    assert here.query(place, UI, "box")["name"] == "Ann"
    assert new_ecis(told)["Ann"] == place


def test_the_output_says_which_eci_replaces_which(family: Family, here: RunningEngine) -> None:
    result = run("--from", family.engine.url, "--engine", here.url)

    old = channels(family.engine, family.ann)["orders"]["id"]
    new = channels(here, here.query(here.root, UI, "box")["children"][0])["orders"]["id"]
    assert f"  {old} -> {new}  orders" in result.stdout
    assert "not copied: " in result.stderr


def test_no_engine_there_is_exit_code_3(here: RunningEngine) -> None:
    assert run("--from", "http://127.0.0.1:1", "--engine", here.url).exit_code == 3


# --- a Node engine --------------------------------------------------------------------------------------------


class NodeEngine(BaseHTTPRequestHandler):
    """As a Node engine speaks: errors are 200, null is an empty body, a ruleset may lie where only it can read."""

    answers: dict[str, Any] = {
        "/api/ui-context": {"version": "1.4.0", "eci": "U"},
        f"/c/U/query/{UI}/box": {"name": "Pico", "eci": "U", "children": [], "x": 100},
        f"/c/U/query/{UI}/pico": {
            "eci": "U",
            "channels": [
                {"id": "C", "tags": ["own"], **POLICIES, "familyChannelPicoID": None},
                {"id": "S", "tags": ["system", "self"], **POLICIES, "familyChannelPicoID": "p"},
            ],
            "rulesets": [
                {"rid": PDS, "url": "file:///node/io.picolabs.pds.krl", "config": {}, "meta": None},
                {"rid": "a.gone", "url": "file:///node/gone.krl", "config": {}, "meta": None},
                {
                    "rid": "a.here",
                    "url": "file:///node/here.krl",
                    "config": {"k": 1},
                    "meta": {"krl": "ruleset a.here {}", "krlMeta": {"use": None}},
                },
            ],
        },
    }

    def do_GET(self) -> None:
        answer = self.answers.get(self.path, {"error": f"Error: no answer for {self.path}"})
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def node() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), NodeEngine) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_node_engines_picos_are_copied(node: str, here: RunningEngine) -> None:
    told = json.loads(run("--from", node, "--engine", here.url, "--json").stdout)

    assert told["picos"][0]["ecis"] == {"U": here.root, "C": channels(here, here.root)["own"]["id"]}
    rulesets = {each["rid"]: each for each in here.query(here.root, UI, "pico")["rulesets"]}
    assert rulesets["a.here"]["config"] == {"k": 1}
    assert "a.gone" not in rulesets


def test_what_a_node_engine_keeps_to_itself_is_said(node: str, here: RunningEngine) -> None:
    lost = "\n".join(json.loads(run("--from", node, "--engine", here.url, "--json").stdout)["notCopied"])

    assert "file:///node/here.krl" in lost and "installed by its text instead" in lost
    assert "ruleset a.gone" in lost
    assert "general of the data service: no channel lets the question in" in lost


def test_an_error_with_status_200_is_an_error(node: str, here: RunningEngine) -> None:
    result = run("--from", node, "--eci", "X", "--engine", here.url)

    assert (result.exit_code, result.stdout) == (1, "") and "no answer for" in result.stderr


def test_modules_are_installed_before_their_users() -> None:
    def ruleset(rid: str, *modules: str) -> dict[str, Any]:
        return {"rid": rid, "meta": {"krlMeta": {"use": [{"kind": "module", "rid": each} for each in modules]}}}

    ordered = modules_first([ruleset("a", "c"), ruleset("b"), ruleset("c", "d", "e"), ruleset("d")])

    assert [each["rid"] for each in ordered] == ["b", "d", "c", "a"]
