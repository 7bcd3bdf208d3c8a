"""The transports that this program has beside HTTP: found by entry points, made by the configuration, run as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

import structlog

from engine import Decoder, Engine, Sender

from .configuration import OWN_TRANSPORTS, Configuration, ConfigurationError
from .transport import GROUP, Transport

T = TypeVar("T")

_log = structlog.get_logger("picoengine.transports")


def transports_of(configuration: Configuration) -> tuple[Transport, ...]:
    """The installed transports that the configuration asks for, by name.

    Raises ConfigurationError for one that cannot be had or refuses what it is told.
    """
    found = {point.name: point for point in entry_points(group=GROUP)}
    asked = set(configuration.tables) | {name for name in OWN_TRANSPORTS if configuration.is_on(name)}
    for name in sorted(asked - set(found)):
        raise ConfigurationError(f"the transport {name!r} is not installed; known are {', '.join(sorted(found))}")
    made = (_made(found[name], configuration) for name in sorted(found) if name in asked or name not in OWN_TRANSPORTS)
    transports = tuple(transport for transport in made if transport is not None)
    for members in ("decoders", "senders"):
        _check_names(transports, members)
    return transports


def _made(point: EntryPoint, configuration: Configuration) -> Transport | None:
    """What the package has to offer, looked at once so that its faults are found now. Raises ConfigurationError."""
    with _blamed(point, "loaded"):
        factory = point.load()
    with _blamed(point, "made"):
        transport: Transport | None = factory(configuration, configuration.tables.get(point.name, {}))
        if transport is not None:
            for member in ("name", "decoders", "senders", "state", "up", "start", "stop"):
                getattr(transport, member)
    return transport


@contextmanager
def _blamed(point: EntryPoint, done: str) -> Iterator[None]:
    """Whatever goes wrong in the block is a ConfigurationError that says whose fault it is."""
    package = point.dist.name if point.dist is not None else point.value
    try:
        yield
    except ConfigurationError:
        raise
    except Exception as error:  # code of strangers can raise anything; the program ends, and says why
        message = f"{type(error).__name__}: {error}"
        raise ConfigurationError(
            f"the transport {point.name!r} of the package {package!r} cannot be {done}: {message}"
        ) from error


def _check_names(transports: Sequence[Transport], members: str) -> None:
    """Two that answer to one name would hide each other."""
    owners: dict[str, str] = {}
    for transport in transports:
        for name in getattr(transport, members):
            if name in owners:
                raise ConfigurationError(f"{owners[name]!r} and {transport.name!r} both have {name!r} in {members}")
            owners[name] = transport.name


def all_decoders(transports: Sequence[Transport], first: Mapping[str, Decoder]) -> dict[str, Decoder]:
    """The decoders of all transports, behind `first`, which are HTTP's."""
    return _joined(first, *(transport.decoders for transport in transports))


def all_senders(transports: Sequence[Transport]) -> dict[str, Sender]:
    """The senders of all transports."""
    return _joined(*(transport.senders for transport in transports))


def _joined(*maps: Mapping[str, T]) -> dict[str, T]:
    return {name: member for each in maps for name, member in each.items()}


@asynccontextmanager
async def running(transports: Sequence[Transport], engine: Engine) -> AsyncIterator[None]:
    """Start all transports, run the block, stop them all, whatever happens. Raises what a `start` raises."""
    begun: list[Transport] = []
    try:
        for transport in transports:
            begun.append(transport)
            await _start(transport, engine)
        yield
    finally:
        ends = await asyncio.gather(*(transport.stop() for transport in begun), return_exceptions=True)
        for transport, end in zip(begun, ends, strict=True):
            if isinstance(end, Exception):
                _log.error("a transport did not stop as it should", transport=transport.name, exc_info=end)


async def _start(transport: Transport, engine: Engine) -> None:
    try:
        await transport.start(engine)
    except ConfigurationError:
        raise
    except Exception as error:  # as above
        raise ConfigurationError(
            f"the transport {transport.name!r} did not start: {type(error).__name__}: {error}"
        ) from error


def states(transports: Sequence[Transport]) -> dict[str, str]:
    """How each transport is, by name; one line each."""
    return {transport.name: _state(transport) for transport in transports}


def _state(transport: Transport) -> str:
    try:
        return " ".join(str(transport.state).split())
    except Exception as error:  # noqa: BLE001 -- a stranger's fault must not hide how all the others are
        return f"cannot tell: {type(error).__name__}"


def answers(transport: Transport) -> dict[str, int]:
    """How often it has given each answer, by code; empty if it does not count them, or cannot tell."""
    try:
        return {str(code): int(number) for code, number in getattr(transport, "answers", {}).items()}
    except Exception:  # noqa: BLE001 -- as above
        return {}


def is_up(transport: Transport) -> bool:
    """Whether it can do its work; one that cannot tell cannot."""
    try:
        return bool(transport.up)
    except Exception:  # noqa: BLE001 -- as above
        return False
