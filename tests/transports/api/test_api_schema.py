"""What an engine answers is what its OpenAPI document says, whatever a client sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi import checks

from engine import Settings
from tests.transports.running_engine import RunningEngine, running_engine
from transports.api import document

RULESET = """
ruleset target {
  meta { shares echo, words, broken }
  global {
    echo = function(value) { value }
    words = function() { "<b>words</b>" }
    broken = function() { 1 - "a" }
  }
  rule says { select when good event send_directive("said", event:attrs) }
  rule keeps { select when good event fired { ent:kept := event:attrs } }
  rule fails { select when bad event pre { broken = 1 - "a" } }
  rule composes { select when raw event send_directive("_raw", {"content": "x", "content_type": "text/x-own"}) }
  rule goes { select when goes event send_directive("_redirect", {"url": "http://localhost/elsewhere"}) }
  rule asks_for_a_source { select when needs event ctx:install("http://elsewhere.test/a.krl") }
}
"""
KNOWN_WORDS = {
    "domain": ("good", "bad", "raw", "goes", "needs"),
    "name": ("event", "echo", "words.html", "words.txt", "echo.html", "broken"),
    "rid": ("target",),
    "query_name": ("echo", "broken"),
    "eid": ("none",),
}
"""What leads a request past the door; each stands in about half of the paths that have a place for it."""

CONFORMANCE = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
ENDLESS = "/api/v1/events/stream"
STILLING = ("/api/v1/paused", "post")  # whatever is asked after it would wait
OPERATIONS = [
    (path, method, operation)
    for path, item in document("1", "http://localhost")["paths"].items()
    for method, operation in item.items()
    if path != ENDLESS and (path, method) != STILLING
]


class Target:
    """A running engine with the ruleset above, its description, and one session to ask it by."""

    def __init__(self, engine: RunningEngine) -> None:
        engine.install(RULESET)
        self.channel = engine.channel("target")
        self.schema = schemathesis.openapi.from_url(f"{engine.url}/api/openapi.json")
        self.url = engine.url
        self.session = requests.Session()

    def cases(self, path: str, method: str, mode: schemathesis.GenerationMode) -> st.SearchStrategy[Any]:
        """Requests of an operation, generated from its description."""
        operation = self.schema[path][method]
        known = {"eci": (self.channel,), **KNOWN_WORDS}
        choices = {name: st.sampled_from(values) for name, values in known.items() if f"{{{name}}}" in path}
        words = st.fixed_dictionaries({}, optional=choices)
        return words.flatmap(lambda words: operation.as_strategy(mode, path_parameters=words))

    def ask(self, case: Any) -> None:
        """Send the request, and hold the answer against the description."""
        response = case.call(base_url=self.url, session=self.session, allow_redirects=False, timeout=30)
        case.validate_response(response, checks=CONFORMANCE)
        assert response.status_code < 500 or case.method == "HEAD" or is_explained(response.json()), response.text


def is_explained(problem: dict[str, Any]) -> bool:
    """Whether a failure of the server is one of a rule or a function, which it names, or of a source's host."""
    return problem["status"] == 502 or (problem["status"] == 500 and problem.get("rid") == "target")


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    # No request leaves: whatever URL is made up, its host is not one that rulesets may come from.
    with running_engine(Settings(source_hosts=("sources.test",))) as engine:
        target = Target(engine)
        yield target
        target.session.close()


def can_be_wrong(operation: dict[str, Any]) -> bool:
    """Whether a request can contradict the description: texts in a path or a query string cannot."""
    schemas = [each["schema"] for each in operation["parameters"] if each["in"] == "query"]
    return "requestBody" in operation or any(schema["type"] == "integer" for schema in schemas)


RIGHT = [(path, method, "positive") for path, method, _ in OPERATIONS]
WRONG = [(path, method, "negative") for path, method, operation in OPERATIONS if can_be_wrong(operation)]


def hold_against_description(target: Target, path: str, method: str, mode: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=target.cases(path, method, schemathesis.GenerationMode(mode)))
    def ask(case: Any) -> None:
        target.ask(case)

    ask()


@pytest.mark.parametrize(("path", "method", "mode"), RIGHT + WRONG)
def test_every_answer_is_described(target: Target, path: str, method: str, mode: str) -> None:
    hold_against_description(target, path, method, mode, 5)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method", "mode"), RIGHT + WRONG)
def test_every_answer_is_described_when_asked_often(target: Target, path: str, method: str, mode: str) -> None:
    hold_against_description(target, path, method, mode, 20)


@pytest.mark.parametrize("path", sorted({path for path, _, _ in OPERATIONS}))
def test_a_method_that_is_not_described_is_405(target: Target, path: str) -> None:
    """RFC 9110, 15.5.6: and the answer says which methods there are."""
    described = {each.upper() for each in target.schema.raw_schema["paths"][path]}

    for other in {"POST", "PUT", "PATCH", "DELETE", "PURGE"} - described:
        response = target.session.request(other, target.url + path.replace("{", "").replace("}", ""), timeout=30)

        assert response.status_code == 405
        assert described <= {each.strip() for each in response.headers["allow"].split(",")}
