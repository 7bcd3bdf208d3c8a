"""Counters and latencies as Prometheus reads them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from transports.api import Count, Gauge, Metrics


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_latencies_are_cumulative() -> None:
    metrics = Metrics(list)

    for seconds in (0.0005, 0.003, 120.0):
        metrics.observe("query", 200, seconds)

    found = samples(metrics)
    bucket = "picoengine_http_request_seconds_bucket"
    assert found[bucket, (("le", "0.001"), ("route", "query"))] == 1
    assert found[bucket, (("le", "0.005"), ("route", "query"))] == 2
    assert found[bucket, (("le", "60.0"), ("route", "query"))] == 2
    assert found[bucket, (("le", "+Inf"), ("route", "query"))] == 3


def test_a_time_on_a_bound_is_within_it() -> None:
    metrics = Metrics(list)

    metrics.observe("query", 200, 0.001)

    assert samples(metrics)["picoengine_http_request_seconds_bucket", (("le", "0.001"), ("route", "query"))] == 1


def test_gauges_are_read_when_asked() -> None:
    value = 1.0
    metrics = Metrics(lambda: [Gauge("ready", "Ready.", [(value, {})])])
    value = 2.0

    assert samples(metrics)["ready", ()] == 2.0


def test_counts_are_counters_with_their_labels() -> None:
    metrics = Metrics(lambda: [Count("answers", "Answers.", [(2.0, {"code": "250"}), (1.0, {"code": "550"})])])

    assert b"# TYPE answers_total counter" in metrics.text()
    assert (samples(metrics)["answers_total", (("code", "250"),)], len(samples(metrics))) == (2.0, 2)


def test_two_engines_in_one_process_do_not_share() -> None:
    one, other = Metrics(list), Metrics(list)

    one.observe("query", 200, 0.001)

    assert ("picoengine_http_requests_total", (("route", "query"), ("status", "200"))) not in samples(other)
