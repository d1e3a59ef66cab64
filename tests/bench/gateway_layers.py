"""What each layer of the gateway costs by itself, in microseconds a request: `python -m tests.bench.gateway_layers`.

One process: the layers are called as the route class calls them, with a request of a browser's size. The limiter is
measured once more over a real Valkey.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from prometheus_client import CollectorRegistry
from starlette.responses import Response
from starlette.types import Scope

from models.domain.authorization import Rights
from models.domain.clock import SystemClock
from models.domain.identity import PERMISSIONS, Principal
from models.domain.limits import Limits
from models.domain.rate_limits import Rate
from serve.auth.admission import Caller
from serve.gateway.buckets import Bucket, state_header
from serve.gateway.counters import GatewayCounters
from serve.gateway.gateway import Gateway, GatewayConfig
from serve.gateway.limiter import RateLimiter
from serve.gateway.passage import Asked, Passage
from serve.gateway.policy import Policy, Priority, cached, policy_of
from serve.responses import json_response
from storage.redis_client import open_redis
from storage.redis_rate_limits import RedisRateLimits
from tests.servers.valkey import running_valkey
from tests.unit.serve.fake_gateway import FakeRates, make_gateway
from tests.unit.serve.fake_services import FakeSealer

_HEADERS = [
    (b"host", b"tidewire.example"), (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
    (b"accept", b"application/json"), (b"accept-encoding", b"gzip, deflate, br"), (b"accept-language", b"en"),
    (b"authorization", b"Bearer " + b"a" * 420), (b"x-forwarded-for", b"10.0.0.1"),
    (b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"),
]  # fmt: skip
_ROUNDS, _TIMES = 7, 20_000


async def _nothing(_: Any) -> None:
    return None


@cached("workflow")
async def _endpoint() -> Response:
    return json_response({"items": [{"name": f"flow-{i}", "title": "A flow"} for i in range(20)]})


def _scope() -> Scope:
    return {"type": "http", "method": "GET", "path": "/v1/workflows", "query_string": b"limit=20", "headers": _HEADERS}


def best(work: Callable[[], object]) -> float:
    """Microseconds a call, the best of several rounds."""
    return min(_round(work) for _ in range(_ROUNDS))


def _round(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(_TIMES):
        work()
    return (time.perf_counter() - began) / _TIMES * 1e6


async def best_await(work: Callable[[], Awaitable[object]]) -> float:
    """The same for what is awaited."""
    found = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for _ in range(_TIMES):
            await work()
        found.append((time.perf_counter() - began) / _TIMES * 1e6)
    return min(found)


async def measure() -> dict[str, float]:
    """Layer -> microseconds."""
    clock, limits = SystemClock(), Limits()
    ports = make_gateway()
    assert isinstance(ports.rates, FakeRates)
    ports.rates.clock = clock
    gateway = Gateway(ports, GatewayConfig(clock, limits, FakeSealer(), CollectorRegistry(), 4))
    gateway.cache.hears = True
    principal = Principal(uuid4(), uuid4(), "owner", uuid4())
    caller = Caller(principal, Rights("owner", PERMISSIONS["owner"]))
    policy = policy_of(_endpoint, "GET")
    meter = await gateway.meters.open(caller)
    scope = _scope()
    place = (meter.identity, scope["path"], scope["query_string"])
    answer = gateway.cache.keep(place, await _endpoint(), gateway.cache.marks(principal.tenant_id, ("workflow",)))
    assert answer is not None
    deprecated = Policy(headers=((b"deprecation", f"@{int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())}".encode()),))

    def load() -> None:
        gateway.load.enter(Priority.READ)
        gateway.load.leave()

    def marks() -> object:
        return gateway.cache.marks(principal.tenant_id, ("workflow",))

    async def deadline() -> None:
        await Passage(policy).within(limits, bare)()

    async def bare() -> Response:
        return Response()

    found = {
        "load: in and out": best(load),
        "headers of the request in one look": best(lambda: Asked(scope)),
        "meter of the caller": best(lambda: gateway.meters.find(caller)),
        "rate limit: take from two slices": best(lambda: gateway.limiter.spend(meter.buckets, 0)),
        "rate limit: header of the answer": best(lambda: state_header(meter.buckets)),
        "cache: find": best(lambda: gateway.cache.find(place)),
        "cache: marks of a miss": best(marks),
        "cache: send 200": await best_await(lambda: answer.send("", _nothing)),
        "cache: send 304": await best_await(lambda: answer.send(answer.etag, _nothing)),
        "deadline": await best_await(deadline) - await best_await(bare),
    }
    found["limits together (Gateway.enter)"] = await best_await(lambda: gateway.enter(scope, caller, policy))
    found["the same with a deprecation"] = await best_await(lambda: gateway.enter(scope, caller, deprecated))
    await gateway.limiter.close()
    return found


async def over_valkey() -> dict[str, float]:
    """What a request waits for the limiter over a real Valkey: by far the most find a slice that is there."""
    with running_valkey() as server:
        redis, clock = open_redis(server.url), SystemClock()
        one = RateLimiter(RedisRateLimits(redis), clock, Limits(), 4, GatewayCounters(CollectorRegistry()))
        found: dict[str, float] = {}
        for name, limit in (("with slices", 600_000), ("each request asks (a small limit)", 390)):
            bucket = Bucket(uuid4().hex, "tenant", Rate(limit), clock.monotonic())
            waits = sorted([await _wait(one, bucket) for _ in range(380)])
            found[f"waiting for the limiter, {name}: p50"] = waits[len(waits) // 2]
            found[f"waiting for the limiter, {name}: p99"] = waits[int(len(waits) * 0.99)]
        await one.close()
        await redis.aclose()
    return found


async def _wait(one: RateLimiter, bucket: Bucket) -> float:
    await asyncio.sleep(0.002)
    began = time.perf_counter()
    if not one.spend((bucket,), 1):
        await one.obtain((bucket,), 1)
    return (time.perf_counter() - began) * 1e6


def main() -> None:
    """Prints a table."""
    for layer, microseconds in {**asyncio.run(measure()), **asyncio.run(over_valkey())}.items():
        print(f"{layer:65} {microseconds:8.2f} us")


if __name__ == "__main__":
    main()
