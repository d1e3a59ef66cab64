"""Who owns which shard: a lease that ends when its owner's heartbeat does, fenced by an epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("shards")


async def beat(conn: WriteConn, owner: str, ttl: timedelta) -> None:
    """Extends every lease of the owner by `ttl` from now (PostgreSQL's clock)."""
    await conn.execute(_SQL["beat"], owner, ttl)


@dataclass(frozen=True, slots=True)
class Standing:
    """Leases of one owner (shard -> epoch), how many owners are alive, how many shards nobody owns."""

    epochs: Mapping[int, int]
    live_owners: int
    free: int


async def standing(conn: ReadConn, owner: str) -> Standing:
    """As of now."""
    rows = await conn.fetch(_SQL["standing"], owner)
    epochs = {row["shard"]: row["epoch"] for row in rows if row["is_mine"]}
    free = sum(row["is_free"] and not row["is_mine"] for row in rows)
    return Standing(epochs, rows[0]["live_owners"], free)


async def succeed(conn: WriteConn, owner: str) -> dict[int, int]:
    """Takes over at once what other incarnations of the same actor hold; owners are `<actor>#<incarnation>`."""
    rows = await conn.fetch(_SQL["succeed"], owner)
    await conn.execute(_SQL["forget_predecessors"], owner)
    return {row["shard"]: row["epoch"] for row in rows}


async def acquire(conn: WriteConn, owner: str, at_most: int) -> dict[int, int]:
    """Takes over free or expired shards; shard -> new epoch. Call `beat` before, in the same transaction."""
    return {row["shard"]: row["epoch"] for row in await conn.fetch(_SQL["acquire"], owner, at_most)}


async def owned(conn: ReadConn, owner: str) -> dict[int, int]:
    """Shards of this owner with their epochs, as PostgreSQL knows them."""
    return {row["shard"]: row["epoch"] for row in await conn.fetch(_SQL["owned"], owner)}


async def release(conn: WriteConn, owner: str, shards: Sequence[int] | None = None) -> None:
    """Gives shards back at once (all of them when none are named); the old epoch can write no more."""
    await conn.execute(_SQL["release"], owner, list(shards) if shards is not None else None)
    if shards is None:
        await conn.execute(_SQL["forget"], owner)


async def live_owners(conn: ReadConn) -> list[str]:
    """Owners whose heartbeat has not expired."""
    return [row["owner"] for row in await conn.fetch(_SQL["live_owners"])]


async def owners(conn: ReadConn) -> dict[int, str]:
    """Shard -> owner, only where the lease is alive."""
    return {row["shard"]: row["owner"] for row in await conn.fetch(_SQL["owners"])}
