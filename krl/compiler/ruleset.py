"""A ruleset, from its text to a Program.

All of a ruleset becomes one Python function. Run on a host it does what loading means: modules, configuration and
keys in the order of the text, then `global` from top to bottom; its local variables are the ruleset's names, and the
functions for rules and guards are closures over them.

    def load(h, here, use, configuration):
        member_0 = built_in_member(h, "function", "math", "round", 1, ())
        d_limit = configuration["limit"] if "limit" in configuration else 10
        def d_double(h, v_n=None): …
        def guard_0_0(h, captured): …
        def rule_0(h, captured): …
        return {"limit": d_limit, "double": d_double}, ((rule_0, (guard_0_0,), None),)
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import count
from types import CodeType

from .. import tree
from ..checker import check as find_faults
from ..errors import Diagnostic, KRLCheckError, KRLEventexError, KRLSyntaxError
from ..eventex import Built, build, canonical
from ..parser import parse
from ..program import Program, RuleHead, text_hash
from ..source import Source
from . import emit
from .expressions import expression
from .frame import Frame, Members, Unit, UsedModule
from .functions import declare
from .guards import guard
from .meta import ruleset_meta, testing
from .purity import is_pure
from .rules import rule_body
from .scope import Scope

MILLISECONDS = {
    "second": 1000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 7 * 86_400_000,
    "month": 30 * 86_400_000,
    "year": 365 * 86_400_000,
}


def compile_ruleset(source: Source, *, check: bool = True, dialect: str = "1.x") -> Program:
    """The program of a ruleset's text; warnings of the checker are kept in it.

    Without `check` only what cannot be compiled is refused. In the dialect "0.x" unknown names in `where` are
    attributes of the event. Raises KRLSyntaxError with all diagnostics.
    """
    node = parse(source)
    if not isinstance(node, tree.Ruleset):
        span = tree.Span(0, min(1, len(source.text)))
        raise KRLSyntaxError([Diagnostic(source, span, "error", "expected-ruleset", "expected a ruleset")])
    found = find_faults(node, source, dialect=dialect) if check else ()
    if any(each.severity == "error" for each in found):
        raise KRLCheckError(found)
    return Writer(node, source, dialect).program(found)


class Writer:
    """Writes the `load` function of one ruleset."""

    def __init__(self, node: tree.Ruleset, source: Source, dialect: str = "1.x") -> None:
        self.node = node
        self.source = source
        self.unit = Unit(source, node.rid, expression, dialect)
        self.frame = Frame(self.unit, Scope(), root=True)
        self.uses = count()
        self.meta = ruleset_meta(node)
        self.rules = [each for each in node.rules if each.active and each.select is not None]
        self.built = [self.machine(each.select) for each in self.rules if each.select is not None]
        self.attributes: dict[str, tuple[str, ...]] = {}

    def program(self, found: Sequence[Diagnostic]) -> Program:
        """The compiled ruleset. `found`: the warnings about its text. Raises KRLCheckError."""
        code = self.code()
        heads = tuple(
            RuleHead(rule.name.name, self.unit.line(rule.name), index, built.machine)
            for index, (rule, built) in enumerate(zip(self.rules, self.built, strict=True))
        )
        return Program(
            rid=self.node.rid,
            hash=text_hash(self.source.text),
            source=self.source.text,
            meta=self.meta,
            warnings=tuple(found),
            pure_globals=is_pure(self.node),
            expression_hashes={each.name.name: text_hash(canonical(each.select)) for each in self.rules if each.select},
            testing=testing(self.node, self.meta.shares, self.attributes),
            rules=heads,
            code=code,
        )

    def machine(self, select: tree.SelectWhen | tree.SelectWhere) -> Built:
        """The machine of an event expression. Raises KRLCheckError if it is too large or impossible."""
        try:
            return build(select)
        except KRLEventexError as error:
            fault = Diagnostic(self.source, error.span, "error", "bad-eventex", error.message)
            raise KRLCheckError([fault]) from error

    def code(self) -> CodeType:
        """The code object of the program's module: its regexps, and `load`."""
        preparation = self.preparation()
        for each in self.node.globals:
            declare(self.frame, each)
        rules = emit.group((self.rule(number) for number in range(len(self.rules))), 1)
        self.frame.scope.close()
        variables = {name: emit.name(binding.identifier, 1) for name, binding in self.frame.scope.names.items()}
        keys = [emit.constant(name, 1) for name in variables]
        answer = emit.answer(emit.group([emit.mapping(keys, list(variables.values()), 1), rules], 1), 1)
        prepared = [statement for part in preparation for statement in part]
        body = [*self.unit.built_in.statements, *prepared, *self.frame.body, answer]
        return compiled(self.unit, emit.define("load", ["h", "here", "use", "configuration"], body, 1))

    def preparation(self) -> list[list[ast.stmt]]:
        """The statements of the `meta` block, in lists that still grow while members of modules are met."""
        parts: list[list[ast.stmt]] = []
        for each in self.node.meta.properties if self.node.meta is not None else ():
            with self.frame.statements() as statements:
                parts.append(statements)
                match each:
                    case tree.UseModule():
                        parts.append(self.use_module(each))
                    case tree.Configure():
                        self.configure(each)
                    case tree.Keys():
                        self.keep_key(each)
        return parts

    def use_module(self, node: tree.UseModule) -> list[ast.stmt]:
        """Load a module; answers the list of look-ups of its members, which come right behind it."""
        line = self.unit.line(node)
        number = next(self.uses)  # as in meta.uses
        keys = [emit.constant(each.name.name, line) for each in node.configuration]
        configuration = emit.mapping(keys, [self.frame.value(each.value) for each in node.configuration], line)
        use = emit.subscript(emit.name("uses", line), emit.constant(number, line), line)
        instance = emit.call("use", [use, configuration], line)
        module = UsedModule(f"module_{number}", Members(f"module_{number}"))
        self.frame.set(module.variable, emit.attribute(instance, "provided", line), line)
        self.unit.modules[node.alias.name if node.alias else node.rid] = module
        return module.members.statements

    def configure(self, node: tree.Configure) -> None:
        """`configure using name = default`: what the user of this module gives wins."""
        for each in node.declarations:
            line = self.unit.line(each)
            name = emit.constant(each.name.name, line)
            given = emit.compare(name, "in", emit.name("configuration", line), line=line)
            chosen = emit.subscript(emit.name("configuration", line), name, line)
            value = emit.conditional(given, chosen, self.frame.value(each.value), line)
            self.frame.set(self.frame.declare(each.name.name), value, line)

    def keep_key(self, node: tree.Keys) -> None:
        """`keys name value`: computed when the ruleset is loaded, and read by `keys:name`."""
        variable = f"key_{len(self.unit.keys)}"
        self.frame.set(variable, self.frame.value(node.value), self.unit.line(node))
        self.unit.keys[node.name.name] = variable

    # --- rules --------------------------------------------------------------------------------------------

    def rule(self, number: int) -> ast.expr:
        """Write a rule's functions; the expression answers `(body, guards, limit)`."""
        node, (machine, primitives) = self.rules[number], self.built[number]
        line = self.unit.line(node)
        self.unit.attributes = {}
        limit = self.time_limit(node, line)
        guards = [f"guard_{number}_{position}" for position in range(len(primitives))]
        for asked, identifier in zip(primitives, guards, strict=True):
            self.frame.add(guard(self.frame, asked, machine.names, identifier))
        body = f"rule_{number}"
        self.frame.add(rule_body(self.frame, node, machine.names, body))
        self.attributes[node.name.name] = tuple(self.unit.attributes)
        return emit.group(
            [emit.name(body, line), emit.group((emit.name(each, line) for each in guards), line), limit], line
        )

    def time_limit(self, node: tree.Rule, line: int) -> ast.expr:
        """The variable of the milliseconds of `within`, which are computed once, at load."""
        within = node.select.within if isinstance(node.select, tree.SelectWhen) else None
        if within is None:
            return emit.constant(None, line)
        unit = MILLISECONDS[within.unit.removesuffix("s")]
        facts = [emit.constant(each, line) for each in (unit, self.node.rid, node.name.name)]
        variable = f"limit_{self.unit.count()}"
        self.frame.set(variable, emit.call("time_limit", [self.frame.value(within.amount), *facts], line), line)
        return emit.name(variable, line)


def compiled(unit: Unit, *functions: ast.stmt) -> CodeType:
    """The code object of a module that makes the program's regexps and these functions."""
    patterns = [
        emit.assign(variable, emit.call("RegExp", [emit.constant(pattern, 1), emit.constant(flags, 1)], 1), 1)
        for (pattern, flags), variable in unit.patterns.items()
    ]
    module = ast.Module([*patterns, *functions], [])
    return compile(module, f"<krl {unit.rid}>", "exec", dont_inherit=True)
