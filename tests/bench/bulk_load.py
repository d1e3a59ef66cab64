"""A tenant that enqueues many runs, as replicas of the API do: in a process of its own, a group commit after the other.

`python -m tests.bench.bulk_load DSN TENANT COUNT PER_SECOND`
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta
from uuid import UUID

from models.domain.clock import SystemClock
from models.domain.ids import uuid7
from storage import acceptance
from storage.postgres import Database

_TOGETHER = 100


async def enqueue(dsn: str, tenant: UUID, count: int, per_second: float) -> None:
    """Accepts `count` runs, durable, at most so many a second."""
    database = Database(dsn, application="bulk", max_size=1)
    await database.open()
    began = time.monotonic()
    try:
        for done in range(0, count, _TOGETHER):
            await asyncio.sleep(max(0.0, began + done / per_second - time.monotonic()))
            now = SystemClock().now()
            asked = [
                acceptance.Request(tenant, uuid7(), "ops", "flow", None, {"value": 1}, {"kind": "api"}, now)
                for _ in range(min(_TOGETHER, count - done))
            ]
            async with database.unit_of_work() as conn:
                await acceptance.accept(conn, asked, timedelta(days=1))
    finally:
        await database.close()


def main() -> None:
    """Enqueues once."""
    dsn, tenant, count, per_second = sys.argv[1:]
    asyncio.run(enqueue(dsn, UUID(tenant), int(count), float(per_second)))


if __name__ == "__main__":
    main()
