"""A compiled ruleset, and what one becomes when it is loaded.

`compile_ruleset` makes a Program once per source text; a Program is loaded into an Instance for each set of
configuration and modules. Neither knows a pico: what differs between picos comes with the host.

Code compiled from KRL bears KRL's line numbers: `failing_line` tells where in a ruleset an exception came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any, Protocol

from .errors import Diagnostic, KRLLoadError
from .eventex.machine import Machine
from .runtime.calls import call, parameters
from .runtime.host import Here, Host, Value
from .runtime.intrinsics import too_early
from .runtime.namespace import NAMESPACE, TESTING


@dataclass(frozen=True, slots=True)
class Use:
    """`use module rid alias alias with …`."""

    rid: str
    alias: str


@dataclass(frozen=True, slots=True)
class RulesetMeta:
    """The `meta` block, and what can be read off the text without running it."""

    rid: str
    name: str | None = None
    description: str | None = None
    author: str | None = None
    version: str | None = None
    logging: bool = False
    uses: tuple[Use, ...] = ()
    shares: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    configure: tuple[str, ...] = ()  # names that a `with` may set
    krl_meta: dict[str, Value] = field(default_factory=dict)  # what wrangler's rulesetMeta shows


Guard = Callable[[Host, dict[str, Value]], "dict[str, Value] | None"]
"""`guard(h, captured)`: tests the current event (h.event) against one primitive of an event expression.

None if it does not match, else what the primitive captures (its `setting` names, and under the key `""` the list of
groups for an aggregate). `captured` has what earlier steps of the attempt captured; `where` may read it.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One active rule, ready to be offered events. Inactive rules have none."""

    rid: str
    name: str
    line: int
    index: int  # in source order
    machine: Machine
    guards: tuple[Guard, ...]  # by the machine's primitive numbers
    within: int | float | None  # milliseconds
    body: Callable[[Host, dict[str, Value]], str | None]
    """`body(h, captured)`: None, or "last", or "error" (after `error error`): the rule ended its ruleset's turn."""


@dataclass(frozen=True, slots=True)
class RuleHead:
    """What is known of an active rule before it is loaded."""

    name: str
    line: int
    index: int  # in source order
    machine: Machine


@dataclass(frozen=True, slots=True)
class Instance:
    """A loaded ruleset."""

    program: Program
    here: Here
    rules: tuple[Rule, ...]
    names: Mapping[str, Value]  # all of `global`, `configure` included
    provided: Mapping[str, Value]

    def query(self, h: Host, name: str, args: Mapping[str, Value]) -> Value:
        """The shared function's result, or the shared value; `__testing` always answers.

        Arguments by parameter name, members named "0", "1" … by position. Raises KeyError if it is not shared.
        """
        if name != TESTING and name not in self.program.meta.shares:
            raise KeyError(name)
        value = self.names.get(name, self.program.testing) if name == TESTING else self.names[name]
        if type(value) is not FunctionType:
            return value
        named = {
            each: args[key]
            for position, each in enumerate(parameters(value))
            for key in (str(position), each)
            if key in args
        }
        return call(h, value, (), named)


class UseModule(Protocol):
    """How the loader reaches the modules that a ruleset uses."""

    def __call__(self, use: Use, configuration: Mapping[str, Value], /) -> Instance:
        """The used ruleset, loaded as a module with this configuration. Raises KRLLoadError if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Program:
    """One compiled ruleset."""

    rid: str
    hash: str  # SHA-256 of the source text, hex
    source: str
    meta: RulesetMeta
    warnings: tuple[Diagnostic, ...]
    pure_globals: bool
    """`global` depends on nothing but literals, configuration and pure functions: an Instance may be shared."""
    expression_hashes: Mapping[str, str]
    """Rule name to the hash of its canonical event expression: equal hashes share memory over a reload."""
    testing: dict[str, Any]  # what `__testing` answers
    rules: tuple[RuleHead, ...]  # the active ones, in source order
    code: CodeType  # of a module with the function `load(h, here, use, configuration)`

    @property
    def subscriptions(self) -> tuple[tuple[str, tuple[tuple[str, str], ...] | None], ...]:
        """For each active rule in source order: its name and its (domain, type) pairs, None for `select where`."""
        return tuple((each.name, each.machine.subscriptions) for each in self.rules)

    def load(self, h: Host, here: Here, use: UseModule, configuration: Mapping[str, Value] | None = None) -> Instance:
        """Run `use module` and `configure` in source order, then `global`; the rules are ready afterwards.

        `configuration` is what the user of a module gives for its `configure` names. Raises KRLRuntimeError if a
        global fails, KRLLoadError for a missing module, a bad `within` limit, or a function called too early.
        """
        namespace = {**NAMESPACE, "testing": self.testing, "uses": self.meta.uses}
        exec(self.code, namespace)  # noqa: S102 - our own code object: a user's text is in it as constants only
        try:
            names, rules = namespace["load"](h, here, use, configuration or {})
        except NameError as problem:
            raise KRLLoadError(f"{self.rid}: {too_early(problem).message}") from problem
        ready = tuple(
            Rule(self.rid, head.name, head.line, head.index, head.machine, guards, within, body)
            for head, (body, guards, within) in zip(self.rules, rules, strict=True)
        )
        provided = {name: names[name] for name in self.meta.provides if name in names}
        return Instance(self, here, ready, names, provided)


def text_hash(text: str) -> str:
    """SHA-256 of a text, hex; half a surrogate pair is no reason to fail."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def failing_line(exception: BaseException, program: Program) -> int | None:
    """The line of the program's text at which the exception left it, None if it never came by there."""
    line = None
    trace = exception.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == program.code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
