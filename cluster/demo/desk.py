"""A small incident desk, as a third party would run one: it wants a token, knows a key again, and is sometimes busy."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from models.domain.errors import Unavailable

_HOUR = 3600.0
_REMEMBERED = 10_000
_BUSY_EVERY = 3


class Ledger:
    """What happened to the flights of each carrier in the last hour, and the incidents opened for them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._notes: dict[str, deque[tuple[float, str, float]]] = {}

    def note(self, carrier: str, what: str, minutes: float = 0.0) -> None:
        """`what` is departed (so many minutes late), cancelled or incident."""
        self._notes.setdefault(carrier, deque(maxlen=100_000)).append((self._clock(), what, minutes))

    def summary(self, carrier: str) -> dict[str, Any]:
        """Counts of the last hour."""
        notes = self._notes.get(carrier, deque())
        while notes and notes[0][0] < self._clock() - _HOUR:
            notes.popleft()
        delays = [minutes for _, what, minutes in notes if what == "departed"]
        return {
            "departures": len(delays),
            "late": sum(minutes > 15 for minutes in delays),
            "average_delay": round(sum(delays) / len(delays), 1) if delays else 0,
            "cancelled": sum(what == "cancelled" for _, what, _ in notes),
            "incidents": sum(what == "incident" for _, what, _ in notes),
        }


class IncidentDesk:
    """POST /incidents opens one incident for each Idempotency-Key; each third new one is told to come again."""

    def __init__(self, carriers: Mapping[str, str], ledger: Ledger) -> None:
        self._carriers = carriers
        self._ledger = ledger
        self._seen: OrderedDict[str, bool] = OrderedDict()
        self._calls = 0
        self.app = Starlette(routes=[
            Route("/incidents", self._open, methods=["POST"]),
            Route("/summary", self._summary, methods=["GET"]),
        ])

    def _carrier(self, request: Request) -> str | None:
        return self._carriers.get(request.headers.get("authorization", "").removeprefix("Bearer "))

    async def _open(self, request: Request) -> Response:
        carrier, key = self._carrier(request), request.headers.get("idempotency-key", "")
        if carrier is None:
            return JSONResponse({"detail": "Who are you?"}, 401)
        try:
            flight = orjson.loads(await request.body())["flight"]
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"detail": "Which flight?"}, 422)
        key = f"{carrier} {key or flight}"
        if key not in self._seen:
            self._calls += 1
            self._remember(key)
            if self._calls % _BUSY_EVERY == 0:
                return JSONResponse({"detail": "All lines are busy."}, 503, {"retry-after": "1"})
        if not self._seen[key]:
            self._seen[key] = True
            self._ledger.note(carrier, "incident")
        return JSONResponse({"number": _number(key), "flight": flight, "state": "open"}, 201)

    async def _summary(self, request: Request) -> Response:
        carrier = self._carrier(request)
        if carrier is None:
            return JSONResponse({"detail": "Who are you?"}, 401)
        return JSONResponse(self._ledger.summary(carrier))

    def _remember(self, key: str) -> None:
        self._seen[key] = False
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


def _number(key: str) -> str:
    # The same after a restart, so that a repeated call is answered alike without any storage.
    return f"INC-{int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], 'big') % 1_000_000:06}"


class _Server(uvicorn.Server):
    """Leaves signals to the process, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@asynccontextmanager
async def open_desk(desk: IncidentDesk, port: int) -> AsyncIterator[str]:
    """The desk on the loopback address; its base address."""
    config = uvicorn.Config(desk.app, "127.0.0.1", port, log_level="warning", lifespan="off", access_log=False)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(), name="incident desk")
    try:
        await _first(serving, server.listens)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def _first(serving: asyncio.Task[None], listens: asyncio.Event) -> None:
    waiting = asyncio.create_task(listens.wait())
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if serving.done():
        raise Unavailable("The incident desk cannot listen; its port is taken.")
