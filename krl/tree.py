"""The syntax tree: one class per construct of KRL, each node with its span in the source.

Nodes compare by content and not by place, so that two texts of one program have equal trees. A node holds
what the author wrote, not what it means: `fired`/`else` stays as written, names are not resolved.

Source of the forms: the KRL grammar (docs/language.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, dataclass_transform


class Span(NamedTuple):
    """A stretch of source text: offsets of its first character and of the one after its last."""

    start: int
    end: int


# Not `dataclass`, though they look and are type-checked like frozen ones: it takes half a millisecond to make a
# class, which is longer for all of this file than reading a ruleset; and a frozen object takes four times as long to
# make as a plain one. So it is the type checker alone that keeps nodes from being changed.
@dataclass_transform(frozen_default=True)
class Construct(type):
    """Makes classes of nodes: the annotations of a class are its fields, behind those of its base."""

    fields: tuple[str, ...]  # in the order of the constructor's parameters
    content: tuple[str, ...]  # the fields that tell whether two nodes are equal: all but places

    def __new__(cls, name: str, bases: tuple[Construct, ...], body: dict[str, Any]) -> Construct:
        own: dict[str, str] = body.get("__annotations__", {})
        base = bases[0] if bases else None
        fields = (*(base.fields if base else ()), *own)
        special = {"__slots__": tuple(own), "__match_args__": fields, "__init__": _constructor(fields)}
        kind = super().__new__(cls, name, bases, {**body, **special})
        kind.fields = fields
        kind.content = (*(base.content if base else ()), *(each for each in own if own[each] != "Span"))
        return kind


def _constructor(fields: tuple[str, ...]) -> Any:
    """`__init__` with these parameters, as it would be written by hand."""
    made: dict[str, Any] = {}
    settings = "; ".join(f"self.{each} = {each}" for each in fields)
    exec(f"def __init__(self, {', '.join(fields)}): {settings}", made)  # noqa: S102 - the names are of this file
    return made["__init__"]


class Node(metaclass=Construct):
    """Anything that stands in a source text."""

    span: Span

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, each) == getattr(other, each) for each in type(self).content)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, each) for each in type(self).content)))

    def __repr__(self) -> str:
        shown = ", ".join(f"{each}={getattr(self, each)!r}" for each in type(self).content)
        return f"{type(self).__name__}({shown})"


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below this one, in source order as far as the node's fields are."""
    for each in type(node).content:
        value = getattr(node, each)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))


# --- expressions ------------------------------------------------------------------------------------------


class Expression(Node):
    """Yields a value."""


class Number(Expression):
    """`12`, `1.5`; a sign in front is a Prefix."""

    value: int | float


class String(Expression):
    """`"…"`; the value has its escapes resolved."""

    value: str


class Regex(Expression):
    """`re#pattern#flags`; the pattern has `\\#` resolved, nothing else."""

    pattern: str
    flags: str


class Chevron(Expression):
    """`<<text #{expression} text>>`; text parts are String nodes with their escapes resolved."""

    parts: tuple[Expression, ...]


class Boolean(Expression):
    """`true`, `false`."""

    value: bool


class Null(Expression):
    """`null`."""


class Name(Expression):
    """A name, where it is read and where it is declared."""

    name: str


class Qualified(Expression):
    """`domain:name`, e.g. `ent:count`, `time:now`."""

    domain: str
    name: str


class Array(Expression):
    """`[item, …]`."""

    items: tuple[Expression, ...]


class Pair(Node):
    """`key: value` of a map; the key is any expression."""

    key: Expression
    value: Expression


class Map(Expression):
    """`{key: value, …}`; a key that is there twice is there twice."""

    pairs: tuple[Pair, ...]


class Parameter(Node):
    """`name` or `name = default`."""

    name: Name
    default: Expression | None


class Function(Expression):
    """`function(parameters) { declarations result }`."""

    parameters: tuple[Parameter, ...]
    declarations: tuple[Declaration, ...]
    result: Expression


class Defaction(Expression):
    """`defaction(parameters) { declarations actions return result }`."""

    parameters: tuple[Parameter, ...]
    declarations: tuple[Declaration, ...]
    actions: ActionBlock | None
    result: Expression | None


class Prefix(Expression):
    """`-x`, `+x`, `not x`."""

    operator: Literal["-", "+", "not"]
    operand: Expression


class Infix(Expression):
    """Any infix operator, `&&` and `||` included."""

    operator: str
    left: Expression
    right: Expression


class Conditional(Expression):
    """`test => then | otherwise`."""

    test: Expression
    then: Expression
    otherwise: Expression


class Index(Expression):
    """`target[key]`."""

    target: Expression
    key: Expression


class Path(Expression):
    """`target{path}`."""

    target: Expression
    path: Expression


class Member(Expression):
    """`target.name` without a call: deprecated look-up."""

    target: Expression
    name: Name


class Argument(Node):
    """`value` or `name = value` of a call."""

    name: Name | None
    value: Expression


class Call(Expression):
    """`callee(arguments)`."""

    callee: Expression
    arguments: tuple[Argument, ...]


class MethodCall(Expression):
    """`target.method(arguments)`: a call of `method` with the target as first argument."""

    target: Expression
    method: Name | Qualified
    arguments: tuple[Argument, ...]


# --- event expressions ------------------------------------------------------------------------------------


class EventExpression(Node):
    """What may stand after `select when`."""


class AttributeTest(Node):
    """`attribute re#…#`; the test may be a regexp with method calls behind it."""

    attribute: str
    regex: Expression


class Primitive(EventExpression):
    """`domain:type attribute re#…# where condition setting(names)`; also with a blank for the colon."""

    domain: str
    type: str
    tests: tuple[AttributeTest, ...]
    where: Expression | None
    setting: tuple[Name, ...]
    where_before_setting: bool  # the deprecated order


class EventInfix(EventExpression):
    """`left and right` and its like."""

    operator: Literal["or", "and", "before", "then", "after"]
    left: EventExpression
    right: EventExpression


class EventGroup(EventExpression):
    """`and(a, b, c)`, `any 2 (a, b, c)`; only `any` has a count."""

    operator: Literal["or", "and", "before", "then", "after", "any"]
    count: int | None
    members: tuple[EventExpression, ...]


class Between(EventExpression):
    """`middle between (opening, closing)`; negated: `middle not between (…)`."""

    middle: EventExpression
    opening: EventExpression
    closing: EventExpression
    negated: bool


class Aggregate(Node):
    """`max(name)` behind a counted event."""

    function: Literal["max", "min", "sum", "avg", "push"]
    names: tuple[Name, ...]


class Counted(EventExpression):
    """`count 3 (primitive)`, `repeat 3 (primitive) max(x)`."""

    operator: Literal["count", "repeat"]
    count: int
    primitive: Primitive
    aggregate: Aggregate | None


class Within(Node):
    """`within amount unit`."""

    amount: Expression
    unit: str  # as written, e.g. "minutes"


class SelectWhen(Node):
    """`select when event within …`."""

    event: EventExpression
    within: Within | None


class SelectWhere(Node):
    """`select where condition`: any event for which it holds."""

    condition: Expression


# --- actions and postlude ---------------------------------------------------------------------------------


class ActionCall(Node):
    """`label => callee(arguments) setting(names)`."""

    label: Name | None
    callee: Name | Qualified
    arguments: tuple[Argument, ...]
    setting: tuple[Name, ...]


class ActionBlock(Node):
    """`if condition then` and the actions: one, `every {…}`, `sample {…}` or `choose choice {…}`."""

    condition: Expression | None
    kind: Literal["single", "every", "sample", "choose"]
    choice: Expression | None  # of `choose`
    actions: tuple[ActionCall, ...]


class Statement(Node):
    """One statement of a postlude."""


class Declaration(Statement):
    """`name = value`: in global, pre, bodies and postludes."""

    name: Name
    value: Expression


class SetVariable(Statement):
    """`ent:name{path} := value`; other domains than `ent` parse and are refused by the checker."""

    target: Qualified
    path: Expression | None
    value: Expression


class ClearVariable(Statement):
    """`clear ent:name{path}`."""

    target: Qualified
    path: Expression | None


class Raise(Statement):
    """`raise domain event type …`; without a domain the event expression yields `domain:type`."""

    domain: Name | None
    event: Expression
    for_rid: Expression | None
    attributes: Expression | None


class Schedule(Statement):
    """`schedule domain event type at when …`, or `repeat when`; the domain as with Raise."""

    domain: Name | None
    event: Expression
    timing: Literal["at", "repeat"]
    when: Expression
    attributes: Expression | None
    setting: Name | None


class Log(Statement):
    """`log level value`."""

    level: Literal["error", "warn", "info", "debug"]
    value: Expression


class RaiseError(Statement):
    """`error level value`."""

    level: Literal["error", "warn", "info", "debug"]
    value: Expression


class Last(Statement):
    """`last`: no further rule of the ruleset sees the event."""


class Guarded(Statement):
    """`statement if condition`, or `statement on final` (then the condition is None)."""

    statement: Statement
    condition: Expression | None


class Postlude(Node):
    """As written: `always {first}`, or `fired`/`notfired` `{first} else {otherwise} finally {at_last}`."""

    kind: Literal["always", "fired", "notfired"]
    first: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] | None
    at_last: tuple[Statement, ...] | None


# --- rulesets ---------------------------------------------------------------------------------------------


class Foreach(Node):
    """`foreach over setting(names)`."""

    over: Expression
    names: tuple[Name, ...]


class Rule(Node):
    """`rule name { … }`; `is inactive` makes it not active."""

    name: Name
    active: bool
    select: SelectWhen | SelectWhere | None
    foreach: tuple[Foreach, ...]
    pre: tuple[Declaration, ...]
    actions: ActionBlock | None
    postlude: Postlude | None


class Property(Node):
    """One property of a `meta` block."""


class Text(Property):
    """`name`, `description`, `author`, `version` and its expression."""

    key: Literal["name", "description", "author", "version"]
    value: Expression


class Logging(Property):
    """`logging on`, `logging off`."""

    on: bool


class UseModule(Property):
    """`use module rid alias name with k = v`."""

    rid: str
    alias: Name | None
    configuration: tuple[Declaration, ...]  # `with k = v`


class Configure(Property):
    """`configure using k = v`."""

    declarations: tuple[Declaration, ...]


class Provides(Property):
    """`provides names`."""

    names: tuple[Name, ...]


class Shares(Property):
    """`shares names`."""

    names: tuple[Name, ...]


class Keys(Property):
    """`keys name value`: a secret of the ruleset."""

    name: Name
    value: Expression


class ProvidesKeys(Property):
    """Parses; refused by the checker."""

    names: tuple[Name, ...]
    rids: tuple[str, ...]


class ErrorsTo(Property):
    """Parses; refused by the checker."""

    rid: str


class Meta(Node):
    """`meta {properties}`."""

    properties: tuple[Property, ...]


class Ruleset(Node):
    """`ruleset rid {…}`; `version` is the old one, in front of `meta`."""

    rid: str
    rid_span: Span
    version: String | None
    meta: Meta | None
    globals: tuple[Declaration, ...]
    rules: tuple[Rule, ...]


class Statements(Node):
    """A source that is no ruleset: declarations and expressions in a row."""

    items: tuple[Declaration | Expression, ...]
