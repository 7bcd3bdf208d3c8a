"""Flags, environment, file and defaults, and which of them wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import Settings
from transports.configuration import ConfigurationError, Setting, read_configuration
from transports.http import HttpSettings


def read(home: Path, file: str = "", environment: dict[str, str] | None = None, **flags: Any) -> Any:
    (home / "config.toml").write_text(file)
    return read_configuration({"home": str(home), **flags}, environment or {})


def found(configuration: Any, key: str) -> Setting:
    return next(each for each in configuration.settings if each.key == key)


def test_without_a_word_everything_is_as_the_records_say(tmp_path: Path) -> None:
    configuration = read_configuration({"home": str(tmp_path / "none")}, {})

    assert configuration.http == HttpSettings()
    assert configuration.engine == Settings(store=f"sqlite:///{tmp_path / 'none' / 'picoengine.db'}")


def test_the_first_that_says_something_wins(tmp_path: Path) -> None:
    file = "[http]\nport = 1"

    assert read(tmp_path, file, {"PORT": "2"}, port=3).http.port == 3
    assert read(tmp_path, file, {"PORT": "2"}).http.port == 2
    assert read(tmp_path, file).http.port == 1
    assert read(tmp_path).http.port == 3000


def test_it_is_known_who_said_it(tmp_path: Path) -> None:
    configuration = read(tmp_path, "max_depth = 5", {"PICO_ENGINE_TOKEN": "t"}, port=3)

    sources = [found(configuration, key).source for key in ("http.port", "http.token", "max_depth", "trace")]
    assert sources == ["flag --port", "PICO_ENGINE_TOKEN", str(tmp_path / "config.toml"), "default"]


def test_every_section_of_the_file_is_read(tmp_path: Path) -> None:
    configuration = read(tmp_path, 'fetch_seconds = 3\n[limits]\nmax_steps = 7\n[http]\nallowed_hosts = ["a", "b"]')

    assert configuration.engine.fetch_seconds == 3.0
    assert configuration.engine.limits.max_steps == 7
    assert configuration.http.allowed_hosts == ("a", "b")


def test_the_environment_is_text_of_the_right_type(tmp_path: Path) -> None:
    environment = {
        "PICO_ENGINE_MAX_BODY_BYTES": "5",
        "PICO_ENGINE_TRACE": "no",
        "PICO_ENGINE_WAIT_SECONDS": "1.5",
        "PICO_ENGINE_FILE_FOLDERS": "/a, /b",
    }

    engine = read(tmp_path, "", environment).engine

    assert (engine.max_body_bytes, engine.trace, engine.wait_seconds, engine.file_folders) == (
        5,
        False,
        1.5,
        ("/a", "/b"),
    )


def test_the_base_url_follows_the_port(tmp_path: Path) -> None:
    assert read(tmp_path, port=4000).engine.base_url == "http://localhost:4000"
    assert read(tmp_path, environment={"PICO_ENGINE_BASE_URL": "https://x"}, port=4000).engine.base_url == "https://x"


def test_the_home_folder_comes_from_the_environment(tmp_path: Path) -> None:
    assert read_configuration({}, {"PICO_ENGINE_HOME": str(tmp_path)}).home == tmp_path


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("max_dept = 5", ["max_dept", "max_depth"]),
        ("[http]\nprot = 5", ["http.prot", "port"]),
        ('max_depth = "5"', ["max_depth", "a whole number", "'5'"]),
        ("trace = 1", ["trace", "true or false"]),
        ("max_depth = true", ["max_depth", "a whole number"]),
        ("[http]\nallowed_hosts = [5]", ["http.allowed_hosts", "a text"]),
        ("[http]\nallowed_hosts = 'x'", ["http.allowed_hosts", "a list of texts"]),
        ("limits = 5", ["limits"]),
        ("dialect = '2.x'", ["dialect", "'1.x' or '0.x'", "'2.x'"]),
        ("on_lost_step = 'again'", ["on_lost_step", "'retry' or 'ask'", "'again'"]),
        ("on_poison = 'stop'", ["on_poison", "'dead' or 'pause'", "'stop'"]),
        ("= 5", ["line 1"]),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path: Path, file: str, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, file)

    assert all(word in str(caught.value) for word in [str(tmp_path / "config.toml"), *words])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("PICO_ENGINE_TRACE", "maybe"),
        ("PICO_ENGINE_WAIT_SECONDS", "1s"),
        ("PICO_ENGINE_DIALECT", "0"),
        ("PICO_ENGINE_ON_LOST_STEP", "askme"),
        ("PICO_ENGINE_ON_POISON", "stop"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}: expected"):
        read(tmp_path, "", {name: value})


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    configuration = read(tmp_path, "", {"PICO_ENGINE_TOKEN": "secret"})

    assert found(configuration, "http.token").shown_value == "***"
    assert configuration.http.token == "secret"


@pytest.mark.parametrize("password", ["secret", "sec/ret", "sec@ret", "sec?r#et", "sec:ret"])
def test_the_password_in_a_url_is_not_shown(tmp_path: Path, password: str) -> None:
    """Also one that should have been escaped: who has forgotten it looks here for his mistake."""
    configuration = read(tmp_path, "", {"PICO_ENGINE_AMQP_URL": f"amqp://user:{password}@broker.example.org/vhost"})

    assert found(configuration, "amqp.url").shown_value == "amqp://user:***@broker.example.org/vhost"


HEADERS_TABLE = '[source_headers]\n"git.test" = "Private-Token: s3cret"'


def test_private_headers_come_from_a_table_of_the_file_or_from_json(tmp_path: Path) -> None:
    expected = {"git.test": "Private-Token: s3cret"}
    environment = {"PICO_ENGINE_SOURCE_HEADERS": '{"git.test": "Private-Token: s3cret"}'}

    assert read(tmp_path, HEADERS_TABLE).engine.source_headers == expected
    assert read(tmp_path, "", environment).engine.source_headers == expected


def test_whom_a_private_header_is_for_is_shown_and_the_header_is_not(tmp_path: Path) -> None:
    assert found(read(tmp_path, HEADERS_TABLE), "source_headers").shown_value == {"git.test": "***"}


@pytest.mark.parametrize(
    ("file", "environment"),
    [
        ('[source_headers]\n"git.test" = "s3cret"', {}),
        ('[source_headers]\n"git.test" = "Token: s3cret\\nX: y"', {}),
        ('[source_headers]\n"git.test" = ["s3cret"]', {}),
        ('source_headers = "s3cret"', {}),
        ("", {"PICO_ENGINE_SOURCE_HEADERS": "git.test=s3cret"}),
        ("", {"PICO_ENGINE_SOURCE_HEADERS": '["s3cret"]'}),
    ],
)
def test_a_wrong_private_header_is_told_without_its_value(
    tmp_path: Path, file: str, environment: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match=r"(?i)source_headers: expected") as caught:
        read(tmp_path, file, environment)

    assert "s3cret" not in str(caught.value)
