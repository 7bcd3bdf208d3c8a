"""The parser's tables: free of conflicts, and kept from one start to the next."""

import marshal

import pytest
from ply import yacc

from krl import tables as module
from krl.tables import GrammarError, build, grammar, producers, tables
from krl.tokens import PRECEDENCE


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache folder, and no tables in the package."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "_package_folder", lambda: tmp_path / "package")
    return tmp_path / "cache" / "picoengine"


@pytest.fixture
def builds(monkeypatch):
    """A list that grows with each building. What is built is small, to be quick."""
    done = []

    def small(_):
        done.append(1)
        return build(grammar_of("a : a '+' a", ("left", "+")))

    monkeypatch.setattr(module, "build", small)
    monkeypatch.setattr(module, "grammar", lambda functions: None)
    monkeypatch.setattr(module, "_bound", lambda plain, functions: plain)
    return done


def grammar_of(production, *precedence):
    made = yacc.Grammar(["NUMBER"])
    for level, (association, kind) in enumerate(precedence, start=1):
        made.set_precedence(kind, association, level)
    for text in (production, "a : NUMBER"):
        for _, line, left, right in yacc.parse_grammar(text, "", 0):
            made.add_production(left, right, "p_a", "", line)
    made.set_start("a")
    return made


def test_a_conflict_is_refused():
    with pytest.raises(GrammarError, match="conflicts"):
        build(grammar_of("a : a '+' a"))


def test_only_marks_with_a_precedence_need_one():
    """A mark without precedence would lose to `%prec LOWEST` without a word from PLY."""
    bare = grammar(producers())
    bare.Precedence = {}
    for production in bare.Productions:
        production.prec = ("right", 0)

    table = yacc.LRGeneratedTable(bare)

    ranked = {kind for _, *kinds in PRECEDENCE for kind in kinds}
    assert {kind for _, kind, _ in table.sr_conflicts} <= ranked
    assert {move for _, _, move in table.sr_conflicts} == {"shift"}
    assert not table.rr_conflicts


def test_what_was_built_is_read_the_next_time(cache, builds):
    assert tables() == tables()
    assert len(builds) == 1


def test_what_is_kept_makes_the_same_tables(cache):
    built, kept = tables(), tables()

    assert built.lr_action == kept.lr_action
    assert built.lr_goto == kept.lr_goto
    assert [str(each) for each in built.lr_productions] == [str(each) for each in kept.lr_productions]


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: b"", lambda content: b"x" + content])
def test_a_damaged_file_is_built_anew(cache, builds, damage):
    tables()
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))

    tables()

    assert len(builds) == 2
    assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_made_is_no_error(monkeypatch, tmp_path, cache, builds):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert tables()


@pytest.mark.parametrize("home", ["relative/cache", "."])
def test_nothing_is_written_to_the_working_folder(monkeypatch, tmp_path, cache, builds, home):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CACHE_HOME", home)

    tables()

    assert not list((tmp_path / "work").iterdir())


def test_nothing_is_left_beside_the_file(cache, builds):
    tables()

    assert [file.suffix for file in cache.iterdir()] == [".tables"]


def test_the_file_is_named_after_the_grammar(cache, builds, monkeypatch):
    tables()
    monkeypatch.setattr(module, "PRECEDENCE", PRECEDENCE[:-1])

    tables()

    assert len(list(cache.iterdir())) == 2


def test_tables_in_the_package_need_no_cache(cache, builds, tmp_path):
    (tmp_path / "package").mkdir()
    module.main()

    tables()

    assert len(builds) == 1
    assert not cache.exists()


def test_kept_tables_are_plain_data(cache):
    tables()
    (file,) = cache.iterdir()

    action, goto, rows = marshal.loads(file.read_bytes()[32:])

    assert len(action) == len(goto) > 100
    assert all(len(row) == 4 for row in rows)
