"""The OpenAPI document describes the routes that are there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from transports.api import document

DOCUMENT = document("1.2.3", "http://localhost:3000")
OPERATIONS = [(path, method, each) for path, item in DOCUMENT["paths"].items() for method, each in item.items()]


async def test_it_is_served(front: Any) -> None:
    assert (await front.ask("GET", "/api/openapi.json")).json == DOCUMENT


def test_it_is_an_openapi_document() -> None:
    assert re.fullmatch(r"3\.1\.\d", DOCUMENT["openapi"])
    assert set(DOCUMENT["info"]) >= {"title", "version"}


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_each_operation_declares_the_parameters_of_its_path(path: str, method: str, operation: dict[str, Any]) -> None:
    in_path = [parameter for parameter in operation["parameters"] if parameter["in"] == "path"]

    assert [parameter["name"] for parameter in in_path] == re.findall(r"\{(.+?)\}", path)
    assert all(parameter["required"] for parameter in in_path)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_each_operation_says_what_it_answers(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]

    assert all(response["description"] for response in responses.values())
    assert method == "head" or all("content" in response for response in responses.values())
    assert {"200", "202"} & set(responses)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_each_problem_is_named_with_its_status(path: str, method: str, operation: dict[str, Any]) -> None:
    """`default` would describe any mistake of ours; only what a rule composes has no status of its own."""
    responses = operation["responses"]

    problems = [each for status, each in responses.items() if status >= "400" and status != "default"]
    assert ("default" in responses) == path.startswith("/sky/event/")
    assert method == "head" or all(
        set(each["content"]) <= {"application/problem+json", "text/plain"} for each in problems
    )
    assert path.startswith(("/healthz", "/readyz", "/metrics")) or problems


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
async def test_each_operation_is_there(front: Any, path: str, method: str, operation: dict[str, Any]) -> None:
    """What it answers is another matter: see test_api_schema.py."""
    answer = await front.ask(method.upper(), re.sub(r"\{.+?\}", "x", path))

    assert answer.status != 405
    assert "Cannot" not in answer.body.decode() or answer.status != 404
