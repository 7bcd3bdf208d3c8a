"""Arrows run down only: transports → engine → krl, rulesets; read from the code."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("krl", "rulesets", "engine", "transports")
OURS = frozenset(FLOORS)

MAY_IMPORT = {
    "krl": {"krl"},
    "rulesets": {"rulesets"},
    "engine": {"engine", "krl", "rulesets"},
    "transports": {"transports", "engine"},
    "transports.cli": {"transports", "engine", "krl", "rulesets"},
    "transports.testing": {"transports", "engine", "krl"},
}

# Others' libraries that only certain rooms may know.
ONLY_IN = {
    "ply": ("krl.lexer", "krl.tables", "krl.parser", "krl.grammar", "krl.tokens", "krl.lookahead"),
    "regex": ("krl.runtime", "krl.checker"),
    "greenlet": ("engine.suspend",),
    "cronsim": ("engine.timers.recurrence",),
    "sqlite_utils": ("engine.store",),
    "sqlite3": ("engine.store",),
    "httpx2": ("engine.effects.web", "transports.cli"),
    "starlette": ("transports",),
    "aio_pika": ("transports.amqp",),
    "aiormq": ("transports.amqp",),
    "uvicorn": ("transports",),
    "click": ("transports.cli",),
    "socket": ("engine.effects.web", "transports"),
}


def modules():
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(name, path):
    """Every module that the file names in an import, wherever the import stands."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}"


KNOWN = dict(modules())


def as_module(name):
    """The module of ours that an imported name belongs to."""
    while name and name not in KNOWN:
        name = name.rpartition(".")[0]
    return name


ARROWS = {name: set(imports(name, path)) for name, path in KNOWN.items()}


@pytest.mark.parametrize("name", KNOWN)
def test_arrows_run_down_only(name):
    room = max((each for each in MAY_IMPORT if f"{name}.".startswith(f"{each}.")), key=len)
    allowed = MAY_IMPORT[room]
    wrong = {each for each in ARROWS[name] if each.split(".")[0] in OURS and each.split(".")[0] not in allowed}
    assert not wrong


@pytest.mark.parametrize("name", [name for name in KNOWN if name.startswith(("engine", "transports"))])
def test_who_is_outside_a_floor_uses_its_face(name):
    floor = name.split(".")[0]
    inner = {
        each
        for each in ARROWS[name]
        if (target := as_module(each)).split(".")[0] in {"krl", "engine"} - {floor} and target not in ("krl", "engine")
    }
    assert not inner


def test_no_circles():
    graph = defaultdict(set)
    for name, names in ARROWS.items():
        for each in names:
            target = as_module(each)
            if target and target != name and not name.startswith(target + "."):
                graph[name].add(target)
    done, under_way = set(), []

    def visit(name):
        if name in done:
            return
        assert name not in under_way, " -> ".join([*under_way[under_way.index(name) :], name])
        under_way.append(name)
        for each in sorted(graph[name]):
            visit(each)
        under_way.pop()
        done.add(name)

    for name in KNOWN:
        visit(name)


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_in_its_room(library):
    rooms = ONLY_IN[library]
    users = {name for name, names in ARROWS.items() if any(each.split(".")[0] == library for each in names)}
    assert {name for name in users if not any(name == room or name.startswith(room + ".") for room in rooms)} == set()
