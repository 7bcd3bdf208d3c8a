"""Each setting, variable, verb and option has its place in the documents, with the default that it really has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from transports.cli import command_line
from transports.configuration import known_settings, variables

DOCS = Path(__file__).parents[2] / "docs"
SETTINGS = (DOCS / "settings.md").read_text()
COMMANDS = (DOCS / "command-line.md").read_text()
SECTIONS = {"": "The engine", "http": "HTTP", "limits": "Limits", "amqp": "AMQP", "smtp": "SMTP"}
DERIVED = ("store", "base_url")  # their defaults are told in words

EVERYWHERE = frozenset({"--engine", "--json", "--eci", "--pico", "--home", "--store"})
"""Options that the page explains once."""


def rows(section: str) -> dict[str, list[str]]:
    """The cells of each row of a section's tables, by the setting's name."""
    [text] = re.findall(rf"^## {section}\n(.*?)(?=^## )", SETTINGS, re.MULTILINE | re.DOTALL)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]
    return {row[0].strip("`"): row for row in cells}


def written(value: Any) -> str:
    """The value as the file would have it."""
    return json.dumps(dict(value) if isinstance(value, Mapping) else value)


@pytest.mark.parametrize(("section", "name", "_", "default"), list(known_settings()))
def test_every_setting_is_documented_with_its_variables_and_default(
    section: str, name: str, _: Any, default: Any
) -> None:
    row = rows(SECTIONS[section])[name]

    assert re.findall(r"`(\w+)`", row[1]) == variables(section, name)
    assert row[2] == ("" if name in DERIVED else f"`{written(default)}`")


def test_no_setting_is_documented_that_is_none() -> None:
    known = {(section, name) for section, name, _, _ in known_settings()}

    documented = {(section, name) for section, title in SECTIONS.items() for name in rows(title)}

    assert documented - known == {(section, "setting") for section in SECTIONS}


def test_no_two_settings_share_a_variable() -> None:
    names = [variable for section, name, _, _ in known_settings() for variable in variables(section, name)]

    assert len(set(names)) == len(names)


def verbs() -> Iterator[tuple[str, click.Command]]:
    """Every verb that does something, with its whole name."""
    waiting: list[tuple[str, click.Command]] = [("picoengine", command_line())]
    while waiting:
        name, command = waiting.pop()
        if isinstance(command, click.Group):
            context = click.Context(command)
            for each in command.list_commands(context):
                child = command.get_command(context, each)
                assert child is not None
                waiting.append((f"{name} {each}", child))
        else:
            yield name, command


@pytest.mark.parametrize(("name", "command"), sorted(verbs()), ids=lambda each: each if isinstance(each, str) else "")
def test_every_verb_is_documented_with_its_options(name: str, command: click.Command) -> None:
    [text] = re.findall(rf"^### {name}\n(.*?)(?=^##|\Z)", COMMANDS, re.MULTILINE | re.DOTALL)
    options = {option for each in command.params if isinstance(each, click.Option) for option in each.opts}

    assert [option for option in sorted(options - EVERYWHERE) if option not in text] == []


def test_no_verb_is_documented_that_is_none() -> None:
    assert set(re.findall(r"^### (.+)$", COMMANDS, re.MULTILINE)) == {name for name, _ in verbs()}


def test_what_is_explained_once_is_explained() -> None:
    assert [option for option in sorted(EVERYWHERE) if option not in COMMANDS] == []
