"""What is known of a callable before running: how it may be called, and with which arguments.

The operators and the modules that need no pico describe themselves. The modules that need one live in the engine,
above this package; their names belong to the language all the same, so they are written down here.

Source: docs/modules.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ..tree import Defaction, Expression, Function

Kind = Literal["function", "action", "both", "value", "unknown"]


@dataclass(frozen=True, slots=True)
class Signature:
    """How a name may be used; parameters None if nothing is known of them."""

    kind: Kind
    parameters: tuple[str, ...] | None = None

    @property
    def callable(self) -> bool:
        """May be called in an expression, as far as is known."""
        return self.kind in ("function", "both", "unknown")

    @property
    def action(self) -> bool:
        """May be called in an action block, as far as is known."""
        return self.kind in ("action", "both", "unknown")


UNKNOWN = Signature("unknown")
VALUE = Signature("value")

PICO_MODULES = """
ctx:picoId ctx:rid ctx:rid_url ctx:rid_config ctx:rid_version ctx:rid_name ctx:rid_description ctx:rid_author
ctx:parent ctx:children ctx:channels ctx:rulesets
function ctx:query(eci,rid,name,args)
function ctx:channelsTagged(tags)
function ctx:isOwnChannel(eci)
function ctx:childrenTagged(tags)
function ctx:childOf(eci,tags)
function ctx:logs()
action ctx:newPico(rulesets)
action ctx:delPico(eci)
action ctx:newChannel(tags,eventPolicy,queryPolicy)
action ctx:putChannel(eci,tags,eventPolicy,queryPolicy)
action ctx:upsertChannel(tags,eventPolicy,queryPolicy)
action ctx:delChannel(eci)
action ctx:install(url,config)
action ctx:installSource(source,config)
action ctx:uninstall(rid)
action ctx:flush(url)
action ctx:event(eci,domain,name,attrs,host)
action ctx:eventQuery(eci,domain,name,attrs,rid,queryName,args)
action ctx:newCallback(domain,name,attrs,expires)
function email:header(msg,name)
function email:parts(msg,type)
function email:body(msg)
function email:attachment(ref)
action email:send(to,subject,text,html,cc,bcc,from,reply_to,headers,attachments)
action email:reply(text,html,subject,msg,from,headers,attachments)
action event:send(options,host)
both http:get(url,qs,headers,body,auth,json,form,parseJSON,autoraise,autosend,dontFollowRedirect)
both http:head(url,qs,headers,body,auth,json,form,parseJSON,autoraise,autosend,dontFollowRedirect)
action http:post(url,qs,headers,body,auth,json,form,parseJSON,autoraise,autosend,dontFollowRedirect)
action http:put(url,qs,headers,body,auth,json,form,parseJSON,autoraise,autosend,dontFollowRedirect)
action http:patch(url,qs,headers,body,auth,json,form,parseJSON,autoraise,autosend,dontFollowRedirect)
action http:delete(url,qs,headers,body,auth,json,form,parseJSON,autoraise,autosend,dontFollowRedirect)
function schedule:list()
function schedule:get(id)
action schedule:remove(id)
action schedule:clear()
"""


@cache
def operators() -> Mapping[str, Signature]:
    """The library's names, which any expression may use."""
    from ..runtime.calls import Action, parameters
    from ..runtime.methods import METHODS

    known: dict[str, Signature] = {}
    for name, value in METHODS.items():
        if isinstance(value, Action):
            known[name] = Signature("both" if value.kind == "ActionFunction" else "action", parameters(value.run))
        else:
            known[name] = Signature("function", parameters(value))
    return known


@cache
def modules() -> Mapping[str, Mapping[str, Signature]]:
    """The members of the built-in modules, by domain."""
    from ..library import LIBRARY

    known: dict[str, dict[str, Signature]] = {}
    for domain, members in LIBRARY.items():
        known[domain] = {
            name: VALUE if member.kind == "property" else Signature(member.kind, member.params)
            for name, member in members.items()
        }
    for line in PICO_MODULES.strip().splitlines():
        for domain, name, signature in _described(line):
            known.setdefault(domain, {})[name] = signature
    return known


def _described(line: str) -> list[tuple[str, str, Signature]]:
    """`both a:b(c,d)` is one callable; `a:b a:c` are properties."""
    words = line.split()
    if "(" not in line:
        return [(*_split(word), VALUE) for word in words]
    kind, call = words
    name, _, rest = call.partition("(")
    parameters = tuple(each for each in rest.rstrip(")").split(",") if each)
    signature = Signature(kind, parameters)  # type: ignore[arg-type]  # the table has no other words
    return [(*_split(name), signature)]


def _split(qualified: str) -> tuple[str, str]:
    domain, _, name = qualified.partition(":")
    return domain, name


def of_literal(node: Expression) -> Signature | None:
    """What a literal is good for; None if the expression is no literal."""
    match node:
        case Function():
            return Signature("function", tuple(each.name.name for each in node.parameters))
        case Defaction():
            return Signature("action", tuple(each.name.name for each in node.parameters))
        case _:
            return VALUE if literal_type(node) else None


def literal_type(node: Expression) -> str | None:
    """`a Number`, `a Map` …: what a literal that is surely no callable evaluates to."""
    return _LITERAL_TYPES.get(type(node).__name__)


_LITERAL_TYPES = {
    "Number": "a Number",
    "String": "a String",
    "Chevron": "a String",
    "Regex": "a RegExp",
    "Boolean": "a Boolean",
    "Null": "null",
    "Array": "an Array",
    "Map": "a Map",
}
