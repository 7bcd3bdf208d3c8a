"""Counters and latencies of requests, for Prometheus.

The hot path only counts into dictionaries; the library's own objects, which lock at each count, are made when somebody
asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Gauge:
    """What can be read at any time: its values, each with its labels."""

    name: str
    meaning: str
    values: Sequence[tuple[float, Mapping[str, str]]]


class Count(Gauge):
    """The same of what only grows: how often something has happened since the start. Its name gets `_total`."""


Gauges = Callable[[], Iterable[Gauge]]


class Metrics(Collector):
    """What one engine's HTTP has done since its start."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges
        self._requests: dict[tuple[str, int], int] = {}
        self._latencies: dict[str, _Latency] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (route, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        latency = self._latencies.get(route)
        if latency is None:
            latency = self._latencies[route] = _Latency()
        latency.buckets[bisect_left(SECONDS, seconds)] += 1
        latency.total += seconds

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """For the library: the metrics as they stand."""
        requests = CounterMetricFamily(
            "picoengine_http_requests", "Answers given, by route and status.", labels=("route", "status")
        )
        for (route, status), count in sorted(self._requests.items()):
            requests.add_metric((route, str(status)), count)
        yield requests
        latencies = HistogramMetricFamily(
            "picoengine_http_request_seconds", "Time from a request's head to its answer.", labels=("route",)
        )
        for route, latency in sorted(self._latencies.items()):
            latencies.add_metric((route,), latency.cumulative(), latency.total)
        yield latencies
        for gauge in self._gauges():
            names = sorted({name for _, labels in gauge.values for name in labels})
            kind = CounterMetricFamily if isinstance(gauge, Count) else GaugeMetricFamily
            family = kind(gauge.name, gauge.meaning, labels=names)
            for value, labels in gauge.values:
                family.add_metric([labels[name] for name in names], value)
            yield family


class _Latency:
    """One route's times: a count for each bucket and one for what is beyond."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(SECONDS) + 1)
        self.total = 0.0

    def cumulative(self) -> list[tuple[str, float]]:
        """Counts of all that took no longer than each bound."""
        bounds = [*(str(bound) for bound in SECONDS), "+Inf"]
        return [(bound, sum(self.buckets[: at + 1])) for at, bound in enumerate(bounds)]
