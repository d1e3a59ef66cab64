"""What the API is measured against: FastAPI with one route on bare uvicorn. `python -m tests.bench.bare_app PORT`."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI


def make() -> FastAPI:
    """The same answer at the same path as ours."""
    app = FastAPI()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


if __name__ == "__main__":
    uvicorn.run(make(), port=int(sys.argv[1]), log_level="error", access_log=False)
