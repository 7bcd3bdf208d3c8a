"""What the documents show is what happens: their console blocks are executed as printed, against a real engine.

In a block, `$ ` begins a command, `> ` continues it, and everything else is what the command prints. Commands of one
document share a shell. Identifiers and the engine's port differ from run to run and are not compared.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from engine.modules import MODULES
from krl import Source, compile_ruleset
from krl.runtime.methods import METHODS
from tests.examples.engine_process import ROOT, EngineProcess
from transports.api.table import API_OPERATIONS
from transports.http.table import PICO_OPERATIONS

DOCUMENTS = ("README.md", "docs/tutorial.md")
END = "--- end of command ---"
VOLATILE = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<eid>"),
    (re.compile(r"\b[a-z][a-z0-9]{24,25}\b"), "<id>"),
)


def blocks(text: str, language: str) -> list[str]:
    """The contents of the fenced blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[tuple[str, str]]:
    """Each command of a console block with what it prints."""
    found: list[tuple[list[str], list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(([line[2:]], []))
        elif line.startswith("> ") or line == ">":
            found[-1][0].append(line[2:])
        else:
            found[-1][1].append(line)
    return [("\n".join(command), "\n".join(printed)) for command, printed in found]


def settled(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, name in VOLATILE:
        text = pattern.sub(name, text)
    return text.strip()


def run_in_one_shell(lines: list[str], folder: Path) -> list[str]:
    """What each of the commands prints."""
    script = "".join(f"{line}\nprintf '\\n{END}\\n'\n" for line in lines)
    done = subprocess.run(["bash", "-s"], input=script, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(END)[:-1]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_walk_through_prints_what_it_says(document: str, tmp_path: Path) -> None:
    text = (ROOT / document).read_text()
    shown = [pair for block in blocks(text, "console") for pair in commands(block)]
    for ruleset in blocks(text, "krl"):
        (tmp_path / "hello.krl").write_text(ruleset)

    with EngineProcess(tmp_path / "home") as engine:
        lines = [command.replace("http://localhost:3000", engine.url) for command, _ in shown]
        printed = run_in_one_shell(lines, tmp_path)

    assert [settled(each) for each in printed] == [settled(expected) for _, expected in shown]


def documented_rulesets() -> list[tuple[str, str]]:
    """Every whole ruleset in the documents and the examples."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    shown = [(page.name, block) for page in pages for block in blocks(page.read_text(), "krl")]
    files = [(path.name, path.read_text()) for path in sorted((ROOT / "docs").rglob("*.krl"))]
    return [(name, text) for name, text in shown + files if re.search(r"^ruleset ", text, re.MULTILINE)]


@pytest.mark.parametrize(("name", "text"), documented_rulesets())
def test_a_documented_ruleset_compiles_without_a_warning(name: str, text: str) -> None:
    assert compile_ruleset(Source(text, name)).warnings == ()


@pytest.mark.parametrize("document", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)[^):]*\)", document.read_text())

    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("path", [each.path for each in (*PICO_OPERATIONS, *API_OPERATIONS)])
def test_every_route_is_documented(path: str) -> None:
    page = (ROOT / "docs" / "http.md").read_text()
    names = {"event.eci": "eci", "query.eci": "eci", "event.eid": "eid", "event.name": "type"}

    written = re.sub(r"\{([a-z.]+)\}", lambda match: f"<{names.get(match[1], match[1].rpartition('.')[2])}>", path)

    assert f"`{written}`" in page


def test_every_operator_is_documented() -> None:
    page = (ROOT / "docs" / "operators.md").read_text()

    assert [name for name in METHODS if not re.search(rf"`{name}\(", page)] == []


def module_members() -> list[tuple[str, str]]:
    """Every member of a built-in module; `stdlib` has the operators, which have a page of their own."""
    return sorted((domain, name) for domain, module in MODULES.items() if domain != "stdlib" for name in module)


@pytest.mark.parametrize(("domain", "member"), module_members())
def test_every_member_of_a_module_is_documented(domain: str, member: str) -> None:
    page = (ROOT / "docs" / "modules.md").read_text()
    [section] = re.findall(rf"^## {domain}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)

    assert re.search(rf"`{member}\b", section)


def cited_sections() -> list[tuple[str, str]]:
    """Every `docs/page.md, "Section"` in the code's docstrings."""
    sources = [path for package in ("krl", "engine", "transports") for path in (ROOT / package).rglob("*.py")]
    citation = re.compile(r'docs/([a-z-]+\.md)((?:,? (?:and )?"[^"\n]+")*)')
    found = {match.groups() for path in sources for match in citation.finditer(path.read_text())}
    return sorted((page, title) for page, titles in found for title in re.findall(r'"([^"]+)"', titles))


@pytest.mark.parametrize(("page", "section"), cited_sections())
def test_a_section_that_the_code_cites_is_there(page: str, section: str) -> None:
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / page).read_text(), re.MULTILINE)

    assert section in headings
