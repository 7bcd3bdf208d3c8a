"""The face of the package: every name it promises is there, and costs nothing before it is used."""

import subprocess
import sys

import krl


def in_fresh_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_every_name_of_the_face_exists():
    for name in krl.__all__:
        assert getattr(krl, name) is not None, name


def test_an_unknown_name_is_no_attribute():
    assert not hasattr(krl, "nothing_of_this_name")


def test_checking_loads_no_compiler():
    program = (
        "import sys; from krl import Source, diagnose; diagnose(Source('1')); print('krl.compiler' in sys.modules)"
    )

    assert in_fresh_process(program) == "False"
