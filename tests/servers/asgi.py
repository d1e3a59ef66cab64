"""An ASGI application behind a real HTTP server, in a thread with a loop of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.settled.set()


@contextmanager
def running_asgi(app: ASGIApp) -> Iterator[int]:
    """The port it listens on, on the loopback address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = _Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listener],), name="server")
        thread.start()
        try:
            assert server.settled.wait(30)
            assert server.started
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()
