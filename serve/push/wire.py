"""Writing to websockets: whole frames made once, straight into the transport, with a bound on what may wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from serve.push.codes import SLOW, Disconnect
from serve.push.session import Session

_OPEN = State.OPEN


class SocketWire:
    """The way back to one client.

    Frames bypass `ServerConnection.send`: that encodes once a socket and waits for the slowest. It is sound because
    frames are never fragmented, no extension is negotiated, and nothing is written once closing has begun.
    """

    __slots__ = ("_close_timeout", "_closing", "_connection", "_limit", "_tasks", "session")

    def __init__(
        self, connection: ServerConnection, limit: int, close_timeout: float, tasks: set[asyncio.Task[None]]
    ) -> None:
        self.session: Session | None = None
        self._connection = connection
        self._limit = limit
        self._close_timeout = close_timeout
        self._tasks = tasks
        self._closing = False

    def write(self, frame: bytes) -> None:
        """Queues a frame, or disconnects a client that has let too much wait."""
        connection = self._connection
        if self._closing or connection.protocol.state is not _OPEN:
            return
        if connection.transport.get_write_buffer_size() + len(frame) > self._limit:
            self._slow()
        else:
            connection.transport.write(frame)

    def close(self, why: Disconnect) -> None:
        """Says why, waits a little for the other side, then cuts."""
        if not self._closing:
            self._closing = True
            task = asyncio.create_task(self._finish(why))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _slow(self) -> None:
        if self.session is not None:
            self.session.disconnect(SLOW)

    async def _finish(self, why: Disconnect) -> None:
        connection = self._connection
        try:
            # close() by itself would wait without end for room in the buffer of a client that does not read.
            async with asyncio.timeout(self._close_timeout):
                await connection.close(why.code, why.reason)
        except TimeoutError:
            connection.transport.abort()


def broadcast(sessions: Iterable[Session], frame: bytes) -> int:
    """Writes one frame to all; the number of clients that were too slow and are being disconnected."""
    size = len(frame)
    slow: list[SocketWire] = []
    for session in sessions:
        wire: SocketWire = session.wire  # type: ignore[assignment]
        connection = wire._connection
        if connection.protocol.state is _OPEN and not wire._closing:
            transport = connection.transport
            if transport.get_write_buffer_size() + size > wire._limit:
                slow.append(wire)
            else:
                transport.write(frame)
    for wire in slow:
        wire._slow()
    return len(slow)
