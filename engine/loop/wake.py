"""A pico wakes: its row, its rulesets and its half-matched expressions come from disk; the rest when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from krl import Instance, KRLLoadError, KRLRuntimeError

from ..changes import Changes
from ..cycle import Cycle, Parts
from ..document import loads
from ..errors import EngineError, PicoNotFound
from ..event import Event
from ..host import Host
from ..pico import Pico
from ..recorder import act
from ..registry.code import EMPTY, CodeSet, Installed, code_set_from_json
from ..registry.sources import is_inline
from ..resumed import Known
from ..store.interface import PicoRow
from .respond import Responder
from .wait import Item, Mailbox

KNOWN_SETS = 1000  # code sets kept in memory


class Waker:
    """Wakes picos and keeps their code up to date."""

    def __init__(self, parts: Parts, responder: Responder) -> None:
        self.parts = parts
        self._responder = responder
        self._code_sets = {EMPTY.hash: EMPTY}

    def awake(self, box: Mailbox) -> Pico:
        """The mailbox's pico, awake and with the present texts of its rulesets.

        New texts are an entry of the pico's own log. Raises PicoNotFound, StoreUnavailable.
        """
        pico = box.pico
        if pico is None:
            pico = box.pico = self.wake(box.id)
        # An event that has begun ends with the rulesets that it began with.
        if pico.registry_version != self.parts.registry.version and not box.has_begun:
            changed = self.follow(pico)
            if changed is not None:
                eid, now = self.parts.chance.new_eid(), self.parts.chance.now()
                event = Event(eid, pico.id, "engine", "ruleset_updated", {}, now)
                changed.inputs = act()
                self._responder.respond(changed, box, Item(box.id, event, "engine"), event, None)
        return pico

    def wake(self, id: str) -> Pico:
        """The pico as of its last committed event. Raises PicoNotFound, StoreUnavailable."""
        row = self.parts.directory.pico(id)
        if row is None:
            raise PicoNotFound(f"no pico {id!r} on this engine")
        pico = self.newborn(row, self.code_set(row.code))
        for rid, rule, expression, memory in self.parts.store.memory(id):
            pico.memory[rid, rule] = (expression, loads(memory))
        pico.time = self.parts.store.logged_at(id, pico.head_seq) or 0
        pico.instances = self.parts.loader.instances(pico.code, Host(self.parts, pico, Cycle("")))
        return pico

    def with_globals(self, pico: Pico, hashes: Mapping[str, str]) -> Mapping[str, Instance]:
        """The pico's instances, those of some rulesets with the globals that they had; by rid the hash of each.

        Raises Diverged if these cannot be computed again.
        """
        instances = dict(pico.instances)
        host = Host(self.parts, pico, Cycle("", inputs=Known(hashes, self.parts.store.blob)))
        for rid, hash in hashes.items():
            known, installed = instances.get(rid), pico.code.find(rid)
            if known is None or installed is None or (known.here.origin and known.here.origin.hash == hash):
                continue
            instances[rid] = self.parts.loader.load(installed, pico.code, host)
        return instances

    def newborn(self, row: PicoRow, code: CodeSet) -> Pico:
        """A pico that has no stored state yet, its rulesets not loaded."""
        salience = self.parts.loader.salience(code)
        version = self.parts.registry.version
        return Pico(row.id, row, code, {}, salience, row.head_seq, row.head_hash, registry_version=version)

    def code_set(self, hash: str) -> CodeSet:
        """The code set of this hash."""
        known = self._code_sets.get(hash)
        if known is None:
            body = self.parts.store.blob(hash)
            if body is None:
                raise LookupError(f"the store has no code set {hash!r}")
            if len(self._code_sets) > KNOWN_SETS:
                self._code_sets.clear()
            known = self._code_sets[hash] = code_set_from_json(body)
        return known

    def follow(self, pico: Pico) -> Host | None:
        """Take over texts that have changed under the pico's URLs: a host with that change, None if there is none.

        A new text whose ruleset does not load leaves the old one in force.
        """
        pico.registry_version = self.parts.registry.version
        host = Host(self.parts, pico, Cycle("", Changes()))
        behind = [new for installed in pico.code if (new := self._newer(installed)) is not None]
        while behind:
            failed = {new: error for new in behind if (error := self._refusal(host, new)) is not None}
            if len(failed) == len(behind):
                for new, error in failed.items():
                    self.parts.journal.note(pico.id, "error", f"{new.url} has a new text that does not load: {error}")
                break
            behind = list(failed)  # what failed may have needed what has loaded now
        return None if host.code is pico.code else host

    def _newer(self, installed: Installed) -> Installed | None:
        """The ruleset with the present text of its URL, if that is another one and of the same rid.

        A text that was given as such belongs to the pico that it was given to: the next one of that rid is not its.
        """
        row = self.parts.registry.row(installed.url)
        if row is None or row.hash == installed.hash or row.rid != installed.rid or is_inline(installed.url):
            return None
        return replace(installed, hash=row.hash)

    @staticmethod
    def _refusal(host: Host, new: Installed) -> Exception | None:
        """Install the ruleset, or say why it does not load."""
        try:
            host.install(new)
        except (KRLLoadError, KRLRuntimeError, EngineError) as error:
            return error
        return None
