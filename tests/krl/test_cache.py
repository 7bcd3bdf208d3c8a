"""Kept programs: the same as compiled ones, never out of date, and never another's."""

import hashlib
import json
import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

from krl import (
    Here,
    KRLSyntaxError,
    KRLTypeError,
    LocalHost,
    ProgramCache,
    Source,
    compile_ruleset,
    compiler,
    failing_line,
    simulate,
)
from krl import cache as module

VECTORS = Path(__file__).parent.parent / "conformance" / "events.json"
RULESETS = [each["ruleset"] for each in json.loads(VECTORS.read_text()) if not each.get("quirk")]
TEXT = """ruleset kept {
  meta { name "Kept" use module other alias o with k = 1 shares f }
  global { f = function(x, y = 2){ x + y } unused = 5 }
  rule one { select when repeat 2 (a:p v re#(.)#) max(m) send_directive("one", {"m": m}) }
  rule two { select where event:type == "q" pre { x = f(1) } }
}"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "programs"


@pytest.fixture
def cache(folder):
    return ProgramCache(folder)


@pytest.fixture
def compilations(monkeypatch):
    """A list that grows with each text that is compiled."""
    done = []
    compile_anew = compiler.compile_ruleset
    monkeypatch.setattr(
        compiler, "compile_ruleset", lambda source, **more: done.append(1) or compile_anew(source, **more)
    )
    return done


def test_what_is_kept_equals_what_was_compiled(cache):
    source = Source(TEXT, "kept.krl")

    program = compile_ruleset(source, cache)

    assert program.warnings
    assert cache.get(source, "1.x") == program


def test_every_ruleset_of_the_vectors_is_kept_whole(cache):
    for text in RULESETS:
        program = compile_ruleset(Source(text), cache)

        assert cache.get(Source(text), "1.x") == program, text


def test_a_kept_program_is_not_compiled_again(cache, compilations):
    first = compile_ruleset(Source(TEXT), cache)
    second = compile_ruleset(Source(TEXT), cache)

    assert len(compilations) == 1
    assert first == second


def test_a_kept_program_runs(cache):
    text = 'ruleset r { rule a { select when a:p v re#(.)# setting(x) send_directive("d", {"x": x}) } }'
    compile_ruleset(Source(text), cache)

    (outcome,) = simulate(
        cache.get(Source(text), "1.x"), [{"domain": "a", "type": "p", "attrs": {"v": "1"}, "time": 0}]
    )

    assert outcome["directives"][0]["options"] == {"x": "1"}


def test_a_kept_program_knows_the_line_that_failed(cache):
    text = "ruleset r {\n  meta { shares f }\n  global {\n    f = function(x){\n      x()\n    }\n  }\n}"
    source = Source(text)
    compile_ruleset(source, cache)
    program = cache.get(source, "1.x")
    instance = program.load(LocalHost(), Here("r"), None)
    with pytest.raises(KRLTypeError) as caught:
        instance.query(LocalHost(), "f", {"x": 5})

    assert failing_line(caught.value, program) == 5


def test_warnings_speak_of_the_file_that_was_asked_for(cache):
    compile_ruleset(Source(TEXT, "one.krl"), cache)

    program = compile_ruleset(Source(TEXT, "two.krl"), cache)

    assert {each.source.name for each in program.warnings} == {"two.krl"}


def test_a_start_from_kept_programs_loads_no_compiler(cache, folder):
    compile_ruleset(Source(TEXT), cache)
    program = (
        "import sys; from pathlib import Path; from krl import ProgramCache, Source, compile_ruleset\n"
        f"compile_ruleset(Source({TEXT!r}), ProgramCache(Path({str(folder)!r})))\n"
        "print('krl.compiler' in sys.modules, 'krl.parser' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False False"


def test_another_text_is_another_program(cache):
    compile_ruleset(Source(TEXT), cache)

    assert cache.get(Source(TEXT + " "), "1.x") is None


def test_another_dialect_is_another_program(cache):
    compile_ruleset(Source(TEXT), cache)

    assert cache.get(Source(TEXT), "0.x") is None


def test_another_edition_of_the_compiler_asks_for_other_files(cache, folder, monkeypatch):
    compile_ruleset(Source(TEXT), cache)
    monkeypatch.setattr(module, "_edition", lambda: b"of tomorrow")

    assert ProgramCache(folder).get(Source(TEXT), "1.x") is None


def test_every_file_of_the_package_is_part_of_the_edition(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "__file__", str(tmp_path / "cache.py"))
    editions = set()
    for content in ("", "x = 1", "x = 2"):
        (tmp_path / "deep").mkdir(exist_ok=True)
        (tmp_path / "deep" / "file.py").write_text(content)
        editions.add(module._edition.__wrapped__())

    assert len(editions) == 3


def test_nothing_is_kept_by_a_package_whose_files_cannot_be_seen(folder, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(module, "__file__", str(tmp_path / "empty" / "cache.py"))
    monkeypatch.setattr(module, "_edition", module._edition.__wrapped__)

    compile_ruleset(Source(TEXT), ProgramCache(folder))

    assert not folder.exists()


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: b"", lambda content: b"x" * 100])
def test_a_damaged_file_is_compiled_anew(cache, folder, compilations, damage):
    compile_ruleset(Source(TEXT), cache)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))

    compile_ruleset(Source(TEXT), cache)

    assert len(compilations) == 2
    assert file.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b"no marshal", marshal.dumps(5), marshal.dumps((1, 2, 3))])
def test_a_file_that_is_none_of_ours_is_not_read(cache, folder, content):
    compile_ruleset(Source(TEXT), cache)
    (file,) = folder.iterdir()
    file.write_bytes(hashlib.sha256(content).digest() + content)

    assert cache.get(Source(TEXT), "1.x") is None


def test_the_program_of_another_text_is_not_taken(cache, folder):
    compile_ruleset(Source("ruleset other { }"), cache)
    (other,) = folder.iterdir()
    compile_ruleset(Source(TEXT), cache)
    (file,) = (each for each in folder.iterdir() if each != other)
    file.write_bytes(other.read_bytes())

    assert cache.get(Source(TEXT), "1.x") is None


def test_nobody_else_may_look_into_the_folder(cache, folder):
    compile_ruleset(Source(TEXT), cache)

    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_write_to_is_not_read(cache, folder, compilations):
    compile_ruleset(Source(TEXT), cache)
    folder.chmod(0o777)

    compile_ruleset(Source(TEXT), cache)

    assert len(compilations) == 2


def test_a_folder_of_another_user_is_not_read(cache, compilations, monkeypatch):
    compile_ruleset(Source(TEXT), cache)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)

    compile_ruleset(Source(TEXT), cache)

    assert len(compilations) == 2


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    (tmp_path / "file").write_text("no folder")

    assert compile_ruleset(Source(TEXT), ProgramCache(tmp_path / "file" / "programs")).rid == "kept"


def test_without_a_folder_the_users_is_used(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "user_folder", lambda: tmp_path / "picoengine")

    compile_ruleset(Source(TEXT), ProgramCache())

    assert len(list((tmp_path / "picoengine" / "programs").iterdir())) == 1


def test_a_text_that_is_refused_is_not_kept(cache, folder):
    with pytest.raises(KRLSyntaxError):
        compile_ruleset(Source("ruleset r { rule }"), cache)

    assert not folder.exists()


def test_the_number_of_files_is_bounded(folder):
    small = ProgramCache(folder, max_files=4)

    for number in range(12):
        compile_ruleset(Source(f"ruleset r{number} {{ }}"), small)

    assert 2 <= len(list(folder.iterdir())) <= 4


def test_the_newest_files_stay(folder):
    small = ProgramCache(folder, max_files=4)
    texts = [f"ruleset r{number} {{ }}" for number in range(5)]

    for text in texts:
        for file in folder.glob("*"):
            os.utime(file, (0, 0))
        compile_ruleset(Source(text), small)

    assert small.get(Source(texts[-1]), "1.x") is not None


def test_what_marshal_cannot_write_is_not_kept(cache, folder):
    deep = "ruleset r { meta { use module m with k = " + "[" * 2500 + "]" * 2500 + " } }"

    assert compile_ruleset(Source(deep), cache).rid == "r"
    assert cache.get(Source(deep), "1.x") is None
