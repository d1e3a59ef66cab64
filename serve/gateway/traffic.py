"""Counts what tenants ask for, and adds it up in the database from time to time."""

from __future__ import annotations

from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import Unavailable
from serve.gateway.ports import Traffic, UsageRepository

# Requests, units, refused.
Row = list[int]


class TrafficBook:
    """Of one replica; what was not written yet is lost when it dies."""

    def __init__(self, usage: UsageRepository, clock: Clock) -> None:
        self._usage, self._clock = usage, clock
        self._rows: dict[UUID, dict[str, Row]] = {}

    def of(self, tenant_id: UUID) -> dict[str, Row]:
        """The rows of a tenant by class, to be counted up in place."""
        return self._rows.setdefault(tenant_id, {})

    async def write(self) -> int:
        """Adds what was counted to what is stored; how many rows. Nothing is lost while that fails."""
        day = self._clock.now().date()
        taken = [
            (row, Traffic(tenant, day, name, *row))
            for tenant, rows in self._rows.items() for name, row in rows.items() if any(row)
        ]
        if not taken:
            return 0
        try:
            await self._usage.add_traffic([one for _, one in taken])
        except Unavailable:
            return 0
        for row, one in taken:
            row[0] -= one.requests
            row[1] -= one.units
            row[2] -= one.refused
        return len(taken)
