"""Rules: their parts in the fixed order, action blocks, and postludes.

Source: docs/language.md, "Grammar".
"""

from __future__ import annotations

from typing import Any

from ..tree import (
    ActionBlock,
    ActionCall,
    ClearVariable,
    Foreach,
    Guarded,
    Last,
    Log,
    Postlude,
    Qualified,
    Raise,
    RaiseError,
    Rule,
    Schedule,
    SetVariable,
    Span,
)
from .expressions import grown
from .places import span, span_to


def p_rule(p: Any) -> None:
    """rule : RULE ident activity '{' selection foreach_list prelude action_part postlude '}'"""
    p[0] = Rule(span(p), p[2], p[3], p[5], tuple(p[6]), p[7], p[8], p[9])


def p_activity(p: Any) -> None:
    """activity :
    | IS ACTIVE
    | IS INACTIVE"""
    p[0] = len(p) == 1 or p[2] == "active"


def p_optional_part(p: Any) -> None:
    """selection :
    | select
    action_part :
    | action_block"""
    p[0] = p[1] if len(p) > 1 else None


def p_foreach_list(p: Any) -> None:
    """foreach_list :
    | foreach_list foreach"""
    p[0] = grown(p)


def p_foreach(p: Any) -> None:
    """foreach : FOREACH expr setting"""
    p[0] = Foreach(span(p), p[2], p[3])


def p_prelude(p: Any) -> None:
    """prelude :
    | PRE '{' declarations '}'"""
    p[0] = p[3] if len(p) > 1 else ()


# --- actions ----------------------------------------------------------------------------------------------


def p_action_block(p: Any) -> None:
    """action_block : actions"""
    kind, choice, actions, end = p[1]
    p[0] = ActionBlock(Span(p.lexpos(1), end), None, kind, choice, actions)


# An empty block after `then` is refused at the token that follows it, like a missing action.
def p_conditional_action_block(p: Any) -> None:
    """action_block : IF expr THEN actions"""
    kind, choice, actions, end = p[4]
    p[0] = ActionBlock(Span(p.lexpos(1), end), p[2], kind, choice, actions)
    if not actions:
        p.lexer.refuse_empty_block(end)


# An optional semicolon ends an action and belongs to no node; so the block's end is told apart from the symbol's.
def p_single_action(p: Any) -> None:
    """actions : only_action semicolon"""
    p[0] = "single", None, (p[1],), p[1].span.end


def p_block(p: Any) -> None:
    """actions : EVERY '{' action_list '}'
    | SAMPLE '{' action_list '}'"""
    p[0] = p[1], None, tuple(p[3]), span(p).end


def p_choose(p: Any) -> None:
    """actions : CHOOSE tight '{' action_list '}'"""
    p[0] = "choose", p[2], tuple(p[4]), span(p).end


def p_action_list(p: Any) -> None:
    """action_list :
    | action_list action semicolon"""
    p[0] = grown(p)


def p_action(p: Any) -> None:
    """action : callee args binding
    only_action : first_callee args binding"""
    p[0] = ActionCall(span(p), None, p[1], p[2], p[3])


def p_labelled_action(p: Any) -> None:
    """action : ident ARROW callee args binding
    only_action : first_ident ARROW callee args binding"""
    p[0] = ActionCall(span(p), p[1], p[3], p[4], p[5])


def p_callee(p: Any) -> None:
    """callee : ident
    | ident ':' ident
    first_callee : first_ident
    | first_ident ':' ident"""
    p[0] = p[1] if len(p) == 2 else Qualified(span(p), p[1].name, p[3].name)


def p_binding(p: Any) -> None:
    """binding :
    | setting"""
    p[0] = p[1] if len(p) > 1 else ()


# --- postlude ---------------------------------------------------------------------------------------------


def p_postlude(p: Any) -> None:
    """postlude :
    | ALWAYS statements
    | FIRED statements otherwise at_last
    | NOTFIRED statements otherwise at_last"""
    if len(p) > 3:
        p[0] = Postlude(span(p), p[1], p[2], p[3], p[4])
    elif len(p) > 1:
        p[0] = Postlude(span(p), p[1], p[2], None, None)


def p_postlude_part(p: Any) -> None:
    """otherwise :
    | ELSE statements
    at_last :
    | FINALLY statements"""
    p[0] = p[2] if len(p) > 1 else None


def p_statements(p: Any) -> None:
    """statements : '{' statement_list '}'"""
    p[0] = tuple(p[2])


def p_statement_list(p: Any) -> None:
    """statement_list :
    | statement_list guarded semicolon"""
    p[0] = grown(p)


def p_guarded(p: Any) -> None:
    """guarded : statement %prec LOWEST
    | statement IF expr
    | statement ON_FINAL FINAL"""
    p[0] = p[1] if len(p) == 2 else Guarded(span(p), p[1], p[3] if p[2] == "if" else None)


def p_statement(p: Any) -> None:
    """statement : declaration"""
    p[0] = p[1]


def p_set_variable(p: Any) -> None:
    """statement : PERSISTENT ':' ident variable_path BECOMES expr"""
    p[0] = SetVariable(span(p), Qualified(span_to(p, 3), p[1], p[3].name), p[4], p[6])


def p_clear_variable(p: Any) -> None:
    """statement : CLEAR variable variable_path"""
    p[0] = ClearVariable(span(p), p[2], p[3])


def p_variable(p: Any) -> None:
    """variable : ident ':' ident"""
    p[0] = Qualified(span(p), p[1].name, p[3].name)


def p_variable_path(p: Any) -> None:
    """variable_path :
    | '{' expr '}'"""
    p[0] = p[2] if len(p) > 1 else None


def p_raise(p: Any) -> None:
    """statement : RAISE raised target attributes"""
    domain, event = p[2]
    p[0] = Raise(span(p), domain, event, p[3], p[4])


def p_schedule(p: Any) -> None:
    """statement : SCHEDULE raised AT expr attributes schedule_binding
    | SCHEDULE raised REPEAT expr attributes schedule_binding"""
    domain, event = p[2]
    p[0] = Schedule(span(p), domain, event, p[3], p[4], p[5], p[6])


# `raise owner event "new"` names the domain; the other form, `raise event x`, computes both words.
def p_raised(p: Any) -> None:
    """raised : EVENT expr
    | ident EVENT expr"""
    p[0] = (None, p[2]) if len(p) == 3 else (p[1], p[3])


def p_clause(p: Any) -> None:
    """target :
    | FOR expr
    attributes :
    | ATTRIBUTES expr"""
    p[0] = p[2] if len(p) > 1 else None


def p_schedule_binding(p: Any) -> None:
    """schedule_binding :
    | SETTING '(' ident ')'"""
    p[0] = p[3] if len(p) > 1 else None


def p_log(p: Any) -> None:
    """statement : LOG LEVEL expr"""
    p[0] = Log(span(p), p[2], p[3])


def p_raise_error(p: Any) -> None:
    """statement : ERROR LEVEL expr"""
    p[0] = RaiseError(span(p), p[2], p[3])


def p_last(p: Any) -> None:
    """statement : LAST"""
    p[0] = Last(span(p))
