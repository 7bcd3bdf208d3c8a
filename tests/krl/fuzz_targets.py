"""Fuzzing guided by coverage, to be run by hand: whatever goes in, a value or a KRL error comes out.

    python -m tests.krl.fuzz_targets TARGET FOLDER [-max_total_time=600] [other options of libFuzzer]

FOLDER keeps the inputs that reached something new, and is filled with the conformance vectors at first. It needs
`pip install atheris`, which nothing else here does; `test_fuzz.py` covers the same ground without a guide.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["krl"], enable_loader_override=False):
    from krl import (
        Here,
        KRLError,
        Limits,
        LocalHost,
        Source,
        compile_ruleset,
        decode,
        diagnose,
        encode,
        evaluate,
        simulate,
        to_json,
    )
    from krl.library import LIBRARY
    from krl.runtime.methods import METHODS
    from krl.runtime.regexp import RegExp

VECTORS = Path(__file__).parent.parent / "conformance"
LIMITS = Limits(
    max_steps=20_000, max_depth=300, max_callback_depth=60, max_text_units=20_000, max_items=5_000, regex_seconds=0.05
)
EVENTS = [
    {"domain": domain, "type": type_, "attrs": {"a": "1", "x": "ab", "n": 5}, "time": 1000 * number}
    for number, (domain, type_) in enumerate(["ap", "aq", "bp", "ap", "ap"])
]
HERE = Here("fuzz")


def host() -> LocalHost:
    return LocalHost(limits=LIMITS, seed=1)


def read(text: str) -> None:
    """Lexer, parser, checker, and how their findings are shown."""
    for each in diagnose(Source(text)):
        assert 0 <= each.span.start <= each.span.end <= max(len(text), 1), each
        str(each), each.as_json()


def run(text: str) -> None:
    """What the checker lets pass compiles, loads and answers events."""
    source = Source(text)
    faults = [each for each in diagnose(source) if each.severity == "error"]
    try:
        program = compile_ruleset(source)
    except KRLError:
        assert faults or not text.lstrip("\ufeff \n").startswith("ruleset"), text
        return
    assert not faults, faults
    for outcome in simulate(program, EVENTS, limits=LIMITS):
        to_json(outcome)


def value(text: str) -> None:
    """An expression."""
    json.loads(to_json(evaluate(text, host())))


def data(text: str) -> None:
    """JSON text; what was decoded is encoded to a text that is encoded the same again."""
    once = encode(decode(text))
    assert encode(decode(once)) == once, text


def search(text: str) -> None:
    """A regular expression: its flags, a line break, the pattern, a line break, what is searched."""
    flags, _, rest = text.partition("\n")
    pattern, _, subject = rest.rpartition("\n")
    one = RegExp(pattern, "".join(each for each in "gim" if each in flags))
    for number, found in enumerate(one.matches(host(), subject)):
        assert 0 <= found.start() <= found.end() <= len(subject)
        if number > 50:
            break
    METHODS["replace"](host(), subject, one, "[$1$&$$]")
    METHODS["split"](host(), subject, one)


def formats(text: str) -> None:
    """`sprintf`, `strftime`, and everything that reads a time."""
    template, _, rest = text.partition("\n")
    for argument in (rest, 5, -0.5, 1e300, None, [1]):
        attempt(METHODS["sprintf"], argument, template)
    time = {name: member.call for name, member in LIBRARY["time"].items()}
    attempt(time["new"], HERE, rest)
    attempt(time["strftime"], HERE, "2020-02-29T12:34:56.789Z", template)
    attempt(time["strftime"], HERE, rest, template)
    attempt(time["add"], HERE, rest, {"days": 1.5, "months": -1})
    attempt(time["add"], HERE, "2020-02-29", {template: 1e15, "years": 3})


def attempt(function: Callable[..., object], *arguments: object) -> None:
    try:
        function(host(), *arguments)
    except KRLError as error:
        str(error)


TARGETS = {each.__name__: each for each in (read, run, value, data, search, formats)}


def seeds(target: str) -> Iterable[str]:
    """Inputs to begin with."""
    expressions = [each["expr"] for each in json.loads((VECTORS / "expressions.json").read_text())]
    rulesets = [each["ruleset"] for each in json.loads((VECTORS / "events.json").read_text())]
    match target:
        case "read":
            return [*(each["source"] for each in json.loads((VECTORS / "parse.json").read_text())), *rulesets]
        case "run":
            return rulesets
        case "value":
            return expressions
        case "data":
            return [
                '{"a": [1, -2.5e3, "x\\u00e9\\ud83d"], "1": null, "b": {"c": [[]], "d": true}}',
                "[1e400, -0]",
                '"a"',
            ]
        case "search":
            return [f"gi\n{each[3 : each.rindex('#')]}\naab aB\u00e9 1,2" for each in expressions if each[:3] == "re#"]
        case _:
            return [
                "%5d %s%%\n12",
                "%Y-%m-%d %H:%M:%S.%L %p %A %j %s\n2020-W05-3T24:00+01:00",
                "%-d %^a %:z %C\n20200229",
            ]


def words() -> Iterable[str]:
    """KRL's own words and marks, for the fuzzer to put in."""
    from krl.tokens import KEYWORDS, MARKS

    return [*KEYWORDS, *MARKS, "<<", ">>", "#{", "re#", "#", "//", "/*", "*/", "\\", *METHODS]


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    target = TARGETS[name]
    folder.mkdir(parents=True, exist_ok=True)
    for text in seeds(name):
        content = text.encode("utf-8", "surrogatepass")
        (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)
    dictionary = folder.parent / f"{folder.name}.words"
    dictionary.write_text("".join(f"{json.dumps(each)}\n" for each in words()))

    def one_input(content: bytes) -> None:
        try:
            target(content.decode("utf-8", "replace"))
        except KRLError as error:
            assert str(error)

    limits = ["-timeout=20", "-rss_limit_mb=1500", "-max_len=1500", f"-dict={dictionary}"]
    atheris.Setup([sys.argv[0], str(folder), *limits, *sys.argv[3:]], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
