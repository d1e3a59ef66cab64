"""What the API counts of itself, for Prometheus; one registry a replica."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from serve.gateway.counters import GatewayCounters

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Telemetry:
    """Counters and histograms of one replica."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.gateway = GatewayCounters(self.registry)
        self._requests = Counter(
            "tidewire_http_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "tidewire_http_request_seconds", "Time to the first byte of the answer", ("route",),
            buckets=_SECONDS, registry=self.registry,
        )
        self._batches = Histogram(
            "tidewire_group_commit_size", "Requests in one transaction", ("door",), buckets=_SIZES,
            registry=self.registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request; `route` is the template, never the path."""
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            child = (self._requests.labels(method, route, str(status)), self._seconds.labels(route))
            self._children[key] = child
        child[0].inc()
        child[1].observe(seconds)

    def observe_batch(self, door: str, size: int) -> None:
        """Counts one group commit."""
        self._batches.labels(door).observe(size)

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)
