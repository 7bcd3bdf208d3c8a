"""From a pico's code set to instances that can run: programs, modules wired, globals computed.

Instances whose globals depend on nothing but text and configuration are made once for a code set and shared by all
its picos; the others are made anew when a pico wakes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from krl import Here, Host, Instance, KRLLoadError, KRLRuntimeError, Program, Use

from ..errors import EngineError, RulesetRefused
from ..recorder import Globals
from ..salience import Salience, salience_of
from ..witness.journal import Journal
from .code import CodeSet, Installed
from .registry import Registry

SHARED_SETS = 1000  # code sets whose shared instances and graph are kept


class _Shared:
    """What all picos with one code set have in common."""

    __slots__ = ("instances", "salience")

    def __init__(self, salience: Salience) -> None:
        self.salience = salience
        self.instances: dict[str, Instance] = {}


class GlobalsHost(Host, Protocol):
    """A host with which the globals of one ruleset are computed."""

    def done(self) -> Globals | None:
        """What they were computed from, None if from the text alone. Asked once, also when computing them failed."""
        ...


GlobalsHosts = Callable[[Any, str], GlobalsHost]
"""From the host of a pico and a rid."""


class Loader:
    """Makes instances."""

    def __init__(self, registry: Registry, journal: Journal, globals_host: GlobalsHosts) -> None:
        self._registry = registry
        self._globals_host = globals_host
        self._journal = journal
        self._shared: dict[str, _Shared] = {}
        self.broken: dict[str, str] = {}  # rid and hash of a ruleset that did not load → why

    def salience(self, code: CodeSet) -> Salience:
        """The salience graph of a code set."""
        return self._of(code).salience

    def instances(self, code: CodeSet, host: Host) -> Mapping[str, Instance]:
        """The instances of all rulesets of the set, for the pico of the host, in order of installation.

        A ruleset that does not load is left out, told in the journal and listed in `broken`: the pico goes on.
        """
        shared = self._of(code).instances
        if len(shared) == len(code.installed):
            return shared
        loaded = {}
        for installed in code:
            try:
                loaded[installed.rid] = shared.get(installed.rid) or self.load(installed, code, host)
            except (KRLLoadError, KRLRuntimeError, EngineError) as error:
                self.broken[f"{installed.rid}@{installed.hash}"] = str(error)
                self._journal.note(host.pico_id, "error", f"ruleset {installed.rid} does not load: {error}")
        return loaded

    def load(self, installed: Installed, code: CodeSet, host: Host) -> Instance:
        """One ruleset of the set, loaded. Raises KRLLoadError, KRLRuntimeError or RulesetRefused."""
        program = self._registry.program(installed.hash)
        globals_host = self._globals_host(host, installed.rid)
        try:
            instance, pure = self._load(program, installed, code, globals_host)
        finally:
            origin = globals_host.done()
        instance.here.origin = origin
        if pure and code.find(installed.rid) == installed:
            self._of(code).instances[installed.rid] = instance
        return instance

    def users_of(self, rid: str, code: CodeSet) -> list[Installed]:
        """The rulesets of the set that use this one as a module, directly or by way of others."""
        uses = {program.rid: {use.rid for use in program.meta.uses} for program in self._programs(code)}
        users = {rid}
        while more := {each for each, used in uses.items() if each not in users and used & users}:
            users |= more
        return [each for each in code if each.rid in users and each.rid != rid]

    def _load(
        self,
        program: Program,
        installed: Installed,
        code: CodeSet,
        host: Host,
        configuration: Mapping[str, Any] | None = None,
        users: tuple[str, ...] = (),
    ) -> tuple[Instance, bool]:
        pure = program.pure_globals
        path = (*users, program.rid)

        def use_module(use: Use, configuration: Mapping[str, Any]) -> Instance:
            nonlocal pure
            found = code.find(use.rid)
            if found is None:
                raise RulesetRefused(f"Module not found: {use.rid}")
            # The registry refuses circles, but two picos may close one by what each of them takes at one moment.
            if use.rid in path:
                raise RulesetRefused(f"Dependency Cycle Found: {' -> '.join((*path, use.rid))}")
            used = self._registry.program(found.hash)
            loaded, pure_module = self._load(used, found, code, host, configuration, path)
            pure = pure and pure_module
            return loaded

        in_module = configuration is not None
        here = Here(program.rid, installed.url, installed.config_map(), in_module, program.meta)
        return program.load(host, here, use_module, configuration), pure

    def _of(self, code: CodeSet) -> _Shared:
        shared = self._shared.get(code.hash)
        if shared is None:
            shared = self._shared[code.hash] = _Shared(salience_of(self._programs(code)))
            if len(self._shared) > SHARED_SETS:
                del self._shared[next(iter(self._shared))]
        return shared

    def _programs(self, code: CodeSet) -> list[Program]:
        programs = []
        for installed in code:
            try:
                programs.append(self._registry.program(installed.hash))
            except RulesetRefused as error:
                self.broken[f"{installed.rid}@{installed.hash}"] = str(error)
        return programs
