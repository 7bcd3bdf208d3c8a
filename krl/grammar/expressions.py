"""Expressions, functions, and names.

Infix operators are one ambiguous nonterminal that the precedence table makes plain. The conditional is a layer
above, which is all it takes for its odd association: its last part may be a conditional, its middle may not.
"""

from __future__ import annotations

from typing import Any

from ..tree import (
    Argument,
    Array,
    Boolean,
    Call,
    Chevron,
    Conditional,
    Declaration,
    Defaction,
    Function,
    Index,
    Infix,
    Map,
    Member,
    MethodCall,
    Name,
    Null,
    Number,
    Pair,
    Parameter,
    Path,
    Prefix,
    Qualified,
    Regex,
    Span,
    String,
)
from . import literals
from .places import span, span_of


def p_conditional(p: Any) -> None:
    """expr : infix ARROW infix '|' expr"""
    p[0] = Conditional(span(p), p[1], p[3], p[5])


def p_infix(p: Any) -> None:
    """infix : infix EITHER infix
    | infix BOTH infix
    | infix EQUAL infix
    | infix UNEQUAL infix
    | infix '<' infix
    | infix AT_MOST infix
    | infix '>' infix
    | infix AT_LEAST infix
    | infix LIKE infix
    | infix HAS infix
    | infix COMPARE infix
    | infix CMP infix
    | infix '+' infix
    | infix '-' infix
    | infix '*' infix
    | infix '/' infix
    | infix '%' infix"""
    p[0] = Infix(span(p), p[2], p[1], p[3])


def p_prefix(p: Any) -> None:
    """infix : '-' infix %prec NOT
    | '+' infix %prec NOT
    | NOT infix"""
    p[0] = Prefix(span(p), p[1], p[2])


# Every operand passes here several times, so it goes the short way to `p[0] = p[1]`.
def p_layers(p: Any) -> None:
    """expr : infix %prec LOWEST
    infix : postfix %prec LOWEST
    postfix : primary
    primary : chevron
    | array
    | map
    | function
    | defaction"""
    whole, part = p.slice
    whole.value = part.value


# --- postfix ----------------------------------------------------------------------------------------------


def p_path(p: Any) -> None:
    """postfix : postfix '{' expr '}'"""
    p[0] = Path(span(p), p[1], p[3])


def p_index(p: Any) -> None:
    """postfix : postfix '[' expr ']'"""
    p[0] = Index(span(p), p[1], p[3])


def p_member(p: Any) -> None:
    """postfix : postfix '.' ident %prec LOWEST"""
    p[0] = Member(span(p), p[1], p[3])


def p_method_call(p: Any) -> None:
    """postfix : postfix '.' ident args
    tested_regex : tested_regex '.' ident args"""
    p[0] = MethodCall(span(p), p[1], p[3], p[4])


def p_qualified_method_call(p: Any) -> None:
    """postfix : postfix '.' ident ':' ident args
    tested_regex : tested_regex '.' ident ':' ident args"""
    method = Qualified(Span(p.lexpos(3), p.lexspan(5)[1]), p[3].name, p[5].name)
    p[0] = MethodCall(span(p), p[1], method, p[6])


# `choose` takes a tight expression: after anything else its block's brace would begin a path.
def p_call(p: Any) -> None:
    """postfix : postfix args
    tight : tight args"""
    p[0] = Call(span(p), p[1], p[2])


def p_tight(p: Any) -> None:
    """tight : primary"""
    p[0] = p[1]


def p_args(p: Any) -> None:
    """args : '(' ')'
    | '(' arg_list ')'
    | '(' arg_list ',' ')'"""
    p[0] = tuple(p[2]) if len(p) > 3 else ()


def p_arg(p: Any) -> None:
    """arg : expr"""
    p[0] = Argument(span(p), None, p[1])


def p_named_arg(p: Any) -> None:
    """arg : DECLARED '=' expr"""
    p[0] = Argument(span(p), Name(span_of(p, 1), p[1]), p[3])


# --- primary ----------------------------------------------------------------------------------------------


def p_name(p: Any) -> None:
    """primary : SYMBOL %prec LOWEST
    | POSTLUDE_WORD %prec LOWEST"""
    p[0] = Name(span(p), p[1])


def p_qualified(p: Any) -> None:
    """primary : SYMBOL ':' ident
    | POSTLUDE_WORD ':' ident"""
    p[0] = Qualified(span(p), p[1], p[3].name)


def p_parentheses(p: Any) -> None:
    """primary : '(' expr ')'"""
    p[0] = p[2]


def p_number(p: Any) -> None:
    """primary : INT
    | FLOAT"""
    p[0] = Number(span(p), literals.number(p[1]))


def p_string(p: Any) -> None:
    """primary : STRING
    string : STRING"""
    p[0] = String(span(p), literals.string(p[1]))


def p_regex(p: Any) -> None:
    """primary : REGEX
    tested_regex : REGEX"""
    pattern, flags = literals.regex(p[1])
    p[0] = Regex(span(p), pattern, flags)
    if fault := literals.regex_fault(pattern, flags):
        p.lexer.report(p[0].span, "invalid-regex", fault)


def p_boolean(p: Any) -> None:
    """primary : TRUE
    | FALSE"""
    p[0] = Boolean(span(p), p[1] == "true")


def p_null(p: Any) -> None:
    """primary : NULL"""
    p[0] = Null(span(p))


def p_chevron(p: Any) -> None:
    """chevron : CHEVRON_OPEN beestings text CHEVRON_CLOSE"""
    p[0] = Chevron(span(p), (*p[2], *p[3]))


def p_beestings(p: Any) -> None:
    """beestings :
    | beestings text BEESTING_OPEN expr BEESTING_CLOSE"""
    if len(p) == 1:
        p[0] = []
    else:
        p[1].extend((*p[2], p[4]))
        p[0] = p[1]


def p_text(p: Any) -> None:
    """text :
    | CHEVRON_TEXT"""
    p[0] = [String(span(p), literals.chevron_text(p[1]))] if len(p) > 1 else []


def p_array(p: Any) -> None:
    """array : '[' ']'
    | '[' expr_list ']'
    | '[' expr_list ',' ']'"""
    p[0] = Array(span(p), tuple(p[2]) if len(p) > 3 else ())


def p_map(p: Any) -> None:
    """map : '{' '}'
    | '{' pair_list '}'
    | '{' pair_list ',' '}'"""
    p[0] = Map(span(p), tuple(p[2]) if len(p) > 3 else ())


# KEY_FOLLOWS is no text: the token source puts it before a string where a key may stand. So a key may be any
# expression that begins with a string, and `{a: 1}` fails at the `a`.
def p_pair(p: Any) -> None:
    """pair : KEY_FOLLOWS expr ':' expr"""
    p[0] = Pair(span(p), p[2], p[4])


# --- functions --------------------------------------------------------------------------------------------


def p_function(p: Any) -> None:
    """function : FUNCTION parameters '{' declarations result '}'"""
    p[0] = Function(span(p), p[2], p[4], p[5])


def p_result(p: Any) -> None:
    """result : expr semicolon
    | RETURN expr semicolon"""
    p[0] = p[len(p) - 2]


def p_defaction(p: Any) -> None:
    """defaction : DEFACTION parameters '{' declarations '}'
    | DEFACTION parameters '{' declarations action_block '}'
    | DEFACTION parameters '{' declarations action_block RETURN expr semicolon '}'"""
    p[0] = Defaction(span(p), p[2], p[4], p[5] if len(p) > 6 else None, p[7] if len(p) > 7 else None)


def p_parameters(p: Any) -> None:
    """parameters : '(' ')'
    | '(' parameter_list ')'
    | '(' parameter_list ',' ')'"""
    p[0] = tuple(p[2]) if len(p) > 3 else ()


def p_parameter(p: Any) -> None:
    """parameter : ident
    | ident '=' expr"""
    p[0] = Parameter(span(p), p[1], p[3] if len(p) > 2 else None)


def p_declarations(p: Any) -> None:
    """declarations : declaration_list"""
    p[0] = tuple(p[1])


def p_declaration(p: Any) -> None:
    """declaration : DECLARED '=' expr
    | DECLARED_OPERATOR '=' expr"""
    p[0] = Declaration(span(p), Name(span_of(p, 1), p[1]), p[3])


# --- names and lists --------------------------------------------------------------------------------------


# `first_ident` names the only action of a rule: there the words of the postlude begin the postlude.
def p_ident(p: Any) -> None:
    """ident : SYMBOL
    | OPERATOR_WORD
    | POSTLUDE_WORD
    first_ident : SYMBOL
    | OPERATOR_WORD"""
    p[0] = Name(span(p), p[1])


# Any word at all: an event's type, the name of a key.
def p_word(p: Any) -> None:
    """word : SYMBOL
    | OPERATOR_WORD
    | POSTLUDE_WORD
    | FUNCTION
    | DEFACTION
    | RETURN
    | NOT
    | SETTING
    | NULL
    | TRUE
    | FALSE"""
    p[0] = p[1]


def p_names(p: Any) -> None:
    """names : name_list"""
    p[0] = tuple(p[1])


def p_setting(p: Any) -> None:
    """setting : SETTING '(' names ')'"""
    p[0] = p[3]


def p_semicolon(p: Any) -> None:
    """semicolon : ';'
    | %prec LOWEST"""


def p_list(p: Any) -> None:
    """declaration_list :
    | declaration_list declaration semicolon"""
    p[0] = grown(p)


def p_separated_list(p: Any) -> None:
    """arg_list : arg
    | arg_list ',' arg
    expr_list : expr
    | expr_list ',' expr
    pair_list : pair
    | pair_list ',' pair
    parameter_list : parameter
    | parameter_list ',' parameter
    name_list : ident
    | name_list ',' ident"""
    p[0] = joined(p)


def grown(p: Any) -> list[Any]:
    """The list of a production `list : | list item …`, the item added in place: a copy each time would be quadratic."""
    if len(p) == 1:
        return []
    items: list[Any] = p[1]
    items.append(p[2])
    return items


def joined(p: Any) -> list[Any]:
    """The list of a production `list : item | list … item`, the item added in place."""
    if len(p) == 2:
        return [p[1]]
    items: list[Any] = p[1]
    items.append(p[len(p) - 1])
    return items
