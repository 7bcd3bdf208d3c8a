"""Coverage, and outcomes for machines."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.transports.testing.conftest import GIVEN
from transports.testing import Coverage, Outcome, Painter, Problem, as_json, coverage_lines, junit, run_file

ORDER = f'{GIVEN}[[test]]\nname = "t"\nevent = "order:placed"\n'


def lines(coverage):
    return list(coverage_lines(coverage, Painter(False)))


def covered(path):
    coverage = Coverage()
    list(run_file(path, coverage=coverage))
    return coverage


def test_what_no_test_has_done_is_told_by_its_lines(write):
    assert lines(covered(write(f'{ORDER}attrs = {{ item = "tea", n = 1 }}\n'))) == [
        "shop.krl (shop)",
        "  sell                               3/5  8 (if false), 19 (not fired)",
        "  reorder                            0/3  23 (selected), 25 (foreach some), 25 (foreach none)",
        "  audit                              0/2  29 (selected), 31 (fired)",
        "30.0 % of the ways through the rules",
    ]


def test_tests_of_one_file_add_up(write):
    second = ORDER.partition("[[test]]")[2].replace('"t"', '"u"')
    both = f'{ORDER}attrs = {{ item = "tea", n = 1 }}\n[[test]]{second}attrs = {{ item = "tea", n = 9 }}\n'

    assert lines(covered(write(both)))[1] == "  sell                               5/5"


def test_a_failed_rule_has_only_got_so_far(write):
    assert lines(covered(write(f'{GIVEN}[[test]]\nname = "t"\nevent = "stock:counted"\n')))[3] == (
        "  audit                              1/2  31 (fired)"
    )


@pytest.mark.parametrize(("suppliers", "missing"), [("[]", "25 (foreach some)"), ('["a"]', "25 (foreach none)")])
def test_a_foreach_goes_through_something_and_through_nothing(write, suppliers, missing):
    event = f'event = "stock:changed"\nattrs = {{ left = 1, suppliers = {suppliers} }}\n'

    assert lines(covered(write(f'{GIVEN}[[test]]\nname = "t"\n{event}')))[2].endswith(f"2/3  {missing}")


def test_everything_is_covered_of_nothing():
    assert Coverage().percent == 100


PROBLEM = Problem("state a", {"b": 1}, 2, 3, "event x:y", "one", "f.krl:7", "because")
OUTCOMES = [Outcome("f", "good"), Outcome("f", "bad\x00", (PROBLEM,), 0.5), Outcome("g", "none", skipped="later")]


def test_junit_tells_each_file_and_each_test():
    top = ElementTree.fromstring(junit(OUTCOMES))

    assert top.attrib == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1", "time": "0.500"}
    assert [(each.get("name"), each.get("tests")) for each in top.findall("testsuite")] == [("f", "2"), ("g", "1")]
    assert [each.get("name") for each in top.iter("testcase")] == ["good", "bad\ufffd", "none"]


def test_junit_tells_why_a_test_failed():
    [failure] = ElementTree.fromstring(junit(OUTCOMES)).iter("failure")

    assert failure.get("message") == "step 3 (event x:y): state a"
    assert 'expected  {"b": 1}' in (failure.text or "")


def test_json_tells_the_same():
    assert as_json(OUTCOMES)["tests"][1] == {
        "file": "f",
        "name": "bad\x00",
        "status": "failed",
        "problems": [
            {
                "step": 3,
                "title": "event x:y",
                "what": "state a",
                "expected": {"b": 1},
                "actual": 2,
                "rule": "one",
                "place": "f.krl:7",
                "why": "because",
            }
        ],
        "seconds": 0.5,
    }
