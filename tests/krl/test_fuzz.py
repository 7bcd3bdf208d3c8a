"""Whatever goes in, a value, diagnostics or a KRL error comes out, and soon.

The deadlines are generous, since machines are busy: they tell what hangs from what does not. Counted limits are
small here, so that what a program may do is over before the deadline.
"""

import json
import re
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from krl import Here, KRLError, KRLLoadError, Limits, LocalHost, Source, compile_ruleset, diagnose, evaluate, to_json
from krl import simulate as simulated

VECTORS = Path(__file__).parent.parent / "conformance"
EXPRESSIONS = [each["expr"] for each in json.loads((VECTORS / "expressions.json").read_text())]
SOURCES = [each["source"] for each in json.loads((VECTORS / "parse.json").read_text())]
RULESETS = [each["ruleset"] for each in json.loads((VECTORS / "events.json").read_text())]

LIMITS = Limits(
    max_steps=20_000, max_depth=500, max_callback_depth=100, max_text_units=20_000, max_items=5_000, regex_seconds=0.05
)
TOKEN = re.compile(r"\s+|\w+|re#(?:\\.|[^#])*#|\"(?:\\.|[^\"])*\"|<<|>>|#\{|=>|.", re.DOTALL)
TOKENS = sorted({token for text in [*SOURCES, *RULESETS] for token in TOKEN.findall(text)})

patient = settings(deadline=timedelta(seconds=5), max_examples=150)


@st.composite
def mutated(draw: st.DrawFn, texts: list[str]) -> str:
    """A text of the vectors with a few tokens deleted, doubled, replaced or swapped."""
    tokens = TOKEN.findall(draw(st.sampled_from(texts)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(tokens) - 1, 0)))
        other = draw(st.integers(0, max(len(tokens) - 1, 0)))
        match draw(st.sampled_from(["delete", "double", "replace", "swap"])) if tokens else "insert":
            case "delete":
                del tokens[at]
            case "double":
                tokens.insert(other, tokens[at])
            case "swap":
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case _:
                tokens[at : at + 1] = [draw(st.sampled_from(TOKENS))]
    return "".join(tokens)


any_text = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(TOKENS), max_size=60).map(" ".join),
    mutated(SOURCES),
    mutated(RULESETS),
)


@patient
@given(any_text)
def test_any_text_has_diagnostics_within_it(text):
    source = Source(text)

    for each in diagnose(source):
        assert 0 <= each.span.start <= each.span.end <= max(len(text), 1)
        assert str(each)
        assert each.as_json()["line"] >= 1


@patient
@given(mutated(RULESETS))
def test_what_has_no_error_compiles_and_what_has_one_does_not(text):
    source = Source(text)
    refused = any(each.severity == "error" for each in diagnose(source))

    try:
        compile_ruleset(source)
        assert not refused
    except KRLError:
        assert refused or not text.lstrip("\ufeff \n").startswith("ruleset")


@patient
@given(st.one_of(mutated(EXPRESSIONS), st.lists(st.sampled_from(TOKENS), max_size=30).map(" ".join)))
def test_any_expression_has_a_value_or_a_krl_error(text):
    try:
        shown = to_json(evaluate(text, LocalHost(limits=LIMITS, seed=1)))
    except KRLError as error:
        assert str(error)
    else:
        json.loads(shown)


@patient
@given(
    mutated(RULESETS),
    st.lists(
        st.fixed_dictionaries(
            {
                "domain": st.sampled_from("ab"),
                "type": st.sampled_from("pqrsx"),
                "attrs": st.dictionaries(st.sampled_from("abxyvn"), st.sampled_from([None, 1, "1", "a", [1], {}])),
                "time": st.integers(0, 10_000),
            }
        ),
        max_size=6,
    ),
)
def test_any_ruleset_answers_any_events(text, events):
    try:
        program = compile_ruleset(Source(text))
        outcomes = list(simulated(program, events, limits=LIMITS))
    except KRLError:
        return

    for outcome in outcomes:
        json.loads(to_json(outcome))


@patient
@given(mutated(RULESETS))
def test_loading_ends_in_an_instance_or_a_krl_error(text):
    def no_modules(use, *_):
        raise KRLLoadError(f"no module {use.rid}")

    try:
        program = compile_ruleset(Source(text))
        program.load(LocalHost(limits=LIMITS, seed=1), Here(program.rid, meta=program.meta), no_modules)
    except KRLError as error:
        assert str(error)
