"""Rulesets and their tests, written for one test of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from transports.logs import log_nothing
from transports.testing import Outcome, Painter, run_file, told

SHOP = """ruleset shop {
  meta { shares stock }
  global { stock = function(item) { ent:stock{item} } }

  rule sell {
    select when order placed item re#(.+)# setting(item)
    pre { left = (ent:stock{item} || 0) - event:attrs{"n"} }
    if left >= 0 then every {
      send_directive("sold", {"item": item})
      event:send({"eci": "bob", "domain": "bill", "name": "due", "attrs": {"for": item}})
      http:post("https://log.example.com/sold", json = {"item": item})
    }
    fired {
      ent:stock{item} := left
      raise stock event "changed" attributes {"item": item, "left": left}
      schedule order event "overdue" at "2031-01-02T00:00:00Z" attributes {"item": item}
      log info "sold " + item
    } else {
      raise stock event "short" attributes {"item": item}
    }
  }

  rule reorder {
    select when stock changed where event:attrs{"left"} < 2
    foreach event:attrs{"suppliers"} setting(supplier)
    send_directive("reorder", {"supplier": supplier})
  }

  rule audit {
    select when stock counted
    fired { ent:counted := 1 / 0 + ("x" - 1) }
  }
}
"""

GIVEN = """
[given]
state = { stock = { tea = 3 } }
picos = ["bob"]
[[given.http]]
request = "POST https://log.example.com/*"
"""

Report = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No log, as in the command."""
    log_nothing()
    yield
    structlog.reset_defaults()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a test file, and beside it the ruleset that it tests."""

    def write(text: str, ruleset: str = SHOP, name: str = "shop") -> Path:
        (tmp_path / f"{name}.krl").write_text(ruleset)
        path = tmp_path / f"{name}.test.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def outcomes(write: Callable[..., Path]) -> Callable[..., list[Outcome]]:
    """Run a test file."""
    return lambda *arguments, **named: list(run_file(write(*arguments, **named)))


@pytest.fixture
def report(outcomes: Callable[..., list[Outcome]]) -> Report:
    """What is told of its problems, without the line that names the test."""

    def report(*arguments: str, **named: str) -> list[str]:
        return [
            line
            for each in outcomes(*arguments, **named)
            for line in [*told(each, Painter(False))][1:]
            if each.problems
        ]

    return report
