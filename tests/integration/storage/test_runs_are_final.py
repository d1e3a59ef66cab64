"""A run that has ended never changes, whoever tries."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from models.domain.errors import Conflict
from models.domain.journal import Entry, EntryType
from models.domain.runs import RunStatus
from serve import records as r
from storage import runs
from tests.servers.postgres import PostgresServer
from tests.storage_kit import NOW, Api, new_run, new_version


async def ended(api: Api, tenant: r.NewAccount) -> r.AcceptedRun:
    await api.workflows.put(tenant.tenant_id, new_version(), tenant.user_id, NOW)
    (run,) = await api.runs.accept([new_run(tenant.tenant_id)])
    assert isinstance(run, r.AcceptedRun)
    await append(api, tenant, run, 0, RunStatus.COMPLETED)
    return run


async def append(api: Api, tenant: r.NewAccount, run: r.AcceptedRun, expected: int, status: RunStatus) -> None:
    entry = Entry(expected + 1, EntryType.RUN_COMPLETED, NOW)
    end = NOW if status.is_final else None
    async with api.engine.unit_of_work() as conn:
        epoch = await conn.fetchval("SELECT epoch FROM shard_epoch WHERE shard = $1", run.shard)
        item = runs.RunAppend(
            tenant.tenant_id, run.run_id, run.shard, epoch, expected, [entry], status, NOW, end, output={"ok": True}
        )
        await runs.append(conn, [item], [])


async def test_a_late_append_is_refused_and_leaves_no_entry(api: Api, tenant: r.NewAccount) -> None:
    run = await ended(api, tenant)
    with pytest.raises(runs.RunMoved):
        await append(api, tenant, run, 1, RunStatus.FAULTED)
    assert len(await api.runs.journal(tenant.tenant_id, run.run_id, 0, 10)) == 1
    assert (await api.runs.get(tenant.tenant_id, run.run_id)).status is RunStatus.COMPLETED


async def test_a_late_cancel_leaves_it_as_it_is(api: Api, tenant: r.NewAccount) -> None:
    run = await ended(api, tenant)
    before = await api.runs.get(tenant.tenant_id, run.run_id)
    told = await api.runs.request_cancel(tenant.tenant_id, run.run_id, NOW + timedelta(hours=1))
    assert told == r.Cancellation(RunStatus.COMPLETED, run.shard)
    assert await api.runs.get(tenant.tenant_id, run.run_id) == before


@pytest.mark.parametrize("column", ["status = 'running'", "output = NULL", "last_seq = 99", "ended_at = NULL"])
async def test_no_statement_changes_it(api: Api, tenant: r.NewAccount, column: str) -> None:
    run = await ended(api, tenant)
    with pytest.raises(Conflict):
        async with api.engine.unit_of_work() as conn:
            await conn.execute(f"UPDATE runs SET {column} WHERE id = $1", run.run_id)


async def test_not_even_the_owner_changes_it(
    postgres: PostgresServer, database_name: str, api: Api, tenant: r.NewAccount
) -> None:
    run = await ended(api, tenant)
    owner = await asyncpg.connect(postgres.dsn(database_name))
    try:
        with pytest.raises(asyncpg.PostgresError, match="is final"):
            await owner.execute("UPDATE runs SET status = 'faulted' WHERE id = $1", run.run_id)
    finally:
        await owner.close()


async def test_of_many_ends_one_wins(api: Api, tenant: r.NewAccount) -> None:
    await api.workflows.put(tenant.tenant_id, new_version(), tenant.user_id, NOW)
    (run,) = await api.runs.accept([new_run(tenant.tenant_id)])
    assert isinstance(run, r.AcceptedRun)
    kinds = [RunStatus.COMPLETED, RunStatus.FAULTED, RunStatus.CANCELLED] * 4
    answers = await asyncio.gather(*(append(api, tenant, run, 0, kind) for kind in kinds), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType"] + ["RunMoved"] * 11
    assert len(await api.runs.journal(tenant.tenant_id, run.run_id, 0, 10)) == 1
