"""Tests of rulesets: a file says what is given, what happens and what is to come of it; the real engine is asked.

    for file in find_files(["docs/cookbook"]):
        outcome = run_file(file)

What a file may say is read by `specification.py`; `stage.py` sets up an engine for each test, in memory, with a clock
that is moved by hand and a network that answers what the file says; `expectations.py` compares.
"""

from .coverage import Coverage
from .finding import find_files
from .junit import junit
from .problems import FormatError, Outcome, Problem
from .report import Painter, as_json, coverage_lines, summary, told
from .running import run_file
from .settling import write_test
from .writing import as_test

__all__ = [
    "Coverage",
    "FormatError",
    "Outcome",
    "Painter",
    "Problem",
    "as_json",
    "as_test",
    "coverage_lines",
    "find_files",
    "junit",
    "run_file",
    "summary",
    "told",
    "write_test",
]
