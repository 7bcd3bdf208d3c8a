"""Expressions: what each name means, and whether calls can be answered.

Source: docs/language.md, "Expression semantics", "Functions and actions", "Rulesets, scope and loading".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .. import tree
from . import foreign
from .arguments import check_arguments
from .domains import Domains
from .findings import Findings
from .patterns import check_pattern
from .scopes import Binding, Read, Role, Scope, Use
from .signatures import UNKNOWN, Signature, literal_type, of_literal, operators

MAX_FUNCTIONS_DEEP = 250
"""Function literals within each other; what is compiled from them may nest no deeper (krl/compiler/functions.py)."""

ActionsCheck = Callable[["Expressions", tree.ActionBlock, Scope], None]


class Expressions:
    """Checks expressions and declarations of one source, and knows all names it has met."""

    def __init__(self, findings: Findings, domains: Domains, *, dialect: str, actions: ActionsCheck) -> None:
        self.findings = findings
        self.domains = domains
        self.bindings: list[Binding] = []
        self.uses: list[Use] = []  # of names, wherever they are more than declared
        self.in_where = False  # of an event expression
        self.tested: frozenset[str] = frozenset()  # the attributes that the event expression of the rule tests
        self._dialect = dialect
        self._actions = actions  # a defaction holds an action block
        self._owners: tuple[Binding, ...] = ()  # the declarations whose value is being checked, outermost first
        self._reads: list[Read] | None = None  # where to note what the value reads
        self._level = 0  # of functions around what is being checked
        self._perhaps = 0  # above 0: what is read here may not be read at all, as behind `&&`

    # --- declaring ---

    def declare(self, name: tree.Name, role: Role, scope: Scope) -> Binding:
        """Add a name to the scope; a second one of the same name is an error."""
        binding = Binding(name.name, role, name.span)
        self._add(binding, name, scope)
        return binding

    def declaration(self, node: tree.Declaration, scope: Scope, *, role: Role = "declared") -> Binding:
        """`name = value`: the value does not see the name, unless in a function that runs later."""
        binding = Binding(node.name.name, role, node.name.span)
        if role != "configured":  # what a `with` gives instead is not known here
            binding.signature = self.signature(node.value, scope)
            binding.type = literal_type(node.value)
        owners, reads = self._owners, self._reads
        self._owners = (*owners, binding)
        if reads is None:  # in the body of a function, what is read is noted for the function as a whole
            self._reads = binding.eager
        if isinstance(node.value, tree.Function):
            self._put_off(node.value, scope, binding.later if reads is None else None)
        else:
            self.expression(node.value, scope)
        self._owners, self._reads = owners, reads
        self._add(binding, node.name, scope)
        return binding

    def _add(self, binding: Binding, place: tree.Name, scope: Scope) -> None:
        known = scope.names.get(binding.name)
        if known is not None:
            self.findings.error(
                place, "duplicate-name", f"`{binding.name}` is declared twice", self._declared_at(known)
            )
            return
        self.bindings.append(binding)
        outer = scope.find(binding.name)
        if outer is not None and outer.span is not None and outer.role != "past":
            self.findings.warning(
                place,
                "shadowed-name",
                f"`{binding.name}` hides the name from line {self.findings.line(outer.span)}",
            )
        scope.add(binding)

    def _declared_at(self, binding: Binding) -> str | None:
        return f"declared on line {self.findings.line(binding.span)}" if binding.span else None

    # --- expressions ---

    def expression(self, node: tree.Expression, scope: Scope) -> None:
        """Check one expression and all within it."""
        match node:
            case tree.Name():
                self.read(node, scope)
            case tree.Number() | tree.String() | tree.Boolean() | tree.Null():
                pass
            case tree.Qualified():
                self.domains.read(node)
            case tree.Infix():
                self._infix(node, scope)
            case tree.Call():
                self._call(node, scope)
            case tree.MethodCall():
                self._method_call(node, scope)
            case tree.Path():
                self._path(node, scope)
            case tree.Index():
                self._all((node.target, node.key), scope)
            case tree.Member():
                self._member(node, scope)
            case tree.Map():
                self._map(node, scope)
            case tree.Array():
                self._all(node.items, scope)
            case tree.Chevron():
                self._all(node.parts, scope)
            case tree.Regex():
                check_pattern(self.findings, node)
            case tree.Prefix():
                self.expression(node.operand, scope)
            case tree.Conditional():
                self._conditional(node, scope)
            case tree.Function():
                self._put_off(node, scope, None)
            case tree.Defaction():
                self._defaction(node, scope)
            case _:
                raise TypeError(f"no check for {type(node).__name__}")

    def read(self, node: tree.Name, scope: Scope, *, called: bool = False) -> Binding | None:
        """The declaration that a name means; None, and an error, if there is none."""
        binding = scope.find(node.name)
        if binding is None:
            self._undefined(node, scope)
            return None
        self.uses.append(Use(node.span, binding))
        if binding.role == "past" and binding.span is not None:
            line = self.findings.line(binding.span)
            self.findings.warning(
                node, "past-name", f"`{node.name}` belongs to the block of line {line}, and has no value here"
            )
        if binding not in self._owners:  # a function that only calls itself is not in use
            binding.used = True
        if self._reads is not None and binding.span is not None:
            self._reads.append(Read(binding, node, self._perhaps == 0, called))
        return binding

    def _undefined(self, node: tree.Name, scope: Scope) -> None:
        name = node.name
        if self.in_where:
            hint = f'for an attribute write event:attrs{{"{name}"}}'
            if self._dialect == "0.x":
                self.findings.warning(node, "attribute-as-name", f"`{name}` reads the event's attribute", hint)
                return
        elif below := scope.declared_below(name):
            hint = f"it is declared below, on line {self.findings.line(below)}: only functions may use it before"
        elif self.domains.variable(name):
            hint = f"did you mean `ent:{name}`?"
        elif name in self.tested:
            hint = f"the event's attribute has this name once `setting({name})` stands behind its tests"
        else:
            hint = foreign.NAMES.get(name) or self.findings.proposal(name, scope.visible()) or ""
        self.findings.error(node, "undefined-name", f"`{name}` is not defined", hint or None)

    def _all(self, nodes: Iterable[tree.Expression], scope: Scope) -> None:
        for node in nodes:
            self.expression(node, scope)

    def _infix(self, node: tree.Infix, scope: Scope) -> None:
        chain = [node]  # `a + b + … + z` leans to the left, and may be thousands of terms long
        while isinstance(chain[-1].left, tree.Infix):
            chain.append(chain[-1].left)
        self.expression(chain[-1].left, scope)
        for each in reversed(chain):
            self._perhaps += each.operator in ("&&", "||")
            self.expression(each.right, scope)
            self._perhaps -= each.operator in ("&&", "||")

    def _conditional(self, node: tree.Conditional, scope: Scope) -> None:
        self.expression(node.test, scope)
        self._perhaps += 1
        self.expression(node.then, scope)
        self.expression(node.otherwise, scope)
        self._perhaps -= 1

    def _path(self, node: tree.Path, scope: Scope) -> None:
        target = node.target
        if isinstance(target, tree.Qualified) and (target.domain, target.name) == ("event", "attr"):
            self.findings.warning(
                target, "attr-as-map", "`event:attr` is a Function, not a Map", 'write event:attrs{"name"}'
            )
        self._all((target, node.path), scope)

    def _member(self, node: tree.Member, scope: Scope) -> None:
        name = node.name.name
        hint = f'write {{"{name}"}}'
        if name in operators():
            hint += f", or .{name}() for the operator"
        self.findings.warning(node.name, "deprecated-member", f"`.{name}` without a call is deprecated", hint)
        self.expression(node.target, scope)

    def _map(self, node: tree.Map, scope: Scope) -> None:
        seen: set[str] = set()
        for pair in node.pairs:
            if isinstance(pair.key, tree.String):
                if pair.key.value in seen:
                    self.findings.warning(
                        pair.key, "duplicate-key", f"key {pair.key.value!r} is given twice; the last one counts"
                    )
                seen.add(pair.key.value)
            else:
                self.expression(pair.key, scope)
            self.expression(pair.value, scope)

    # --- calls ---

    def signature(self, node: tree.Expression, scope: Scope) -> Signature:
        """What is known of an expression's value as a callable."""
        if isinstance(node, tree.Name):
            binding = scope.find(node.name)
            return binding.signature if binding else UNKNOWN
        return of_literal(node) or UNKNOWN

    def _call(self, node: tree.Call, scope: Scope) -> None:
        callee = node.callee
        if isinstance(callee, tree.Name):
            signature = self._function_named(callee, scope)
        elif isinstance(callee, tree.Qualified):
            signature = self.domains.call(callee, node.arguments, method=False)
        else:
            signature = self._computed(callee, scope)
        self.arguments(node.arguments, signature, scope)

    def _computed(self, callee: tree.Expression, scope: Scope) -> Signature:
        if kind := literal_type(callee):  # loads in the peer, and fails when it is reached
            self.findings.warning(callee, "not-a-function", f"{kind} cannot be called", "is a `;` missing in front?")
        self.expression(callee, scope)
        return of_literal(callee) or UNKNOWN

    def _method_call(self, node: tree.MethodCall, scope: Scope) -> None:
        self.expression(node.target, scope)
        method = node.method
        if isinstance(method, tree.Qualified):
            signature = self.domains.call(method, node.arguments, method=True)
        elif scope.find(method.name) is None:
            self._undefined_method(method, node, scope)
            signature = UNKNOWN
        else:
            signature = self._function_named(method, scope)
            self._warn_of_hidden_operator(method, signature, scope)
        self.arguments(node.arguments, signature, scope, target=True)

    def _undefined_method(self, method: tree.Name, node: tree.MethodCall, scope: Scope) -> None:
        hint = foreign.OPERATORS.get(method.name) or self.findings.proposal(method.name, scope.visible())
        if hint is None and not node.arguments:
            hint = f'for a member of a map write {{"{method.name}"}}'
        self.findings.error(method, "undefined-name", f"there is no operator or function `{method.name}`", hint)

    def _warn_of_hidden_operator(self, method: tree.Name, signature: Signature, scope: Scope) -> None:
        binding = scope.find(method.name)
        if binding is None or binding.span is None or signature.kind != "unknown" or method.name not in operators():
            return
        self.findings.warning(
            method,
            "hidden-operator",
            f"`.{method.name}()` calls the name from line {self.findings.line(binding.span)}, not the operator",
        )

    def _function_named(self, callee: tree.Name, scope: Scope) -> Signature:
        binding = self.read(callee, scope, called=True)
        if binding is None:
            return UNKNOWN
        if not binding.signature.callable:
            what = "an action, and can only be called in an action block"
            if binding.signature.kind == "value":
                what = f"{binding.type or 'a value'}, which cannot be called"
            self.findings.error(callee, "not-a-function", f"`{callee.name}` is {what}", self._declared_at(binding))
        return binding.signature

    def arguments(
        self, arguments: Sequence[tree.Argument], signature: Signature, scope: Scope, *, target: bool = False
    ) -> None:
        """Check the arguments of a call; with `target` one more goes in front, as in `x.f(y)`."""
        for each in arguments:
            self.expression(each.value, scope)
        check_arguments(self.findings, arguments, signature, taken=int(target))

    # --- functions ---

    def _put_off(self, node: tree.Function, scope: Scope, reads: list[Read] | None) -> None:
        """Check a function's body when its block is closed, on behalf of the declaration that it stands in.

        `reads` notes what the function reads when it is called; a function that has no name of its own counts as
        one that perhaps is called.
        """
        owners, outer_reads, perhaps = self._owners, self._reads, self._perhaps + 1
        in_where, dormant, level = self.in_where, self.findings.dormant, self._level

        def check() -> None:
            self._owners = owners
            self._reads, self._perhaps = (outer_reads, perhaps) if reads is None else (reads, 0)
            self.in_where, self.findings.dormant, self._level = in_where, dormant, level
            self._function(node, scope)

        scope.defer(check)

    def _function(self, node: tree.Function, outer: Scope) -> None:
        if self._too_deep(node):
            return
        scope = self._parameters(node, outer)
        for each in node.declarations:
            self.declaration(each, scope)
        self.expression(node.result, scope)
        self.close(scope)
        self._level -= 1

    def _defaction(self, node: tree.Defaction, outer: Scope) -> None:
        if self._too_deep(node):
            return
        reads, self._reads = self._reads, None  # an action runs in rules, when every global has its value
        scope = self._parameters(node, outer)
        for each in node.declarations:
            self.declaration(each, scope)
        if node.actions is not None:
            self._actions(self, node.actions, scope)
        if node.result is not None:
            self.expression(node.result, scope)
        self.close(scope)
        self._reads = reads
        self._level -= 1

    def _too_deep(self, node: tree.Function | tree.Defaction) -> bool:
        """Go one level down, or refuse to."""
        if self._level == MAX_FUNCTIONS_DEEP:
            self.findings.error(node, "too-deep", f"functions are nested more than {MAX_FUNCTIONS_DEEP} levels deep")
            return True
        self._level += 1
        return False

    def _parameters(self, node: tree.Function | tree.Defaction, outer: Scope) -> Scope:
        """The scope of a function's body, with its parameters in it."""
        scope = Scope(outer, node.declarations)
        optional = False
        for each in node.parameters:
            if each.default is not None:
                self._perhaps += 1  # it is evaluated when the argument is missing
                self.expression(each.default, scope)
                self._perhaps -= 1
                optional = True
            elif optional:
                self.findings.error(
                    each, "required-after-default", f"`{each.name.name}` needs a default: the parameter before has one"
                )
            self.declare(each.name, "parameter", scope)
        return scope

    def close(self, scope: Scope) -> None:
        """The block is complete: check the bodies of its functions."""
        kept = self._owners, self._reads, self._perhaps, self.in_where, self.findings.dormant, self._level
        scope.close()
        self._owners, self._reads, self._perhaps, self.in_where, self.findings.dormant, self._level = kept
