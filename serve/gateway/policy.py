"""What a route says about itself beside its path: its class, price, memory, deadline and end of life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import IntEnum
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])
_POLICY = "tidewire_policy"
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEYED = frozenset({"POST", "PUT", "PATCH"})
# What a request costs when its route says nothing else, in units of rate limits.
READ_COST, WRITE_COST, INFER_COST = 1, 5, 10


class Priority(IntEnum):
    """Who is refused first under load: the highest number. HEALTH never is."""

    HEALTH = 0
    READ = 1
    WRITE = 2
    HEAVY = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """`shows`: kinds of things that a read shows, which makes it cacheable. `changes`: kinds that a write changes; None
    for all. `timeout` and `cost` None: those of the class."""

    route_class: str = "read"
    priority: Priority = Priority.READ
    cost: int | None = None
    shows: tuple[str, ...] | None = None
    changes: tuple[str, ...] | None = None
    timeout: str | None = None
    keyed: bool = True
    headers: tuple[tuple[bytes, bytes], ...] = ()
    operation: str = ""

    @property
    def deadline(self) -> str:
        """The field of Limits that bounds the time to an answer."""
        return self.timeout or f"{self.route_class}_seconds"


def cached(*kinds: str) -> Callable[[_F], _F]:
    """The answer shows nothing but things of these kinds in the caller's tenant, as the caller may see them."""
    return _changing(lambda policy: replace(policy, shows=kinds))


def changes(*kinds: str) -> Callable[[_F], _F]:
    """The route changes things of these kinds only; no kinds: nothing that is remembered."""
    return _changing(lambda policy: replace(policy, changes=kinds))


def takes(limit: str) -> Callable[[_F], _F]:
    """The time to an answer is bounded by another field of Limits than that of the route's class."""
    return _changing(lambda policy: replace(policy, timeout=limit))


def heavy(endpoint: _F) -> _F:
    """Much work for few: refused first under load."""
    return _changing(lambda policy: replace(policy, priority=Priority.HEAVY))(endpoint)


def infers(endpoint: _F) -> _F:
    """Asks a model."""
    return _changing(lambda policy: replace(policy, route_class="infer", priority=Priority.HEAVY))(endpoint)


def health(endpoint: _F) -> _F:
    """Asked by what watches replicas: never refused."""
    return _changing(lambda policy: replace(policy, priority=Priority.HEALTH, route_class="health"))(endpoint)


def own_keys(endpoint: _F) -> _F:
    """The route handles Idempotency-Key by itself."""
    return _changing(lambda policy: replace(policy, keyed=False))(endpoint)


def deprecated(since: datetime, sunset: datetime | None = None, link: str | None = None) -> Callable[[_F], _F]:
    """Tells callers that the route will go: RFC 9745, RFC 8594, and a link to what replaces it."""
    headers = [(b"deprecation", f"@{int(since.timestamp())}".encode())]
    if sunset is not None:
        if sunset < since:
            raise ValueError("a route cannot go before it is deprecated")
        headers.append((b"sunset", format_datetime(sunset.astimezone(UTC), usegmt=True).encode()))
    if link is not None:
        headers.append((b"link", f'<{link}>; rel="deprecation"; type="text/html"'.encode()))
    return _changing(lambda policy: replace(policy, headers=tuple(headers)))


def policy_of(endpoint: Callable[..., Any], method: str, cost: int | None = None) -> Policy:
    """The policy of a route with this method; what it does not say follows from the method."""
    policy: Policy | None = getattr(endpoint, _POLICY, None)
    is_write = method in _CHANGING
    found = policy or Policy()
    if found.route_class == "read" and is_write:
        priority = Priority.WRITE if found.priority is Priority.READ else found.priority
        found = replace(found, route_class="write", priority=priority)
    if found.shows is not None and is_write:
        raise TypeError(f"{endpoint.__qualname__} changes things and cannot be cached")
    if cost is None:
        cost = {"infer": INFER_COST, "write": WRITE_COST, "health": 0}.get(found.route_class, READ_COST)
    return replace(
        found, cost=cost, keyed=found.keyed and method in _KEYED, operation=endpoint.__name__,
        changes=(() if not is_write else found.changes),
    )


def is_deprecated(endpoint: Callable[..., Any]) -> bool:
    """Whether the route said so, for the API's document."""
    policy: Policy | None = getattr(endpoint, _POLICY, None)
    return policy is not None and any(name == b"deprecation" for name, _ in policy.headers)


def _changing(change: Callable[[Policy], Policy]) -> Callable[[_F], _F]:
    def mark(endpoint: _F) -> _F:
        setattr(endpoint, _POLICY, change(getattr(endpoint, _POLICY, None) or Policy()))
        return endpoint

    return mark
