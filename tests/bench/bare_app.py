"""What the API is measured against: FastAPI with a route or two on bare uvicorn.

`python -m tests.bench.bare_app PORT|SOCKET [DSN]`: with a DSN there is a route that reads one row by its primary key.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import uvicorn
from fastapi import FastAPI


def make(dsn: str | None = None) -> FastAPI:
    """`/healthz` answers as ours does; `/rows/1` reads from PostgreSQL."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if dsn is None:
            yield
            return
        async with asyncpg.create_pool(dsn, min_size=8, max_size=8) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/rows/{number}")
    async def row(number: int) -> Any:
        found = await app.state.pool.fetchrow("SELECT id, value, at FROM rows WHERE id = $1", number)
        return {"id": found["id"], "value": json.loads(found["value"]), "at": found["at"]}

    return app


if __name__ == "__main__":
    place, dsn = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    where: dict[str, Any] = {"port": int(place)} if place.isdigit() else {"uds": place}
    uvicorn.run(make(dsn), **where, log_level="error", access_log=False)
