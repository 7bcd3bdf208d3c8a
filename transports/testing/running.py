"""Run the tests of a file: each on an engine of its own, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from engine import ChannelNotFound, EngineError, Failed, NotFound, Refused, Rehearsal, Undecodable, WebRequest
from krl import KRLError

from .coverage import Coverage
from .expectations import Result, compare
from .network import Network
from .problems import NOTHING, Outcome, Problem, Words
from .reading import read_file
from .seen import Report, Seen
from .sources import RulesetText, Sources
from .specification import Given, Step, Test
from .stage import open_stage, set_up, texts_of
from .tables import suggestion

WRANGLER = "io.picolabs.wrangler"


def run_file(
    path: Path, *, wanted: Callable[[str], bool] = lambda name: True, coverage: Coverage | None = None
) -> Iterator[Outcome]:
    """Each of the file's tests whose name is `wanted`. Raises FormatError for a file that no test can be read from."""
    file = read_file(path)
    for test in file.tests:
        if not wanted(test.name):
            continue
        began = perf_counter()
        if test.skip is not None:
            yield Outcome(str(path), test.name, skipped=test.skip)
            continue
        problems = tuple(run(test, path, coverage))
        yield Outcome(str(path), test.name, problems, perf_counter() - began)


def run(test: Test, path: Path, coverage: Coverage | None = None) -> Sequence[Problem]:
    """What was not as expected. Raises FormatError for a ruleset that cannot be parsed."""
    try:
        texts = texts_of(test.given)
    except (KRLError, OSError) as error:
        return [Problem("it cannot be set up", title="given", why=str(error))]
    return asyncio.run(_run(test, path, texts, coverage))


async def _run(
    test: Test, path: Path, texts: dict[str, tuple[RulesetText, ...]], coverage: Coverage | None
) -> list[Problem]:
    network = Network(test.given.stubs)
    async with open_stage(test.given, network) as rehearsal:
        play = Play(rehearsal, network, test.given, texts, path.name.split(".test.")[0])
        try:
            await set_up(rehearsal, test.given, play.tested)
        except EngineError as error:
            return [Problem("it cannot be set up", title="given", why=error.message)]
        play.all_news += rehearsal.news()
        found = play.missing_answers("given")
        for step in test.steps:
            found += await play.take(step, test.steps)
        if coverage is not None:
            coverage.note([each for every in texts.values() for each in every], play.all_news)
        return found


class Play:
    """One run of one test."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        network: Network,
        given: Given,
        texts: dict[str, tuple[RulesetText, ...]],
        stem: str,
    ) -> None:
        self._rehearsal = rehearsal
        self._network = network
        self._given = given
        self._texts = texts
        self._sources = Sources([each for every in texts.values() for each in every])
        self._main = given.picos[0].name
        self._news: list[Report] = []  # of the last step that did something
        self._requests: list[WebRequest] = []
        self._opened: set[str] = set()  # children that have got a channel for tests
        self.all_news: list[Report] = []
        self.tested = {pico.name: _tested(texts[pico.name], stem) for pico in given.picos}

    async def take(self, step: Step, steps: Sequence[Step]) -> list[Problem]:
        """Do what the step says and look what came of it."""
        answer, refused, failed = NOTHING, None, None
        try:
            if step.acts:
                answer = await self._act(step)
            pico = self._pico(step)
        except Failed as error:
            failed = {name: getattr(error, name) for name in ("kind", "message", "rid", "rule", "line")}
            pico = self._pico(step)
        except (Refused, Undecodable, NotFound) as error:
            refused = error.message
            pico = None if isinstance(error, ChannelNotFound) and not self._known(step.pico) else self._pico(step)
        except EngineError as error:
            return [self._at(step, Problem("the step", NOTHING, NOTHING, why=error.message))]
        if pico is None:
            names = [each.name for each in self._given.picos]
            why = f"there is no pico {step.pico!r}{suggestion(step.pico, names)}"
            return [self._at(step, Problem("the step", NOTHING, NOTHING, why=why))]
        if step.acts:
            self._news = self._rehearsal.news()
            self._requests = self._network.asked()
            self.all_news += self._news
        found = list(compare(step.expect, self._result(step, pico, answer, refused, failed)))
        if step.acts:
            found += self.missing_answers(step.title)
            found += self._failures_elsewhere(step, pico, steps)
        return [self._at(step, each) for each in found]

    @staticmethod
    def _at(step: Step, problem: Problem) -> Problem:
        members = {name: getattr(problem, name) for name in ("what", "expected", "actual", "rule", "place", "why")}
        return Problem(**members, step=step.number, title=step.title)

    async def _act(self, step: Step) -> Any:
        """The answer of a query, else nothing. Raises EngineError."""
        rehearsal = self._rehearsal
        rehearsal.news()
        self._network.asked()
        if step.at is not None:
            await rehearsal.advance(step.at - rehearsal.clock.now())
        if step.after:
            await rehearsal.advance(step.after)
        if step.event is not None:
            await rehearsal.send(await self._address(step), *step.event, step.members)
        elif step.query is not None:
            rid, name = step.query
            return await rehearsal.ask(await self._address(step), rid or self._rid(step.pico), name, step.members)
        return NOTHING

    async def _address(self, step: Step) -> str:
        """The ECI by which the step reaches its pico: of the channel that it names, else of the one that is open."""
        rehearsal = self._rehearsal
        if step.channel is not None:
            pico = self._pico(step)
            return (pico and rehearsal.channel_tagged(pico, step.channel)) or step.channel
        if step.pico not in self.tested and step.pico not in self._opened:
            child = self._pico(step)
            if child is not None:
                await rehearsal.add_channel(child, step.pico, ["test"])
                self._opened.add(step.pico)
                rehearsal.news()
        return step.pico

    def _known(self, name: str) -> bool:
        return name in self.tested or self._rehearsal.child(self._main, name) is not None

    def _pico(self, step: Step) -> str | None:
        """The id of the step's pico: one that is given, or a child that has this name."""
        if step.pico in self.tested:
            return self._rehearsal.pico_id(step.pico)
        for parent in self.tested:
            child = self._rehearsal.child(parent, step.pico)
            if child is not None:
                return child
        return None

    def _rid(self, pico: str) -> str:
        return self.tested.get(pico) or self.tested[self._main]

    def _result(self, step: Step, pico: str, answer: Any, refused: str | None, failed: dict[str, Any] | None) -> Result:
        rehearsal = self._rehearsal
        addresses = {rehearsal.pico_id(name): name for name in self.tested}
        texts = self._texts[step.pico] if step.pico in self.tested else [t for ts in self._texts.values() for t in ts]
        return Result(
            seen=Seen(pico, self._news, self._requests, addresses),
            rid=self._rid(step.pico),
            tested=[each.rid for each in texts],
            variable=lambda rid, name: rehearsal.variable(pico, rid, name),
            children=rehearsal.children(pico),
            sources=self._sources,
            answer=answer,
            refused=refused,
            failed=failed,
        )

    def missing_answers(self, title: str) -> list[Problem]:
        """Requests for which the test has no answer."""
        return [
            Problem(f"request {each}", title=title, why="no [[given.http]] answers it")
            for each in self._network.unanswered()
        ]

    def _failures_elsewhere(self, step: Step, pico: str, steps: Sequence[Step]) -> Iterator[Problem]:
        """Events that have failed in other picos, unless one of the looks that follow expects it."""
        looks = []
        for each in steps[step.number :]:
            if each.acts:
                break
            looks.append(each)
        excused = {self._pico(each) for each in looks if "failed" in each.expect}
        for report in self._news:
            if "failure" in report and report["pico"] != pico and report["pico"] not in excused:
                failure = report["failure"]
                place = self._sources.place(failure.get("rid"), failure.get("rule") or "")
                told = f"{failure['kind']}: {failure['message']}"
                what = f"event {report['domain']}:{report['type']} in pico {self._name(report['pico'])}"
                yield Problem(what, Words("no failure"), Words(told), rule=failure.get("rule"), place=place)

    def _name(self, pico: str) -> str:
        named = next((name for name in self.tested if self._rehearsal.pico_id(name) == pico), None)
        return named or self._rehearsal.variable(pico, WRANGLER, "name") or pico


def _tested(texts: Sequence[RulesetText], stem: str) -> str:
    """The ruleset under test: the one that the file is named after, else the last one."""
    for each in texts:
        if each.path.stem == stem:
            return each.rid
    return texts[-1].rid if texts else ""
