"""The syntax tree: one frozen node per construct of KRL, each with its span in the source.

Nodes compare by content and not by place, so that two texts of one program have equal trees. A node holds
what the author wrote, not what it means: `fired`/`else` stays as written, names are not resolved.

Source of the forms: the KRL grammar (docs/language.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Literal, NamedTuple


class Span(NamedTuple):
    """A stretch of source text: offsets of its first character and of the one after its last."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that stands in a source text."""

    span: Span = field(compare=False, repr=False)


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below this one, in source order as far as the node's fields are."""
    for each in fields(node):
        value = getattr(node, each.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple) and not isinstance(value, Span):
            for item in value:
                if isinstance(item, Node):
                    yield item


# --- expressions ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expression(Node):
    """Yields a value."""


@dataclass(frozen=True, slots=True)
class Number(Expression):
    value: int | float


@dataclass(frozen=True, slots=True)
class String(Expression):
    """`"…"`; the value has its escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True)
class Regex(Expression):
    """`re#pattern#flags`; the pattern has `\\#` resolved, nothing else."""

    pattern: str
    flags: str


@dataclass(frozen=True, slots=True)
class Chevron(Expression):
    """`<<text #{expression} text>>`; text parts are String nodes with their escapes resolved."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Boolean(Expression):
    value: bool


@dataclass(frozen=True, slots=True)
class Null(Expression):
    pass


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A name, where it is read and where it is declared."""

    name: str


@dataclass(frozen=True, slots=True)
class Qualified(Expression):
    """`domain:name`, e.g. `ent:count`, `time:now`."""

    domain: str
    name: str


@dataclass(frozen=True, slots=True)
class Array(Expression):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Pair(Node):
    key: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class Map(Expression):
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    name: Name
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Function(Expression):
    parameters: tuple[Parameter, ...]
    declarations: tuple[Declaration, ...]
    result: Expression


@dataclass(frozen=True, slots=True)
class Defaction(Expression):
    parameters: tuple[Parameter, ...]
    declarations: tuple[Declaration, ...]
    actions: ActionBlock | None
    result: Expression | None


@dataclass(frozen=True, slots=True)
class Prefix(Expression):
    operator: Literal["-", "+", "not"]
    operand: Expression


@dataclass(frozen=True, slots=True)
class Infix(Expression):
    """Any infix operator, `&&` and `||` included."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional(Expression):
    """`test => then | otherwise`."""

    test: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Index(Expression):
    """`target[key]`."""

    target: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Path(Expression):
    """`target{path}`."""

    target: Expression
    path: Expression


@dataclass(frozen=True, slots=True)
class Member(Expression):
    """`target.name` without a call: deprecated look-up."""

    target: Expression
    name: Name


@dataclass(frozen=True, slots=True)
class Argument(Node):
    name: Name | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """`callee(arguments)`."""

    callee: Expression
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class MethodCall(Expression):
    """`target.method(arguments)`: a call of `method` with the target as first argument."""

    target: Expression
    method: Name | Qualified
    arguments: tuple[Argument, ...]


# --- event expressions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventExpression(Node):
    """What may stand after `select when`."""


@dataclass(frozen=True, slots=True)
class AttributeTest(Node):
    """`attribute re#…#`; the test may be a regexp with method calls behind it."""

    attribute: str
    regex: Expression


@dataclass(frozen=True, slots=True)
class Primitive(EventExpression):
    domain: str
    type: str
    tests: tuple[AttributeTest, ...]
    where: Expression | None
    setting: tuple[Name, ...]
    where_before_setting: bool  # the deprecated order


@dataclass(frozen=True, slots=True)
class EventInfix(EventExpression):
    operator: Literal["or", "and", "before", "then", "after"]
    left: EventExpression
    right: EventExpression


@dataclass(frozen=True, slots=True)
class EventGroup(EventExpression):
    """`and(a, b, c)`, `any 2 (a, b, c)`; only `any` has a count."""

    operator: Literal["or", "and", "before", "then", "after", "any"]
    count: int | None
    members: tuple[EventExpression, ...]


@dataclass(frozen=True, slots=True)
class Between(EventExpression):
    """`middle between (opening, closing)`; negated: `middle not between (…)`."""

    middle: EventExpression
    opening: EventExpression
    closing: EventExpression
    negated: bool


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    function: Literal["max", "min", "sum", "avg", "push"]
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Counted(EventExpression):
    """`count 3 (primitive)`, `repeat 3 (primitive) max(x)`."""

    operator: Literal["count", "repeat"]
    count: int
    primitive: Primitive
    aggregate: Aggregate | None


@dataclass(frozen=True, slots=True)
class Within(Node):
    amount: Expression
    unit: str  # as written, e.g. "minutes"


@dataclass(frozen=True, slots=True)
class SelectWhen(Node):
    event: EventExpression
    within: Within | None


@dataclass(frozen=True, slots=True)
class SelectWhere(Node):
    condition: Expression


# --- actions and postlude ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActionCall(Node):
    """`label => callee(arguments) setting(names)`."""

    label: Name | None
    callee: Name | Qualified
    arguments: tuple[Argument, ...]
    setting: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class ActionBlock(Node):
    condition: Expression | None
    kind: Literal["single", "every", "sample", "choose"]
    choice: Expression | None  # of `choose`
    actions: tuple[ActionCall, ...]


@dataclass(frozen=True, slots=True)
class Statement(Node):
    """One statement of a postlude."""


@dataclass(frozen=True, slots=True)
class Declaration(Statement):
    """`name = value`: in global, pre, bodies and postludes."""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class SetVariable(Statement):
    """`ent:name{path} := value`; other domains than `ent` parse and are refused by the checker."""

    target: Qualified
    path: Expression | None
    value: Expression


@dataclass(frozen=True, slots=True)
class ClearVariable(Statement):
    target: Qualified
    path: Expression | None


@dataclass(frozen=True, slots=True)
class Raise(Statement):
    """`raise domain event type …`; without a domain the event expression yields `domain:type`."""

    domain: Name | None
    event: Expression
    for_rid: Expression | None
    attributes: Expression | None


@dataclass(frozen=True, slots=True)
class Schedule(Statement):
    domain: Name | None
    event: Expression
    timing: Literal["at", "repeat"]
    when: Expression
    attributes: Expression | None
    setting: Name | None


@dataclass(frozen=True, slots=True)
class Log(Statement):
    level: Literal["error", "warn", "info", "debug"]
    value: Expression


@dataclass(frozen=True, slots=True)
class RaiseError(Statement):
    """`error level value`."""

    level: Literal["error", "warn", "info", "debug"]
    value: Expression


@dataclass(frozen=True, slots=True)
class Last(Statement):
    pass


@dataclass(frozen=True, slots=True)
class Guarded(Statement):
    """`statement if condition`, or `statement on final` (then the condition is None)."""

    statement: Statement
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Postlude(Node):
    """As written: `always {first}`, or `fired`/`notfired` `{first} else {otherwise} finally {at_last}`."""

    kind: Literal["always", "fired", "notfired"]
    first: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] | None
    at_last: tuple[Statement, ...] | None


# --- rulesets ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Foreach(Node):
    over: Expression
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Rule(Node):
    name: Name
    active: bool
    select: SelectWhen | SelectWhere | None
    foreach: tuple[Foreach, ...]
    pre: tuple[Declaration, ...]
    actions: ActionBlock | None
    postlude: Postlude | None


@dataclass(frozen=True, slots=True)
class Property(Node):
    """One property of a `meta` block."""


@dataclass(frozen=True, slots=True)
class Text(Property):
    """`name`, `description`, `author`, `version` and its expression."""

    key: Literal["name", "description", "author", "version"]
    value: Expression


@dataclass(frozen=True, slots=True)
class Logging(Property):
    on: bool


@dataclass(frozen=True, slots=True)
class UseModule(Property):
    rid: str
    alias: Name | None
    configuration: tuple[Declaration, ...]  # `with k = v`


@dataclass(frozen=True, slots=True)
class Configure(Property):
    declarations: tuple[Declaration, ...]


@dataclass(frozen=True, slots=True)
class Provides(Property):
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Shares(Property):
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Keys(Property):
    """`keys name value`: a secret of the ruleset."""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class ProvidesKeys(Property):
    """Parses; refused by the checker."""

    names: tuple[Name, ...]
    rids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ErrorsTo(Property):
    """Parses; refused by the checker."""

    rid: str


@dataclass(frozen=True, slots=True)
class Meta(Node):
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class Ruleset(Node):
    rid: str
    rid_span: Span = field(compare=False, repr=False)
    version: String | None
    meta: Meta | None
    globals: tuple[Declaration, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Statements(Node):
    """A source that is no ruleset: declarations and expressions in a row."""

    items: tuple[Declaration | Expression, ...]
