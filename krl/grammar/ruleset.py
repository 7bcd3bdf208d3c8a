"""A source: one ruleset with its meta and global blocks, or statements in a row.

Source: docs/language.md, "Grammar".
"""

from __future__ import annotations

from typing import Any

from ..tree import (
    Configure,
    ErrorsTo,
    Keys,
    Logging,
    Meta,
    Name,
    Provides,
    ProvidesKeys,
    Ruleset,
    Shares,
    Span,
    Statements,
    Text,
    UseModule,
)
from .expressions import grown, joined
from .places import span, span_of


def p_source(p: Any) -> None:
    """source : ruleset"""
    p[0] = p[1]


def p_source_statements(p: Any) -> None:
    """source : source_list"""
    p[0] = Statements(Span(0, len(p.lexer.source.text)), tuple(p[1]))


def p_source_list(p: Any) -> None:
    """source_list :
    | source_list source_item semicolon"""
    p[0] = grown(p)


def p_source_item(p: Any) -> None:
    """source_item : declaration
    | expr"""
    p[0] = p[1]


def p_ruleset(p: Any) -> None:
    """ruleset : RULESET RID '{' version meta global rule_list '}'"""
    p[0] = Ruleset(span(p), p[2], span_of(p, 2), p[4], p[5], p[6], tuple(p[7]))


def p_version(p: Any) -> None:
    """version :
    | VERSION string"""
    p[0] = p[2] if len(p) > 1 else None


def p_meta(p: Any) -> None:
    """meta :
    | META '{' property_list '}'"""
    p[0] = Meta(span(p), tuple(p[3])) if len(p) > 1 else None


def p_global(p: Any) -> None:
    """global :
    | GLOBAL '{' declarations '}'"""
    p[0] = p[3] if len(p) > 1 else ()


def p_lists(p: Any) -> None:
    """property_list :
    | property_list property
    rule_list :
    | rule_list rule"""
    p[0] = grown(p)


# --- properties -------------------------------------------------------------------------------------------


def p_text_property(p: Any) -> None:
    """property : NAME expr
    | DESCRIPTION expr
    | AUTHOR expr
    | VERSION expr"""
    p[0] = Text(span(p), p[1], p[2])


def p_logging(p: Any) -> None:
    """property : LOGGING ON
    | LOGGING OFF"""
    p[0] = Logging(span(p), p[2] == "on")


def p_use_module(p: Any) -> None:
    """property : USE MODULE RID alias configuration"""
    p[0] = UseModule(span(p), p[3], p[4], p[5])


def p_alias(p: Any) -> None:
    """alias :
    | ALIAS ident"""
    p[0] = p[2] if len(p) > 1 else None


def p_configuration(p: Any) -> None:
    """configuration :
    | WITH with_list"""
    p[0] = tuple(p[2]) if len(p) > 1 else ()


def p_with_list(p: Any) -> None:
    """with_list : declaration
    | with_list declaration
    | with_list AND declaration"""
    p[0] = joined(p)


def p_configure(p: Any) -> None:
    """property : CONFIGURE USING declarations"""
    p[0] = Configure(span(p), p[3])


def p_provides(p: Any) -> None:
    """property : PROVIDES names"""
    p[0] = Provides(span(p), p[2])


def p_shares(p: Any) -> None:
    """property : SHARES names"""
    p[0] = Shares(span(p), p[2])


def p_keys(p: Any) -> None:
    """property : KEYS word expr
    | KEY word expr"""
    p[0] = Keys(span(p), Name(span_of(p, 2), p[2]), p[3])


def p_provides_keys(p: Any) -> None:
    """property : PROVIDES KEYS names TO rids"""
    p[0] = ProvidesKeys(span(p), p[3], tuple(p[5]))


def p_rids(p: Any) -> None:
    """rids : RID
    | rids ',' RID"""
    p[0] = joined(p)


def p_errors_to(p: Any) -> None:
    """property : ERRORS TO RID"""
    p[0] = ErrorsTo(span(p), p[3])
