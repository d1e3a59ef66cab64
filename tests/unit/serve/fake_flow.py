"""What waits, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from serve import flow_ports as f
from serve import records as r


@dataclass
class FakeFlow:
    waiting: dict[tuple[UUID, UUID], f.WaitingFor] = field(default_factory=dict)
    keys: dict[tuple[UUID, str, str], list[f.FlowKey]] = field(default_factory=dict)
    queues: dict[UUID, f.QueueUsage] = field(default_factory=dict)

    async def waiting_for(self, tenant_id: UUID, run_id: UUID, now: datetime) -> f.WaitingFor | None:
        return self.waiting.get((tenant_id, run_id))

    async def flow(
        self, tenant_id: UUID, namespace: str, name: str, after: tuple[str, ...] | None, limit: int
    ) -> f.Flow:
        found = [
            one for one in self.keys.get((tenant_id, namespace, name), []) if after is None or one.key > after[0]
        ]  # fmt: skip
        more = (found[limit - 1].key,) if len(found) > limit else None
        return f.Flow({"concurrency": {"limit": 1}} if found else None, r.Page(found[:limit], more))

    async def usage(self, tenant_id: UUID) -> f.QueueUsage:
        return self.queues.get(tenant_id, f.QueueUsage(0, 0, 0, None, 0))
