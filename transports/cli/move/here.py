"""Make picos like those that were read: the tree, then each one's channels, data and rulesets.

Each new pico remembers in its data service which one it was made after. That is how a second attempt finds what the
first has made, and how a finished one is recognised.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..client import UI, Client, Failure
from .there import PDS, Channel, Known, Ruleset

SYSTEM = "io.picolabs."
OWN_RIDS = frozenset(SYSTEM + name for name in ("pico-engine-ui", "wrangler", "subscription", "did-o", "pds"))
OWN_TAGS = (frozenset({"engine", "ui"}), frozenset({"wellknown_rx", "tx_rx"}), frozenset({"pds"}))
NOTES, NOTE = "picoengine.import", "from"  # namespace and key of what a pico remembers
LOOKS = ("backgroundColor", "x", "y", "width", "height", "name")


@dataclass(slots=True)
class Made:
    """A new pico, and by which of its channels the old one's are replaced."""

    known: Known
    eci: str  # its UI channel
    ecis: dict[str, str] = field(default_factory=dict)  # old → new


@dataclass(slots=True)
class Move:
    """A move under way."""

    client: Client
    origin: str  # the other engine's URL
    made: list[Made] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # what could not be carried over, and why

    # --- the tree -----------------------------------------------------------------------------------------

    def settle(self, root: Known, eci: str) -> None:
        """Let the pico with this UI channel stand for `root`, and make a pico for each one below.

        Raises Failure if that pico stands for another one already.
        """
        note = self._note(eci)
        if note is None:
            note = {"eci": root.eci, "kept": self._children(eci)}
        elif note["eci"] != root.eci:
            raise Failure("a pico of another engine was imported here before; give another pico by --into", 1)
        self._remember(eci, note)
        waiting = [(self._stand_for(root, eci), note.get("kept", []))]
        while waiting:
            parent, kept = waiting.pop()
            ours = self._ours(parent.eci, kept)
            for child in parent.known.children:
                made = self._stand_for(child, ours.get(child.eci) or self._new_child(parent.eci, child, ours, kept))
                ours[child.eci] = made.eci
                waiting.append((made, []))

    def _stand_for(self, known: Known, eci: str) -> Made:
        made = Made(known, eci, {known.eci: eci})
        self.made.append(made)
        looks = {name: known.box[name] for name in LOOKS if known.box.get(name)}
        self.client.event(eci, "engine_ui", "box", looks)
        self.lost += [f"{known.name} ({known.eci}): {each}" for each in known.unread]
        return made

    def _ours(self, parent: str, kept: Iterable[str]) -> dict[str, str]:
        """The children that stand for others already: UI channels by those of the others."""
        notes = {eci: self._note(eci) for eci in self._children(parent) if eci not in kept}
        return {note["eci"]: eci for eci, note in notes.items() if note is not None}

    def _new_child(self, parent: str, child: Known, ours: dict[str, str], kept: Iterable[str]) -> str:
        """A pico for `child`: a new one, or the one that was made last and could not be given its note any more."""
        before = {*ours.values(), *kept}
        nameless = [eci for eci in self._children(parent) if eci not in before]
        if not nameless:
            attributes = {"name": child.name, "backgroundColor": child.box.get("backgroundColor")}
            after = self.client.event_query(parent, "engine_ui", "new", attributes, UI, "box")["children"]
            nameless = [eci for eci in after if eci not in before]
        if len(nameless) != 1:
            raise Failure(f"the pico {parent} has got children from elsewhere meanwhile", 1)
        self._remember(nameless[0], {"eci": child.eci})
        return nameless[0]

    def _children(self, eci: str) -> list[str]:
        children: list[str] = self.client.query(eci, UI, "box").get("children") or []
        return children

    # --- channels -----------------------------------------------------------------------------------------

    def copy_channels(self, made: Made) -> None:
        """A channel for each that is neither the family's, nor one that a pico has anyway, nor one of a relation."""
        here = [each for each in self._channels(made.eci) if each["id"] not in made.ecis.values()]
        for old in made.known.channels:
            if old["id"] in made.ecis or old.get("familyChannelPicoID") or "system" in old["tags"]:
                continue
            new = next((each for each in here if _is_like(old, each)), None)
            if new is None:
                new = self._new_channel(made.eci, old)
            else:
                here.remove(new)
            made.ecis[old["id"]] = new["id"]

    def _new_channel(self, eci: str, old: Channel) -> Channel:
        known = {each["id"] for each in self._channels(eci)}
        attributes = {name: old[name] for name in ("tags", "eventPolicy", "queryPolicy")}
        after = self.client.event_query(eci, "engine_ui", "new_channel", attributes, UI, "pico")["channels"]
        return next(each for each in after if each["id"] not in known)

    def _channels(self, eci: str) -> list[Channel]:
        channels: list[Channel] = self.client.query(eci, UI, "pico")["channels"]
        return channels

    # --- data ---------------------------------------------------------------------------------------------

    def copy_data(self, made: Made) -> None:
        """What the data service holds: general data, settings, profile."""
        service = self._service(made.eci)
        for namespace, values in (made.known.data.get("general") or {}).items():
            if namespace != NOTES:
                self.client.event(service, "pds", "map_item", {"namespace": namespace, "mapvalues": values})
        for rid, setting in (made.known.data.get("settings") or {}).items():
            common = {"keyed_rid": rid, "name": setting.get("name"), "schema": setting.get("schema")}
            data = setting.get("data") or {}
            for more in [{"data_key": key, "value": value} for key, value in data.items()] or [{}]:
                self.client.event(service, "pds", "add_settings", {**common, **more})
        if profile := made.known.data.get("profile"):
            self.client.event(service, "pds", "updated_profile", profile)

    def _service(self, eci: str) -> str:
        """The channel of a pico's data service."""
        found = next((each["id"] for each in self._channels(eci) if each["tags"] == ["pds"]), None)
        if found is None:
            raise Failure(f"the pico {eci} has no data service ({PDS})", 1)
        return str(found)

    def _note(self, eci: str) -> dict[str, Any] | None:
        """What a pico remembers of the one that it stands for."""
        told = self.client.query(self._service(eci), PDS, "items", {"namespace": NOTES, "key": NOTE})
        note: dict[str, Any] | None = told["general"]
        return note

    def _remember(self, eci: str, note: dict[str, Any]) -> None:
        attributes = {"namespace": NOTES, "key": NOTE, "value": {"url": self.origin, **note}}
        self.client.event(self._service(eci), "pds", "new_data_available", attributes)

    # --- rulesets -----------------------------------------------------------------------------------------

    def copy_rulesets(self, made: Made) -> None:
        """The rulesets that a pico does not have anyway, modules before their users."""
        here = {each["rid"]: each for each in self.client.query(made.eci, UI, "pico")["rulesets"]}
        for old in modules_first(made.known.rulesets):
            new = here.get(old["rid"])
            if old["rid"] in OWN_RIDS or (new and new["config"] == old["config"]):
                continue
            try:
                self._install(made, old)
            except Failure as failure:
                self.lost.append(f"{made.known.name} ({made.known.eci}): ruleset {old['rid']}: {failure.message}")
        self._compare_texts(made)

    def _install(self, made: Made, old: Ruleset) -> None:
        """By its URL, so that it can be flushed; by its text where this engine cannot get it from there."""
        text, config = _text(old), old.get("config") or {}
        failed = ""
        if not old["url"].startswith("inline:") or text is None:
            try:
                self.client.event(made.eci, "engine_ui", "install", {"url": old["url"], "config": config})
                return
            except Failure as failure:
                if text is None:
                    raise
                failed = failure.message
        self.client.event(made.eci, "engine_ui", "install", {"source": text, "config": config})
        if failed:
            self.lost.append(f"{old['url']}: {failed}; {old['rid']} was installed by its text instead")

    def _compare_texts(self, made: Made) -> None:
        here = {each["rid"]: _text(each) for each in self.client.query(made.eci, UI, "pico")["rulesets"]}
        for old in made.known.rulesets:
            if old["rid"] not in OWN_RIDS and old["rid"] in here and _text(old) not in (None, here[old["rid"]]):
                self.lost.append(
                    f"{old['url']}: the text there is another than {self.origin} runs; the new one is in force"
                )

    # --- the end ------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Let each pico remember the channels; the first of them also that all is done."""
        for made in reversed(self.made):
            note = self._note(made.eci) or {"eci": made.known.eci}
            self._remember(made.eci, {**note, "ecis": made.ecis, "done": True})

    def is_done(self, root: Known, eci: str) -> bool:
        """Whether this pico stands for `root` already, and all below it for all below that."""
        note = self._note(eci)
        return note is not None and note["eci"] == root.eci and note.get("done", False)

    def recall(self, root: Known, eci: str) -> None:
        """Take from the notes what a finished move has made."""
        known = {each.eci: each for each in root.walk()}
        waiting = [eci]
        while waiting:
            here = waiting.pop()
            note = self._note(here)
            if note is not None and note["eci"] in known:
                self.made.append(Made(known[note["eci"]], here, note.get("ecis", {})))
                waiting.extend(reversed(self._children(here)))


def modules_first(rulesets: list[Ruleset]) -> list[Ruleset]:
    """The rulesets, each after those of them that it uses, else in their order."""
    ordered: list[Ruleset] = []
    left = rulesets
    while left:
        rids = {each["rid"] for each in left}
        ready = [each for each in left if not _modules(each) & rids - {each["rid"]}] or left
        ordered += ready
        left = [each for each in left if each not in ready]
    return ordered


def _modules(ruleset: Ruleset) -> set[str]:
    """The rids of the modules that it uses."""
    used = ((ruleset.get("meta") or {}).get("krlMeta") or {}).get("use") or []
    return {each["rid"] for each in used if each.get("kind") == "module"}


def _text(ruleset: Ruleset) -> str | None:
    text: str | None = (ruleset.get("meta") or {}).get("krl")
    return text


def _is_like(one: Channel, other: Channel) -> bool:
    """Whether a channel can stand for another: one that every pico has by its tags, any other by its policies too."""
    tags = set(one["tags"])
    if tags != set(other["tags"]) or other.get("familyChannelPicoID"):
        return False
    return tags in OWN_TAGS or all(one[policy] == other[policy] for policy in ("eventPolicy", "queryPolicy"))
