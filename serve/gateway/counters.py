"""What the gateway counts of itself, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class GatewayCounters:
    """Counters of one replica."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._limited = Counter(
            "tidewire_rate_limited_requests", "Requests refused by a rate limit", ("scope",), registry=registry
        )
        self.leases = Counter("tidewire_rate_limit_leases", "Calls for slices of shared limits", registry=registry)
        self.fallback = Gauge(
            "tidewire_rate_limit_fallback", "1 while the shared limits are away and each replica allows its share",
            registry=registry,
        )
        self._cache = Counter(
            "tidewire_response_cache_requests", "Reads of cacheable routes", ("outcome",), registry=registry
        )
        self.cache_bytes = Gauge("tidewire_response_cache_bytes", "Bytes of remembered answers", registry=registry)
        self.hits, self.misses = self._cache.labels("hit"), self._cache.labels("miss")
        self.not_modified = self._cache.labels("not_modified")
        self._shed = Counter("tidewire_shed_requests", "Requests refused to stay alive", ("priority",),
                             registry=registry)
        self.in_flight = Gauge("tidewire_requests_in_flight", "Requests being served", registry=registry)
        self.lag = Gauge("tidewire_loop_lag_seconds", "How late the event loop is", registry=registry)
        self._replays = Counter(
            "tidewire_idempotent_requests", "Requests with a key, by what became of them", ("outcome",),
            registry=registry,
        )

    def limited(self, scope: str) -> None:
        """A request was refused by the limit of tenant, user, api_key or route."""
        self._limited.labels(scope).inc()

    def shed(self, priority: str) -> None:
        """A request was refused because of load."""
        self._shed.labels(priority).inc()

    def keyed(self, outcome: str) -> None:
        """A request with a key: claimed, replayed, in_progress, mismatch or lost."""
        self._replays.labels(outcome).inc()
