"""Regular expressions as a text shows them: are they valid, how many groups do they have, can they run away?"""

from __future__ import annotations

import re

from ..errors import KRLLimitError, KRLPatternError
from ..runtime.ecmascript import translate
from ..tree import Expression, Regex
from .backtracking import can_explode
from .findings import Findings

# A step over what is no group: an escape, a class; then a group that captures.
_GROUP = re.compile(r"\\.|\[(?:\\.|[^\]\\])*|(?P<captures>\((?:(?!\?)|\?<(?![=!])))", re.DOTALL)


def check_pattern(findings: Findings, node: Regex) -> None:
    """Refuse what is no regular expression; warn of one that can take exponential time."""
    if len(set(node.flags)) < len(node.flags):
        findings.error(node, "invalid-regex", "a flag of the regular expression is given twice")
    try:
        translate(node.pattern, node.flags)
    except (KRLPatternError, KRLLimitError) as error:
        findings.error(node, "invalid-regex", _decapitalised(error.message))
        return
    if can_explode(node.pattern, ignore_case="i" in node.flags):
        findings.warning(
            node,
            "exponential-regex",
            "a repetition within a repetition can match one text in exponentially many ways",
            "make the inner part begin or end with a character that the rest of it cannot match",
        )


def groups(node: Expression) -> int | None:
    """How many groups a regular expression captures; None if that is not to be seen from the text."""
    if not isinstance(node, Regex):
        return None
    return sum(found["captures"] is not None for found in _GROUP.finditer(node.pattern))


def _decapitalised(message: str) -> str:
    return message[:1].lower() + message[1:]
