"""What the program is told: flags, environment, a file, defaults; the first that says something wins.

The settings of the engine and of each transport are records; their fields are the names that may be set. A field
`max_body_bytes` is `max_body_bytes` at the top of the file `<home>/config.toml` and PICO_ENGINE_MAX_BODY_BYTES in the
environment; a field of HTTP's settings stands in the file's table `[http]`. One of the limits stands in `[limits]`, one
of another transport's settings in the transport's table, and in the environment as PICO_ENGINE_LIMITS_… and
PICO_ENGINE_AMQP_…, since some of them are called as other settings are.

Source: docs/settings.md.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from engine import Settings

from .amqp import AmqpSettings
from .http import HttpSettings
from .smtp import SmtpSettings

FILE_NAME = "config.toml"
STORE_NAME = "picoengine.db"
DEFAULT_HOME = "~/.picoengine"
PREFIX = "PICO_ENGINE_"
OTHER_VARIABLES = {"port": "PORT"}  # as in the Node engine
SECRETS = frozenset({"token", "source_headers", "users", "smart_host_password"})

HIDDEN = "***"
HEADERS = "source_headers"  # its texts have a form of their own

LIMITS = "limits"
Limits: type[Any] = type(Settings().limits)
SECTIONS: dict[str, type[Any]] = {
    "": Settings,
    LIMITS: Limits,
    "http": HttpSettings,
    "amqp": AmqpSettings,
    "smtp": SmtpSettings,
}
PLAIN_SECTIONS = frozenset({"", "http"})  # whose settings have their bare names in the environment and as flags
FLAGS = {("amqp", "url"): "amqp", ("smtp", "listen"): "smtp"}  # of other sections, the settings that have one
OWN_TRANSPORTS = frozenset({"amqp", "smtp"})  # of ours, those that have a section here and an `on` in its record
TRANSPORTS = "transports"  # the file's tables below it are those of third parties' transports
_PASSWORD = re.compile(r"^(\w+://[^/?#@:]*:).*@")  # up to the last @: one that should have been escaped is hidden, too
_HEADER = re.compile(r"[\w!#$%&'*+.^`|~-]+:\s*[\x21-\x7e][\x20-\x7e]*", re.ASCII)
_BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_NESTED = frozenset({LIMITS})  # a field of Settings that is a section of its own


class ConfigurationError(Exception):
    """A setting that is not there, or not of its type; the text says where it was found."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting's value and who said it."""

    section: str
    name: str
    value: Any
    source: str  # "default", "flag --port", "PORT", "/home/x/config.toml"

    @property
    def shown_value(self) -> Any:
        """The value as it may be shown."""
        if self.name not in SECRETS or not self.value:
            return _PASSWORD.sub(rf"\1{HIDDEN}@", self.value) if isinstance(self.value, str) else self.value
        return dict.fromkeys(self.value, HIDDEN) if isinstance(self.value, Mapping) else HIDDEN

    @property
    def key(self) -> str:
        """Its name with its section."""
        return f"{self.section}.{self.name}" if self.section else self.name


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that is set."""

    home: Path
    settings: tuple[Setting, ...]
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of third parties' transports, by name

    @property
    def engine(self) -> Settings:
        """The engine's settings."""
        return Settings(limits=Limits(**self._section(LIMITS)), **self._section(""))

    @property
    def http(self) -> HttpSettings:
        """HTTP's settings."""
        return HttpSettings(**self._section("http"))

    @property
    def amqp(self) -> AmqpSettings:
        """AMQP's settings."""
        return AmqpSettings(**self._section("amqp"))

    @property
    def smtp(self) -> SmtpSettings:
        """SMTP's settings."""
        return SmtpSettings(**self._section("smtp"))

    def is_on(self, transport: str) -> bool:
        """Whether one of our own transports is wanted."""
        wanted: bool = SECTIONS[transport](**self._section(transport)).on
        return wanted

    def is_default(self, name: str) -> bool:
        """Whether nobody said anything about the setting."""
        return any(each.name == name and each.source == "default" for each in self.settings)

    def _section(self, section: str) -> dict[str, Any]:
        return {each.name: each.value for each in self.settings if each.section == section}


def read_configuration(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Configuration:
    """The configuration of flags (None: not given), environment, and the file in the home folder.

    Raises ConfigurationError for an unknown name or a value of the wrong type.
    """
    home = Path(flags.get("home") or environment.get(PREFIX + "HOME") or DEFAULT_HOME).expanduser()
    path = home / FILE_NAME
    tables, others = _file_tables(path)
    settings = []
    for section, name, kind, default in known_settings():
        setting = Setting(section, name, default, "default")
        variable = next((each for each in variables(section, name) if environment.get(each)), None)
        flag = FLAGS.get((section, name)) if section not in PLAIN_SECTIONS else name
        if flag is not None and flags.get(flag) is not None:
            setting = Setting(section, name, flags[flag], f"flag --{flag.replace('_', '-')}")
        elif variable is not None:
            value = _fitting(_from_text, environment[variable], kind, name, variable)
            setting = Setting(section, name, value, variable)
        elif name in tables[section]:
            where = f"{path}: {f'{section}.{name}' if section else name}"
            setting = Setting(section, name, _fitting(_checked, tables[section][name], kind, name, where), str(path))
        settings.append(setting)
    return _completed(Configuration(home, tuple(settings), others))


def _completed(configuration: Configuration) -> Configuration:
    """With the defaults that depend on others: the store is in the home folder, the base URL has the port."""
    derived = {
        "store": f"sqlite:///{configuration.home / STORE_NAME}",
        "base_url": f"http://localhost:{configuration.http.port}",
    }
    settings = tuple(
        Setting("", each.name, derived[each.name], "default")
        if each.name in derived and each.source == "default"
        else each
        for each in configuration.settings
    )
    return replace(configuration, settings=settings)


def known_settings() -> Iterator[tuple[str, str, Any, Any]]:
    """Section, name, type and default of every setting."""
    for section, record in SECTIONS.items():
        kinds = get_type_hints(record)
        defaults = record()
        for each in fields(record):
            if each.name not in _NESTED:
                yield section, each.name, kinds[each.name], getattr(defaults, each.name)


def variables(section: str, name: str) -> list[str]:
    """The environment's variables for a setting; the first that is not empty counts."""
    own = PREFIX + name if section in PLAIN_SECTIONS else f"{PREFIX}{section}_{name}"
    return [own.upper(), *([OTHER_VARIABLES[name]] if name in OTHER_VARIABLES else [])]


def _file_tables(path: Path) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """The file's settings by section, and the tables of other transports; empty if there is no file."""
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        content = {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    tables: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    others = content.pop(TRANSPORTS, {})
    if not isinstance(others, dict) or not all(isinstance(table, dict) for table in others.values()):
        raise ConfigurationError(f"{path}: expected a table [{TRANSPORTS}.NAME] for each transport")
    for name, value in content.items():
        if name in SECTIONS and isinstance(value, dict):
            tables[name] = value
        else:
            tables[""][name] = value
    for section, table in tables.items():
        _refuse_unknown(path, section, table)
    return tables, others


def _refuse_unknown(path: Path, section: str, table: Mapping[str, Any]) -> None:
    known = [name for each, name, _, _ in known_settings() if each == section]
    for name in table:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(f"{path}: no setting {f'{section}.{name}' if section else name!r}{hint}")


class _Unfit(Exception):
    """A value that is not what its setting expects."""

    def __init__(self, expected: str, found: Any) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


def _fitting(read: Callable[[Any, Any], Any], value: Any, kind: Any, name: str, where: str) -> Any:
    """The value as `read` understands it. Raises ConfigurationError, which does not tell a secret."""
    try:
        fitting = read(value, kind)
        if name == HEADERS:
            _check_headers(fitting)
    except _Unfit as unfit:
        found = HIDDEN if name in SECRETS else repr(unfit.found)
        raise ConfigurationError(f"{where}: expected {unfit.expected}, found {found}") from None
    return fitting


def _check_headers(headers: Mapping[str, str]) -> None:
    for header in headers.values():
        if not _HEADER.fullmatch(header):
            raise _Unfit("a header of the form 'Name: value' for each host", header)


def _checked(value: Any, kind: Any) -> Any:
    """A value of the file, which has types of its own. Raises _Unfit."""
    origin = get_origin(kind)
    if origin is tuple and isinstance(value, list):
        return tuple(_checked(item, get_args(kind)[0]) for item in value)
    if origin is Mapping and isinstance(value, dict):
        return {name: _checked(item, get_args(kind)[1]) for name, item in value.items()}
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is kind or (origin is Literal and value in get_args(kind)):
        return value
    raise _Unfit(_named(kind), value)


def _from_text(text: str, kind: Any) -> Any:
    """A value of the environment. Raises _Unfit."""
    if get_origin(kind) is tuple:
        return tuple(item.strip() for item in text.split(",") if item.strip())
    if kind is str:
        return text
    if get_origin(kind) is Literal:
        return _checked(text, kind)
    try:
        if get_origin(kind) is Mapping:
            return _checked(json.loads(text), kind)
        return _BOOLEANS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise _Unfit(_named(kind), text) from None


def _named(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return "a list of texts"
    if get_origin(kind) is Mapping:
        return "a map of texts"
    if get_origin(kind) is Literal:
        return " or ".join(repr(each) for each in get_args(kind))
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[kind]
