"""Who is refused under load, and what routes say about themselves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from models.domain.errors import Overloaded
from models.domain.limits import Limits
from serve.gateway.counters import GatewayCounters
from serve.gateway.load import Load
from serve.gateway.policy import Priority, cached, deprecated, heavy, infers, is_deprecated, policy_of


def load(**limits: float) -> Load:
    return Load(Limits(**limits), GatewayCounters(CollectorRegistry()))  # type: ignore[arg-type]


def refused(one: Load) -> set[str]:
    found = set()
    for priority in Priority:
        try:
            one.enter(priority)
        except Overloaded:
            found.add(priority.name)
        else:
            one.leave()
    return found


@pytest.mark.parametrize(
    ("in_flight", "expected"),
    [(0, set()), (74, set()), (75, {"HEAVY"}), (90, {"HEAVY", "WRITE"}), (100, {"HEAVY", "WRITE", "READ"}),
     (100_000, {"HEAVY", "WRITE", "READ"})],
)  # fmt: skip
def test_the_least_needed_goes_first_and_health_never(in_flight: int, expected: set[str]) -> None:
    one = load(max_requests_in_flight=100)
    one.in_flight = in_flight
    assert refused(one) == expected


def test_a_loop_that_is_late_for_a_second_refuses_and_recovers() -> None:
    one = load(max_loop_lag_seconds=1.0)
    for _ in range(3):
        one.observe(5.0)
    assert refused(one) == set(), "one slow moment is no overload"
    one.observe(0.8)
    assert refused(one) == {"HEAVY"}
    for _ in range(4):
        one.observe(1.1)
    assert refused(one) == {"HEAVY", "WRITE", "READ"}
    one.observe(0.0)
    assert refused(one) == set()


async def _route() -> None: ...


def test_costs_and_classes_follow_from_the_method() -> None:
    async def other() -> None: ...

    async def model() -> None: ...

    assert policy_of(_route, "GET").cost == 1
    write = policy_of(_route, "POST")
    assert (write.cost, write.route_class, write.priority, write.keyed, write.changes) == (
        5, "write", Priority.WRITE, True, None
    )
    assert not policy_of(_route, "DELETE").keyed
    assert policy_of(heavy(other), "GET").priority is Priority.HEAVY
    assert (policy_of(infers(model), "POST").cost, policy_of(model, "POST").deadline) == (10, "infer_seconds")
    assert policy_of(_route, "GET", cost=7).cost == 7


def test_what_changes_things_cannot_be_cached() -> None:
    async def wrong() -> None: ...

    with pytest.raises(TypeError, match="cannot be cached"):
        policy_of(cached("workflow")(wrong), "POST")


def test_a_route_that_will_go_tells_since_when_until_when_and_where_to_read() -> None:
    async def old() -> None: ...

    since, sunset = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    deprecated(since, sunset, "/docs/limits")(old)
    assert is_deprecated(old)
    assert dict(policy_of(old, "GET").headers) == {
        b"deprecation": b"@1767225600",
        b"sunset": b"Fri, 01 Jan 2027 00:00:00 GMT",
        b"link": b'</docs/limits>; rel="deprecation"; type="text/html"',
    }
    with pytest.raises(ValueError, match="before"):
        deprecated(sunset, since)
