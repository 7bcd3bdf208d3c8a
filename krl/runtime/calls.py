"""Call what is known only at run time: a value that a program calls, and the callbacks of library functions.

A KRL function is a plain Python function whose first parameter is the host. It takes as many arguments as it
declares: surplus ones are dropped here, missing ones left to its defaults. Compiled code mangles the names of
parameters (see `krl.names`), library functions bear KRL's names.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType

from ..errors import KRLLimitError, KRLTypeError
from ..names import original
from .host import Host, Value
from .limits import spend
from .text import text
from .values import Action

__all__ = [
    "Action",
    "begin_callbacks",
    "call",
    "call0",
    "call1",
    "call2",
    "call3",
    "callback",
    "end_callbacks",
    "function_of",
    "is_function",
    "parameters",
    "run_action",
]

# KRL functions are Python functions and recurse as such, which takes no C stack. The host's own limits come first
# (max_depth, max_callback_depth); Python's must only stand behind them, with room for several frames a level.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 100_000))

Function = Callable[..., Value]


def is_function(f: Value) -> bool:
    """Whether expressions may call the value."""
    return type(f) is FunctionType or (type(f) is Action and f.kind == "ActionFunction")


def function_of(f: Value) -> Function:
    """The Python function behind a value that expressions may call. Raises KRLTypeError for any other value."""
    if type(f) is FunctionType:
        return f
    if type(f) is Action and f.kind == "ActionFunction":
        return f.run
    raise KRLTypeError(f"{text(f)} is not a function")


def parameters(f: Function) -> tuple[str, ...]:
    """The names of the function's parameters as KRL knows them, without the host."""
    return tuple(original(name) for name in _names(f))


def call(h: Host, f: Value, args: Sequence[Value], named: Mapping[str, Value] | None = None) -> Value:
    """The function's result; a named argument beats a positional one, unknown names are ignored.

    Raises KRLTypeError if `f` is no function.
    """
    return _run(h, function_of(f), args, named)


def run_action(h: Host, f: Value, args: Sequence[Value], named: Mapping[str, Value] | None = None) -> Value:
    """Run what an action block names. Raises KRLTypeError if `f` is no action."""
    if type(f) is not Action:
        raise KRLTypeError(f"{text(f)} is not an action")
    return _run(h, f.run, args, named)


def call0(h: Host, f: Value) -> Value:
    """`call` without arguments."""
    return f(h) if type(f) is FunctionType else function_of(f)(h)


def call1(h: Host, f: Value, a: Value) -> Value:
    """`call` with one argument."""
    if type(f) is not FunctionType:
        f = function_of(f)
    return f(h, a) if f.__code__.co_argcount > 1 else f(h)


def call2(h: Host, f: Value, a: Value, b: Value) -> Value:
    """`call` with two arguments."""
    if type(f) is FunctionType and f.__code__.co_argcount > 2:
        return f(h, a, b)
    return call(h, f, (a, b))


def call3(h: Host, f: Value, a: Value, b: Value, c: Value) -> Value:
    """`call` with three arguments."""
    if type(f) is FunctionType and f.__code__.co_argcount > 3:
        return f(h, a, b, c)
    return call(h, f, (a, b, c))


def begin_callbacks(h: Host, f: Value, rounds: int) -> Function:
    """The Python function behind `f`, for a loop of so many rounds that `end_callbacks` ends.

    The rounds are counted as steps, the loop as one within those that are running. (After an error nobody ends it:
    the error ends the whole evaluation.) Raises KRLTypeError if `f` is no function, KRLLimitError.
    """
    function = function_of(f)
    spend(h, rounds)
    h.callback_depth += 1
    if h.callback_depth > h.limits.max_callback_depth:
        limit = h.limits.max_callback_depth
        raise KRLLimitError(f"callbacks within callbacks too deeply (limit max_callback_depth: {limit})")
    return function


def end_callbacks(h: Host) -> None:
    """The loop that `begin_callbacks` or `callback` began has ended."""
    h.callback_depth -= 1


def callback(h: Host, f: Value, n: int, rounds: int) -> Function:
    """As `begin_callbacks`, but that the result takes exactly `n` arguments, and no host."""
    function = begin_callbacks(h, f, rounds)
    match min(function.__code__.co_argcount - 1, n):
        case 0:
            return lambda *_: function(h)
        case 1:
            return lambda a, *_: function(h, a)
        case 2:
            return lambda a, b, *_: function(h, a, b)
        case 3:
            return lambda a, b, c, *_: function(h, a, b, c)
        case arity:
            return lambda *args: function(h, *args[:arity])


def _run(h: Host, f: Function, args: Sequence[Value], named: Mapping[str, Value] | None) -> Value:
    if not named:
        return f(h, *args[: f.__code__.co_argcount - 1])
    names = _names(f)
    given = dict(zip(names, args, strict=False))
    given.update({name: named[original(name)] for name in names if original(name) in named})
    return f(h, **given)


def _names(f: Function) -> tuple[str, ...]:
    code = f.__code__
    return code.co_varnames[1 : code.co_argcount]
