"""Write a draft to files, and run it: what does not come out the same again is left out, and said.

Most events come out the same. Some cannot: the clock went on while a rule ran, or a rule asked for something that a
test cannot give it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .facets import FACETS
from .finding import ENDING
from .problems import FormatError, Problem
from .reading import read_file
from .running import run
from .writing import Draft

ROUNDS = 3


def write_test(draft: Draft, path: Path) -> tuple[Draft, Sequence[Problem]]:
    """Write the test, and beside it the rulesets that are not there yet; what is left that does not hold.

    Raises FormatError if something else is there already, or nothing can be written.
    """
    if not path.name.endswith(ENDING):
        raise FormatError(str(path), "", f"expected a file *{ENDING}")
    if path.exists():
        raise FormatError(str(path), "", "it is there already")
    try:
        _write_rulesets(draft, path.parent)
        return _settled(draft, path)
    except OSError as error:
        raise FormatError(str(path), "", f"cannot be written: {error.strerror}") from error


def _write_rulesets(draft: Draft, folder: Path) -> None:
    for name, source in draft.rulesets.items():
        file = folder / name
        if source is None:
            if not file.exists():
                raise FormatError(str(file), "", "the ruleset keeps keys, so its text is not told: put it there first")
        elif not file.exists():
            file.write_text(source, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != source:
            raise FormatError(str(file), "", "another text of the ruleset is there already")


def _settled(draft: Draft, path: Path) -> tuple[Draft, Sequence[Problem]]:
    problems: Sequence[Problem] = ()
    for _ in range(ROUNDS):
        path.write_text("\n".join(draft.lines()) + "\n", encoding="utf-8")
        [test] = read_file(path).tests
        problems = run(test, path)
        taken_back = [_leave_out(draft, each) for each in problems]
        if not any(taken_back):
            break
    return draft, problems


def _leave_out(draft: Draft, problem: Problem) -> bool:
    """Take back the expectation that does not hold; whether there was one."""
    for key in list(draft.expect):
        if _is_about(problem, key):
            del draft.expect[key]
            draft.doubts.append(f"What is expected of {key!r} did not come again, and is left out.")
            return True
    return False


def _is_about(problem: Problem, key: str) -> bool:
    noun = next((each.noun for each in FACETS if each.name == key), None)
    if key in ("selected", "fired"):
        return problem.what.startswith("rule ") and key in (
            problem.expected,
            str(problem.expected).removeprefix("not "),
        )
    if noun is not None:
        return problem.what.startswith(noun)
    return key in ("state", "unset") and problem.what.startswith("state ")
