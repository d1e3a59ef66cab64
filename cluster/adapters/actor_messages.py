"""What appends tell others beside journals: listens, runs that are started, given up and ended, messages taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from actors import ports as p
from models.domain.ports import Wake
from storage import children, run_inbox, subscriptions
from storage.postgres import WriteConn


async def exchange(conn: WriteConn, batch: Sequence[p.RunAppend], now: datetime) -> list[Wake]:
    """Everything of a batch in the transaction that appends it; the runs to look at afterwards."""
    await _listen(conn, batch)
    started = [
        children.Child(
            item.tenant_id, item.run_id, item.shard, one.run_id, one.namespace, one.name, one.version, one.input,
            one.cause, now,
        )
        for item in batch
        for one in item.messages.children
    ]  # fmt: skip
    wakes = await children.start(conn, started) if started else []
    given_up = [(item.tenant_id, run) for item in batch for run in item.messages.given_up]
    if given_up:
        wakes += await children.give_up(conn, given_up, now)
    ends = [_end(item) for item in batch if item.ended_at is not None and children.is_awaited(item.cause)]
    if ends:
        wakes += await children.tell(conn, ends)
    taken = [message for item in batch for message in item.messages.taken]
    if taken:
        await run_inbox.forget(conn, taken)
    return wakes


async def _listen(conn: WriteConn, batch: Sequence[p.RunAppend]) -> None:
    opened = [
        subscriptions.Subscription(item.tenant_id, item.run_id, item.shard, one.listen, one.filters)
        for item in batch
        for one in item.messages.subscribes
    ]
    closed = [(item.tenant_id, item.run_id, listen) for item in batch for listen in item.messages.unsubscribes]
    if opened:
        await subscriptions.begin(conn, opened)
    if closed:
        await subscriptions.end(conn, closed)


def _end(item: p.RunAppend) -> children.End:
    assert item.ended_at is not None
    return children.End(
        item.tenant_id, item.run_id, item.shard, item.cause, item.status, item.output, item.error, item.ended_at
    )
