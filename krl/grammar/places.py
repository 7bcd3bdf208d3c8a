"""Where in the source the parts of a production stand."""

from __future__ import annotations

from typing import Any

from ..tree import Span


def span(p: Any) -> Span:
    """The stretch of the whole production."""
    whole = p.slice[0]
    return Span(whole.lexpos, whole.endlexpos)


def span_to(p: Any, last: int) -> Span:
    """The stretch from the production's first symbol to the one with the number `last`."""
    return Span(p.lexpos(1), p.lexspan(last)[1])


def span_of(p: Any, number: int) -> Span:
    """The stretch of one symbol."""
    return Span(*p.lexspan(number))
