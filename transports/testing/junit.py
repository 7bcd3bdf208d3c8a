"""Outcomes as JUnit's XML, which servers that run builds read.

Source: the schema of Jenkins' xUnit plugin (junit-10.xsd): a suite a file, a case a test.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .problems import Outcome
from .report import Painter, told

# XML 1.0 has no way to write these.
_NO_CHARACTERS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(outcomes: Sequence[Outcome]) -> bytes:
    """The document."""
    top = Element("testsuites", _counts(outcomes))
    for file, cases in groupby(outcomes, key=lambda each: each.file):
        tests = list(cases)
        suite = SubElement(top, "testsuite", {"name": _clean(file), **_counts(tests)})
        for each in tests:
            _case(suite, each)
    indent(top)
    return bytes(tostring(top, encoding="utf-8", xml_declaration=True)) + b"\n"


def _counts(outcomes: Sequence[Outcome]) -> dict[str, str]:
    return {
        "tests": str(len(outcomes)),
        "failures": str(sum(bool(each.problems) for each in outcomes)),
        "errors": "0",
        "skipped": str(sum(each.skipped is not None for each in outcomes)),
        "time": f"{sum(each.seconds for each in outcomes):.3f}",
    }


def _case(suite: Element, outcome: Outcome) -> None:
    name = {"classname": _clean(outcome.file), "name": _clean(outcome.name), "time": f"{outcome.seconds:.3f}"}
    case = SubElement(suite, "testcase", name)
    if outcome.skipped is not None:
        SubElement(case, "skipped", {"message": _clean(outcome.skipped)})
    elif outcome.problems:
        first = outcome.problems[0]
        message = f"step {first.step} ({first.title}): {first.what}" if first.step else f"{first.title}: {first.what}"
        failure = SubElement(case, "failure", {"type": "expectation", "message": _clean(message)})
        failure.text = _clean("\n".join(told(outcome, Painter(False))))


def _clean(text: str) -> str:
    return _NO_CHARACTERS.sub("\ufffd", text)
