"""What our own layers cost a request: POST of a run over ports that do nothing, beside a bare FastAPI route.

`python -m tests.bench.api_speed [--profile]` calls both applications in this process, without a server or a socket, so
that only the work in Python is measured. The bare route reads a JSON body, checks nothing and answers JSON.
"""

from __future__ import annotations

import asyncio
import cProfile
import io
import pstats
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from starlette.types import ASGIApp

from models.domain.runs import NewRun, WorkflowRef
from serve import records as r
from tests.bench.rounds import Row, Side, SideFailed, compare, table
from tests.unit.serve.api import running_api

BODY = b'{"order": 4711, "customer": "ada", "items": [{"sku": "a-1", "count": 2}, {"sku": "b-7", "count": 1}]}'
PATH = "/v1/workflows/test/colours/runs"
REQUESTS = 2_000
TOGETHER = 20
_REF = WorkflowRef("test", "colours", "1.0.0")


class NullRuns:
    """Accepts everything at once and keeps nothing."""

    async def accept(self, requests: list[r.AcceptRun]) -> list[r.AcceptedRun]:
        return [
            r.AcceptedRun(
                one.run_id, 7, NewRun(one.tenant_id, one.run_id, _REF, one.input, one.created_at, one.cause)
            )
            for one in requests
        ]


class NullDispatcher:
    """Wakes nobody."""

    def wake(self, wakes: Any) -> None:
        return None

    async def wait(self, run_id: Any, seconds: float) -> None:
        return None


def bare() -> FastAPI:
    """FastAPI with one route of the same address and answer."""
    app = FastAPI()

    @app.post("/v1/workflows/{namespace}/{name}/runs", status_code=201)
    async def start(namespace: str, name: str, request: Request) -> dict[str, Any]:
        await request.json()
        return {"id": "0199f6a2-7c1e-7d3a-9b51-0b6a5c1f2e3d", "status": "pending"}

    return app


def caller(app: ASGIApp, headers: Mapping[str, str]) -> Callable[[], Awaitable[int]]:
    """One request each time it is called; the status."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def call() -> int:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": PATH, "raw_path": PATH.encode(), "root_path": "", "query_string": b"", "headers": raw,
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
        }  # fmt: skip
        waiting = [{"type": "http.request", "body": BODY, "more_body": False}]
        status = 0

        async def receive() -> Any:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)

        await app(scope, receive, send)
        return status

    return call


async def rate(call: Callable[[], Awaitable[int]], requests: int = REQUESTS) -> float:
    """Requests a second with TOGETHER of them under way; SideFailed when one was not accepted."""

    async def worker() -> None:
        for _ in range(requests // TOGETHER):
            if await call() != 201:
                raise SideFailed("a request was not accepted")

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(TOGETHER)))
    return requests / (time.perf_counter() - began)


def measure(rounds: int = 5, profile: bool = False) -> Row:
    """Both sides in turns."""
    with asyncio.Runner() as runner:
        context = running_api(runs=NullRuns(), dispatcher=NullDispatcher())
        api = runner.run(context.__aenter__())
        headers = {"content-type": "application/json", "host": "bench", "content-length": str(len(BODY))}
        ours = caller(api.app, {**headers, **api.owner.headers})
        theirs = caller(bare(), headers)
        row = compare(
            "POST a run, work in Python alone", "requests/s",
            Side("every layer of the API", lambda: runner.run(rate(ours))),
            Side("one bare FastAPI route", lambda: runner.run(rate(theirs))), rounds,
        )  # fmt: skip
        if profile:
            sys.stdout.write(_profiled(lambda: runner.run(rate(ours))))
        runner.run(context.__aexit__(None, None, None))
    return row


def _profiled(work: Callable[[], Any]) -> str:
    profiler, out = cProfile.Profile(), io.StringIO()
    profiler.runcall(work)
    pstats.Stats(profiler, stream=out).sort_stats("tottime").print_stats(45)
    return out.getvalue()


if __name__ == "__main__":
    print(table([measure(profile="--profile" in sys.argv)]))
