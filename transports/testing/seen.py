"""What a pico has done in a step, told in the words of a test file: from the reports of its events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine import WebRequest

from .network import bodies
from .values import instant

Report = dict[str, Any]
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule that was offered an event."""

    rid: str
    rule: str
    event: str  # `domain:type`
    selected: bool
    why: str | None  # it was not selected
    fired: bool
    conditions: tuple[Any, ...]  # what those came to that did not hold


class Seen:
    """One pico in one step."""

    def __init__(self, pico: str, news: list[Report], requests: list[WebRequest], addresses: Mapping[str, str]) -> None:
        """`news` are the events of all picos, `addresses` the names of picos by their ids."""
        self.reports = [each for each in news if each["pico"] == pico]
        self._news = {(each["eid"], each["pico"]): each for each in news}
        self._requests = requests
        self._addresses = addresses

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Why events have failed."""
        return [each["failure"] for each in self.reports if "failure" in each]

    def rules(self) -> Iterator[Asked]:
        """All rules that were asked, in their order."""
        for event, rid, rule in self._turns():
            rounds = rule.get("rounds", ())
            yield Asked(
                rid,
                rule["rule"],
                f"{event['domain']}:{event['type']}",
                rule["selected"],
                rule.get("why"),
                any(each.get("fired") for each in rounds),
                tuple(each["condition"] for each in rounds if each.get("fired") is False),
            )

    def events(self) -> list[str]:
        """The events that its rules were offered, and those that no rule has listened to."""
        found: dict[str, None] = {}
        for report in self.reports:
            found[f"{report['domain']}:{report['type']}"] = None
            for event in (report["trace"] or {}).get("events", ()):
                found[f"{event['domain']}:{event['type']}"] = None
        return list(found)

    def ended_by(self, rid: str) -> str | None:
        """The rule that has ended the turn of its ruleset before all others were asked."""
        return next((rule["rule"] for _, each, rule in self._turns() if each == rid and "ended" in rule), None)

    def _turns(self) -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
        for report in self.reports:
            for event in (report["trace"] or {}).get("events", ()):
                for ruleset in event["rulesets"]:
                    for rule in ruleset["rules"]:
                        yield event, ruleset["rid"], rule

    def _deeds(self) -> Iterator[tuple[str, str, dict[str, Any], Report]]:
        for report in self.reports:
            for event in (report["trace"] or {}).get("events", ()):
                for ruleset in event["rulesets"]:
                    for rule in ruleset["rules"]:
                        for deeds in (rule["did"], *(each["did"] for each in rule.get("rounds", ()))):
                            for deed in deeds:
                                yield ruleset["rid"], rule["rule"], deed, report

    # --- things that happen, by the name of their facet ------------------------------------------------------

    def selected(self) -> Iterator[Item]:
        """Rules."""
        return ({"rule": each.rule, "rid": each.rid} for each in self.rules() if each.selected)

    def fired(self) -> Iterator[Item]:
        """Rules of which at least one round fired."""
        return ({"rule": each.rule, "rid": each.rid} for each in self.rules() if each.fired)

    def directives(self) -> Iterator[Item]:
        """Of events that have not failed."""
        for report in self.reports:
            for each in report.get("directives", ()):
                meta = each["meta"]
                yield {"name": each["name"], "options": each["options"], "rule": meta["rule_name"], "rid": meta["rid"]}

    def raised(self) -> Iterator[Item]:
        """Within events."""
        for rid, rule, deed, _ in self._deeds():
            if "raise" in deed:
                yield {"event": deed["raise"], "attrs": deed["attrs"], "for": deed.get("for"), "rule": rule, "rid": rid}

    def sent(self) -> Iterator[Item]:
        """To picos, this one included."""
        for report in self.reports:
            for each in report["sent"]:
                told = self._news.get((each["eid"], each["pico"]))
                if told is not None and told["domain"] != "system":
                    to = self._addresses.get(each["pico"], each["pico"])
                    event = f"{told['domain']}:{told['type']}"
                    yield {"event": event, "attrs": told["attrs"], "to": told["eci"], "pico": to}

    def scheduled(self) -> Iterator[Item]:
        """For later."""
        for rid, rule, deed, report in self._deeds():
            job = report["jobs"].get(deed["id"]) if "schedule" in deed else None
            if job is not None:
                event = job["event"]
                when = {"at": instant(job["time"])} if job["type"] == "at" else {"repeat": job["timespec"]}
                words = f"{event['domain']}:{event['name']}"
                yield {"event": words, "attrs": event["data"]["attrs"], **when, "rule": rule, "rid": rid}

    def requests(self) -> Iterator[Item]:
        """Of all picos."""
        for each in self._requests:
            text, *value = bodies(each)
            told = {"request": f"{each.method} {each.url}", "body": text, "headers": dict(each.headers)}
            yield {**told, "json": value[0]} if value else told

    def logs(self) -> Iterator[Item]:
        """Lines that rules have written."""
        for rid, rule, deed, _ in self._deeds():
            if "log" in deed:
                yield {"message": deed["log"], "level": deed.get("level"), "rule": rule, "rid": rid}

    def setter(self, rid: str, name: str) -> str | None:
        """The rule that has written the variable last."""
        found = None
        for _, rule, deed, _ in self._deeds():
            if deed.get("set") == name and deed.get("rid") == rid:
                found = rule
        return found
