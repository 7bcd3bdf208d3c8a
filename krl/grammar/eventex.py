"""Event expressions: what stands after `select`.

Source: docs/event-expressions.md, "Forms" and "Precedence".
"""

from __future__ import annotations

from typing import Any

from ..tree import (
    Aggregate,
    AttributeTest,
    Between,
    Counted,
    EventGroup,
    EventInfix,
    Primitive,
    SelectWhen,
    SelectWhere,
    Within,
)
from . import literals
from .expressions import grown, joined
from .places import span, span_to


def p_select_when(p: Any) -> None:
    """select : SELECT WHEN event semicolon
    | SELECT WHEN event within semicolon"""
    p[0] = SelectWhen(span_to(p, len(p) - 2), p[3], p[4] if len(p) > 5 else None)


def p_select_where(p: Any) -> None:
    """select : SELECT WHERE expr semicolon"""
    p[0] = SelectWhere(span_to(p, 3), p[3])


def p_within(p: Any) -> None:
    """within : WITHIN expr UNIT"""
    p[0] = Within(span(p), p[2], p[3])


def p_event_infix(p: Any) -> None:
    """event : event OR event
    | event AND event
    | event BEFORE event
    | event THEN event
    | event AFTER event"""
    p[0] = EventInfix(span(p), p[2], p[1], p[3])


def p_between(p: Any) -> None:
    """event : event BETWEEN '(' event ',' event ')'"""
    p[0] = Between(span(p), p[1], p[4], p[6], negated=False)


def p_not_between(p: Any) -> None:
    """event : event NOT BETWEEN '(' event ',' event ')'"""
    p[0] = Between(span(p), p[1], p[5], p[7], negated=True)


def p_event_operand(p: Any) -> None:
    """event : primitive"""
    p[0] = p[1]


def p_event_parentheses(p: Any) -> None:
    """event : '(' event ')'"""
    p[0] = p[2]


def p_event_group(p: Any) -> None:
    """event : OR '(' event_list ')'
    | AND '(' event_list ')'
    | BEFORE '(' event_list ')'
    | THEN '(' event_list ')'
    | AFTER '(' event_list ')'"""
    p[0] = EventGroup(span(p), p[1], None, tuple(p[3]))


def p_any(p: Any) -> None:
    """event : ANY INT '(' event_list ')'"""
    p[0] = EventGroup(span(p), "any", literals.count(p[2]), tuple(p[4]))


def p_event_list(p: Any) -> None:
    """event_list : event
    | event_list ',' event"""
    p[0] = joined(p)


def p_counted(p: Any) -> None:
    """event : COUNT INT '(' counted_primitive ')' aggregate
    | REPEAT INT '(' counted_primitive ')' aggregate"""
    p[0] = Counted(span(p), p[1], literals.count(p[2]), p[4], p[6])


def p_aggregate(p: Any) -> None:
    """aggregate :
    | AGGREGATE '(' names ')'"""
    p[0] = Aggregate(span(p), p[1], p[3]) if len(p) > 1 else None


# Where a group could begin, a domain cannot be a word that begins one. Inside `count` and `repeat` there is
# nothing but a primitive, and any word is a domain.
def p_primitive(p: Any) -> None:
    """primitive : domain colon word attribute_tests filters
    counted_primitive : word colon word attribute_tests filters"""
    where, setting, where_first = p[5]
    p[0] = Primitive(span(p), p[1], p[3], tuple(p[4]), where, setting, where_first)


def p_domain(p: Any) -> None:
    """domain : SYMBOL
    | POSTLUDE_WORD
    | SETTING
    | RETURN"""
    p[0] = p[1]


def p_colon(p: Any) -> None:
    """colon :
    | ':'"""


def p_filters(p: Any) -> None:
    """filters :
    | setting"""
    p[0] = None, p[1] if len(p) > 1 else (), False


def p_filters_where(p: Any) -> None:
    """filters : WHERE expr
    | setting WHERE expr"""
    p[0] = (p[2], (), False) if len(p) == 3 else (p[3], p[1], False)


def p_filters_where_first(p: Any) -> None:
    """filters : WHERE expr setting"""
    p[0] = p[2], p[3], True


def p_attribute_tests(p: Any) -> None:
    """attribute_tests :
    | attribute_tests attribute_test"""
    p[0] = grown(p)


# Rulesets in use have `re#(.+)#.klog("…")`: a tested regex takes method calls and nothing else.
def p_attribute_test(p: Any) -> None:
    """attribute_test : ATTRIBUTE tested_regex"""
    p[0] = AttributeTest(span(p), p[1], p[2])
