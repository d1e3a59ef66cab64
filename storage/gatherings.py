"""Schedules that wait for several events: each set of them is whole once, and starts one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from models.domain.gatherings import Gathering, gather
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from storage.postgres import WriteConn
from storage.queries import load

_SQL = load("gatherings")


async def take(
    conn: WriteConn, tenant: UUID, ref: WorkflowRef, spec: Any, envelopes: Sequence[Mapping[str, Any]], limits: Limits
) -> list[tuple[int, list[Mapping[str, Any]]]]:
    """Adds events of a tenant to what a workflow's schedule has gathered; for each set that is whole now, the place of
    the event that completed it and all of its events.

    The trigger is locked until the end of the transaction, so that two that bring events cannot both complete a set.
    """
    place = (tenant, ref.namespace, ref.name)
    await conn.fetchval(_SQL["lock"], *place)
    before = [Gathering.of(row["id"], row["state"]) for row in await conn.fetch(_SQL["open"], *place)]
    now, whole = list(before), []
    for number, envelope in enumerate(envelopes):
        now, complete = gather(spec, now, envelope, limits)
        if complete is not None:
            whole.append((number, complete))
    kept = {one.id for one in now}
    gone = [one.id for one in before if one.id not in kept]
    known = {one.id: one for one in before}
    changed = [one for one in now if one.id is not None and one is not known[one.id]]
    await conn.execute(_SQL["change"], [one.id for one in changed], [_json(one) for one in changed], gone)
    await conn.execute(_SQL["add"], *place, [_json(one) for one in now if one.id is None])
    return whole


def _json(one: Gathering) -> str:
    return orjson.dumps(one.to_json()).decode()
