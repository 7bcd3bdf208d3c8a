"""The functions that only compiled code calls: what would be clumsy or slow to write out in Python each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from math import isfinite
from types import FunctionType

from ..errors import KRLLimitError, KRLLoadError, KRLRuntimeError, KRLTypeError
from ..names import is_past, original
from .access import get
from .host import Here, Host, Member, Value
from .limits import charge_items, charge_text, spend
from .regexp import RegExp
from .text import text
from .units import code_units, rejoined
from .values import MISSING, Action

MemberCall = Callable[..., Value]  # (h, here, *arguments)


def join_texts(h: Host, parts: Sequence[Value]) -> str:
    """A chevron's value: the texts of its parts, joined. Raises KRLLimitError if it would be huge."""
    texts = [each if type(each) is str else text(each) for each in parts]
    charge_text(h, sum([len(each) for each in texts]))
    return rejoined("".join(texts))


def path_steps(path: Value) -> list[Value]:
    """The path of `ent:name{path}` as a list: an array is one already, anything else is a single step."""
    return path if type(path) is list else [path]


def key_value(value: Value, name: Value = None, *_: Value) -> Value:
    """`keys:key()` is the whole secret, `keys:key("part")` a part of it."""
    return value if name is None else get(value, name)


def refuse_depth(h: Host) -> None:
    """A function was called too deeply. Raises KRLLimitError."""
    raise KRLLimitError(f"functions within functions too deeply (limit max_depth: {h.limits.max_depth})")


def too_early(problem: NameError) -> KRLRuntimeError:
    """What to say of a name that was read where it has no value: not yet, as a rule, or not any more."""
    identifier = problem.name or "a name"
    if is_past(identifier):
        return KRLRuntimeError(f"{original(identifier)!r} has no value here: the block that declares it has ended")
    return KRLRuntimeError(f"{original(identifier)!r} is used before it has a value")


# --- rules ------------------------------------------------------------------------------------------------


def rounds(h: Host, collection: Value) -> list[tuple[Value, Value, bool]]:
    """The rounds of a `foreach`: value, index or key, and whether it is the last one; each counts as a step.

    A text is gone through by code unit, with texts as indices; what is no collection has no rounds.
    """
    match collection:
        case list():
            pairs: list[tuple[Value, Value]] = [(value, index) for index, value in enumerate(collection)]
        case dict():
            pairs = [(value, key) for key, value in collection.items()]
        case str():
            charge_items(h, len(collection))
            pairs = [(unit, str(index)) for index, unit in enumerate(code_units(collection))]
        case _:
            return []
    spend(h, len(pairs))
    last = len(pairs) - 1
    return [(value, key, index == last) for index, (value, key) in enumerate(pairs)]


def pick(h: Host, count: int) -> int:
    """Which one of `count` actions `sample` runs."""
    return int(h.random() * count)


def attribute_groups(h: Host, attrs: Mapping[str, Value], name: str, pattern: Value) -> list[Value] | None:
    """What the groups of an attribute test match, None if the attribute's text does not match; a missing one is "".

    Raises KRLTypeError if the test has become something else than a regular expression.
    """
    if type(pattern) is not RegExp:
        raise KRLTypeError(f"the test of attribute {name!r} was given {text(pattern)} instead of a regular expression")
    found = pattern.search(h, text(attrs[name]) if name in attrs else "")
    return None if found is None else list(found.groups())


def nth(groups: Sequence[Value], index: int) -> Value:
    """A group by position, null if there are not so many."""
    return groups[index] if index < len(groups) else None


def time_limit(value: Value, unit: int, rid: str, rule: str) -> int | float:
    """The milliseconds of `within value unit`. Raises KRLLoadError for what is no finite Number ≥ 0."""
    if type(value) in (int, float) and isfinite(value) and value >= 0:
        return value * unit  # type: ignore[no-any-return]
    raise KRLLoadError(f"rule {rule} of {rid}: 'within' expects a number of at least 0 but was given {text(value)}")


# --- members of modules -----------------------------------------------------------------------------------


def module_value(h: Host, value: Value, qualified: str) -> Value:
    """`module:name` without parentheses: a function is called, an action is a mistake, other values are themselves."""
    if value is MISSING:
        raise KRLTypeError(f"{qualified} is not provided by the module")
    if type(value) is FunctionType:
        return value(h)
    if type(value) is Action:
        raise KRLTypeError(f"{text(value)} is not a function")
    return value


def built_in_member(h: Host, use: str, domain: str, name: str, count: int, named: tuple[str, ...]) -> MemberCall:
    """A member of a built-in module, to be called as `(h, here, *arguments)`: `count` by position, then the `named`.

    `use` is "value" (no parentheses), "function" or "action". What the member cannot be used as fails when it is
    called, not before: a ruleset may speak of modules that this engine does not have.
    """
    module = h.modules.get(domain)
    if module is None:
        return failing(f"there is no module {domain!r}")
    member = module.get(name)
    if use == "value":
        return value_member(member, f"{domain}:{name}")
    noun = "a function" if use == "function" else "an action"
    if member is None:
        return failing(f"null is not {noun}")
    if member.kind == "property":
        return failing_with_value(member, noun)
    if member.kind not in (use, "both"):
        return failing(f"[{member.kind.capitalize()}] is not {noun}")
    return with_arguments(member, count, named)


def value_member(member: Member | None, qualified: str) -> MemberCall:
    """A member that stands without parentheses: a property's value, or what a function answers to no arguments."""
    if member is None:
        return failing(f"there is no {qualified}")
    return failing("[Action] is not a function") if member.kind == "action" else member.call


def failing(message: str) -> MemberCall:
    """A member that raises KRLTypeError with this message, whatever it is called with."""

    def fail(*_: Value) -> Value:
        raise KRLTypeError(message)

    return fail


def failing_with_value(member: Member, noun: str) -> MemberCall:
    """A member that is called, and then refused for what it answers: the message shows that value."""

    def fail(h: Host, here: Here, *_: Value) -> Value:
        raise KRLTypeError(f"{text(member.call(h, here))} is not {noun}")

    return fail


def with_arguments(member: Member, count: int, named: tuple[str, ...]) -> MemberCall:
    """The member's function for arguments of this shape; in the usual case the function itself."""
    if not named and count <= len(member.params):
        return member.call
    sources = {name: at for at, name in enumerate(member.params[:count])}
    sources.update((name, count + at) for at, name in enumerate(named) if name in member.params)
    used = member.params[: max((member.params.index(name) + 1 for name in sources), default=0)]
    defaults = member_defaults(member)
    call = member.call

    def arranged(h: Host, here: Here, *given: Value) -> Value:
        return call(h, here, *[given[sources[each]] if each in sources else defaults[each] for each in used])

    return arranged


def member_defaults(member: Member) -> dict[str, Value]:
    """What the member's function has for missing arguments, for gaps between those that are given by name."""
    own = list(signature(member.call).parameters.values())[2:]
    found = {name: each.default for name, each in zip(member.params, own, strict=False)}
    return {name: None if value is Parameter.empty else value for name, value in found.items()}
