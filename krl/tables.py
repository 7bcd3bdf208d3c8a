"""The parser's tables: built from the grammar, or taken from a cache.

Building takes half a second, reading what was built a few milliseconds. A cache file lies beside this module if the
package was made with one (`python -m krl.tables`), else in the user's cache folder; its name is a hash of all that
the tables depend on, so a stale one is never read.
"""

from __future__ import annotations

import hashlib
import inspect
import marshal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ply import yacc

from .grammar import eventex, expressions, rules, ruleset
from .keeping import read, user_folder, write
from .tokens import KINDS, PRECEDENCE

SUBJECTS: tuple[ModuleType, ...] = (ruleset, rules, eventex, expressions)
START = "source"
LAYERS = "p_layers"  # the productions that do nothing but hand a value up
EDITION = 2  # of what is done to the tables once they are built

Producer = Callable[[Any], None]


class GrammarError(Exception):
    """The grammar cannot become tables: a fault of this package."""


def tables() -> Any:
    """PLY's LRTable of the grammar, its functions bound."""
    functions = producers()
    name = _file_name(functions)
    kept = next((found for folder in (_package_folder(), user_folder()) if (found := read(folder, name))), None)
    if kept is None:
        kept = marshal.dumps(_plain(shortened(build(grammar(functions)))))
        write(user_folder(), name, kept)
    return _bound(marshal.loads(kept), functions)


def producers() -> dict[str, Producer]:
    """All `p_` functions of the grammar by name, in the order of the files."""
    found: dict[str, Producer] = {}
    for subject in SUBJECTS:
        own = {name: value for name, value in vars(subject).items() if name.startswith("p_")}
        if twice := found.keys() & own.keys():
            raise GrammarError(f"two functions of the grammar have one name: {sorted(twice)}")
        found |= own
    return found


def grammar(functions: dict[str, Producer]) -> Any:
    """PLY's Grammar of these functions; every token and every symbol in it is used."""
    made = yacc.Grammar(KINDS)
    for level, (association, *kinds) in enumerate(PRECEDENCE, start=1):
        for kind in kinds:
            made.set_precedence(kind, association, level)
    for name, function in functions.items():
        for _, line, left, right in yacc.parse_grammar(inspect.getdoc(function), name, 0):
            made.add_production(left, right, name, name, line)
    made.set_start(START)
    if faults := [*made.undefined_symbols(), *made.unused_terminals(), *made.unused_rules(), *made.infinite_cycles()]:
        raise GrammarError(f"symbols without rules, without use or without end: {faults}")
    return made


def build(grammar: Any) -> Any:
    """The LALR tables of PLY's Grammar. Raises GrammarError if one state and token allow two moves."""
    table = yacc.LRGeneratedTable(grammar)
    if conflicts := [*table.sr_conflicts, *table.rr_conflicts]:
        raise GrammarError(f"the grammar has conflicts: {conflicts}")
    return table


def shortened(table: Any) -> Any:
    """The tables with the detours taken out: what does nothing but hand its value up a layer goes there at once."""
    layers = {-number: each.name for number, each in enumerate(table.lr_productions) if each.func == LAYERS}
    moves = defaults(table)
    for row in table.lr_goto.values():
        for symbol, state in row.items():
            while (layer := layers.get(moves.get(state, 0))) is not None:
                state = row[layer]
            row[symbol] = state
    return table


def defaults(table: Any) -> dict[int, int]:
    """The states that know but one move, a reduction, whatever token comes; and that move."""
    only = {state: set(row.values()) for state, row in table.lr_action.items()}
    return {state: moves.pop() for state, moves in only.items() if len(moves) == 1 and max(moves) < 0}


# --- as plain data ----------------------------------------------------------------------------------------


def _plain(table: Any) -> tuple[Any, ...]:
    rows = [(str(each), each.name, each.len, each.func) for each in table.lr_productions]
    return table.lr_action, table.lr_goto, rows


def _bound(plain: tuple[Any, ...], functions: dict[str, Producer]) -> Any:
    table = yacc.LRTable()
    table.lr_action, table.lr_goto, rows = plain
    table.lr_productions = [yacc.MiniProduction(*row, file="", line=0) for row in rows]
    table.bind_callables(functions)
    return table


# --- files ------------------------------------------------------------------------------------------------


def _file_name(functions: dict[str, Producer]) -> str:
    texts = [(name, function.__doc__) for name, function in functions.items()]
    depends = (
        EDITION,
        texts,
        KINDS,
        PRECEDENCE,
        START,
        yacc.__version__,
        sys.implementation.cache_tag,
        marshal.version,
    )
    return f"krl-{hashlib.sha256(repr(depends).encode()).hexdigest()[:32]}.tables"


def _package_folder() -> Path:
    return Path(__file__).parent / "grammar"


def main() -> None:
    """Put the tables into the package, for a distribution that starts fast from the first time on."""
    functions = producers()
    write(_package_folder(), _file_name(functions), marshal.dumps(_plain(shortened(build(grammar(functions))))))


if __name__ == "__main__":
    main()
