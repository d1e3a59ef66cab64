"""A replica's own listening socket: the front door brings requests here, past the layers of Serve.

Serve places, watches, replaces and drains replicas; it does not need to see every request for that. Measured on the
same route, its own HTTP path costs twice what the whole API does (docs/performance.md). A front door that does not find
the socket, because it runs on another node, uses Serve's path: both lead into the same application.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Longer than the front door keeps idle connections: it must be the one that closes them.
_KEEP_ALIVE_SECONDS = 3600
_LOOK_SECONDS = 0.005


class _Server(uvicorn.Server):
    """Signals belong to the process it is a guest in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class DirectDoor:
    """An application that also listens on a unix socket, from the end of its startup to its shutdown.

    `drain_seconds`: how long requests that are under way may take at shutdown.
    """

    def __init__(self, app: ASGIApp, path: Path, drain_seconds: int) -> None:
        self._app = app
        self._path = path
        self._drain_seconds = drain_seconds
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, self._closing(receive), self._opening(send))
        else:
            await self._app(scope, receive, send)

    def _opening(self, send: Send) -> Send:
        async def tell(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._open()
            await send(message)

        return tell

    def _closing(self, receive: Receive) -> Receive:
        async def hear() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._close()
            return message

        return hear

    async def _open(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = _Server(
            uvicorn.Config(
                self._app, uds=str(self._path), http="httptools", ws="none", lifespan="off", access_log=False,
                log_config=None, log_level=logging.CRITICAL, server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=self._drain_seconds,
                proxy_headers=False,
            )
        )  # fmt: skip
        self._serving = asyncio.create_task(self._server.serve(), name="direct door")
        while not self._server.started:
            if self._serving.done():
                await self._serving
                raise RuntimeError(f"nobody listens on {self._path}")
            await asyncio.sleep(_LOOK_SECONDS)
        self._path.chmod(0o600)

    async def _close(self) -> None:
        drain = getattr(self._app, "drain", None)
        if drain is not None:
            drain()
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        await self._serving
        self._path.unlink(missing_ok=True)
