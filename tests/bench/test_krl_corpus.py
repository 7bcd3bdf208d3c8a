"""The corpus that speed is measured on is KRL, and always the same."""

from krl import Source, diagnose
from tests.bench.krl_corpus import corpus


def test_the_corpus_depends_on_its_seed_only():
    assert corpus(seed=3, size=5) == corpus(seed=3, size=5)
    assert corpus(seed=3, size=5) != corpus(seed=4, size=5)


def test_the_corpus_has_short_and_long_rulesets():
    lines = [text.count("\n") for text in corpus()]

    assert min(lines) < 40
    assert max(lines) > 800


def test_nothing_in_the_corpus_is_an_error():
    found = [each for text in corpus(size=20) for each in diagnose(Source(text))]

    assert [str(each) for each in found if each.severity == "error"] == []
