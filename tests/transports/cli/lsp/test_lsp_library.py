"""The rulesets within reach of the language server, whatever else lies in the folder."""

from __future__ import annotations

import os
from pathlib import Path

from transports.cli.lsp import library
from transports.cli.lsp.library import Library

RULESET = "ruleset a { }"


def rids(folder: Path) -> set[str]:
    found = Library(folders=[folder.as_uri()]).documents()
    return {each.ruleset.name for each in found if each.ruleset and each.uri.startswith(folder.as_uri())}


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    """A pipe would be waited for, and the editor with it."""
    (tmp_path / "good.krl").write_text(RULESET)
    os.mkfifo(tmp_path / "pipe.krl")
    (tmp_path / "folder.krl").mkdir()
    (tmp_path / "nowhere.krl").symlink_to(tmp_path / "none")

    assert rids(tmp_path) == {"a"}


def test_a_folder_of_folders_is_not_looked_through_for_ever(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(library, "MAX_FOLDERS", 3)
    for name in "abcd":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.krl").write_text(f"ruleset {name} {{ }}")

    assert rids(tmp_path) == {"a", "b"}
