"""Plans: what a tenant may use. All are free of charge; the operator says which tenant has which."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from models.domain.errors import Fault, InvalidInput
from models.domain.rate_limits import Rate

# What a plan can count by the month or in total; the names are those of the API, the table and the command line.
QUOTAS = ("runs", "events", "event_bytes")
RATES = ("tenant", "user", "api_key")
_UNITS = "units a minute, from 1"


@dataclass(frozen=True, slots=True)
class Plan:
    """Units a minute, by whom they are counted; quotas of a calendar month (UTC), None without end.

    `event_bytes` is of events that are stored now, not of a month.
    """

    name: str
    tenant: Rate
    user: Rate
    api_key: Rate
    runs: int | None = None
    events: int | None = None
    event_bytes: int | None = None
    routes: Mapping[str, Rate] = field(default_factory=dict)

    def quota(self, name: str) -> int | None:
        """The quota of one of QUOTAS."""
        value: int | None = getattr(self, name)
        return value


PLANS: Mapping[str, Plan] = MappingProxyType({
    plan.name: plan
    for plan in (
        Plan("small", Rate(6_000), Rate(3_000), Rate(3_000), 50_000, 500_000, 1_000_000_000),
        Plan("standard", Rate(3_000_000), Rate(1_500_000), Rate(1_500_000)),
        Plan("large", Rate(30_000_000), Rate(15_000_000), Rate(15_000_000)),
    )
})
DEFAULT_PLAN = "standard"


def plan_of(name: str, changes: Mapping[str, Any] | None = None) -> Plan:
    """The plan of that name with the changes that the operator made for one tenant, see check_changes."""
    plan = PLANS.get(name, PLANS[DEFAULT_PLAN])
    if not changes:
        return plan
    checked = check_changes(changes)
    fields: dict[str, Any] = {key: Rate(value) if key in RATES else value for key, value in checked.items()}
    fields["routes"] = {route: Rate(value) for route, value in checked.get("routes", {}).items()}
    return replace(plan, **fields)


def check_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """{tenant, user, api_key: units a minute; runs, events, event_bytes: quota or None; routes: {operation: units}};
    InvalidInput names every fault."""
    faults = [fault for key, value in changes.items() for fault in _faults(key, value)]
    if faults:
        raise InvalidInput("The limits of the plan are not usable.", faults)
    return dict(changes)


def _faults(key: str, value: Any) -> list[Fault]:
    if key == "routes" and isinstance(value, Mapping):
        return [Fault(f"/routes/{route}", _UNITS) for route, n in value.items() if not _is_count(n, 1)]
    if key in RATES:
        return [] if _is_count(value, 1) else [Fault(f"/{key}", _UNITS)]
    if key in QUOTAS:
        return [] if value is None or _is_count(value, 0) else [Fault(f"/{key}", "a whole number, or null for no end")]
    return [Fault(f"/{key}", f"there is {', '.join((*RATES, *QUOTAS))} and routes")]


def _is_count(value: Any, least: int) -> bool:
    return type(value) is int and least <= value <= 10**15


def month_of(at: datetime) -> tuple[datetime, datetime]:
    """The first moment of the calendar month (UTC) and of the next one."""
    at = at.astimezone(UTC)
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, first + timedelta(days=calendar.monthrange(first.year, first.month)[1])
