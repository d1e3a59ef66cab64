"""The Redis client of a process: every wait has an end, and a command that was given up costs its connection."""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError


def open_redis(url: str, *, max_connections: int = 32, seconds: float = 1.0) -> Redis:
    """A client for the loop that uses it; nothing is connected yet. Close it with `aclose`.

    `seconds` bounds connecting, each answer, and the wait for a free connection. A connection that was closed while
    it was idle is opened again once, so a command whose connection breaks may be sent twice. Answers are bytes.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=seconds,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[RedisConnectionError],
        decode_responses=False,
    )
    return Redis.from_pool(pool)
