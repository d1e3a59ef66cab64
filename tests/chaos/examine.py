"""Reads everything that a system under chaos has left, and lists every broken promise."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from cluster.runtime import load
from models.domain.identity import TenantScope
from storage.metric_recount import recount
from storage.postgres import Database
from tests.chaos.checker import Evidence, violations
from tests.chaos.listener import Listener
from tests.chaos.load import Load
from tests.chaos.promised import Arrival, Found, broken_effects, broken_promises, broken_runs
from tests.chaos.recovery import Step, steps
from tests.servers.target import Target

METRIC_SECONDS = 60.0
_ENDED = ("completed", "faulted", "cancelled")


async def until_all_ended(data: Path, load_: Load, seconds: float) -> list[str]:
    """Waits for the end of every run that was accepted; those that have none after so long."""
    deadline = asyncio.get_running_loop().time() + seconds
    connection = await asyncpg.connect(load(data).dsn("postgres"))
    try:
        while True:
            rows = await connection.fetch(
                "SELECT id FROM runs WHERE tenant_id = $1 AND ended_at IS NULL AND name <> 'beat'",
                UUID(load_.tenant.id),
            )
            if not rows or asyncio.get_running_loop().time() > deadline:
                return [str(row["id"]) for row in rows]
            await asyncio.sleep(0.3)
    finally:
        await connection.close()


async def broken(data: Path, load_: Load, target: Target, listener: Listener | None) -> list[str]:
    """One sentence for each broken promise."""
    runtime, tenant = load(data), UUID(load_.tenant.id)
    connection = await asyncpg.connect(runtime.dsn("postgres"))
    try:
        found, evidence = await _read(connection, tenant, load_)
        inbox = await connection.fetch("SELECT id::text FROM notifications WHERE tenant_id = $1", tenant)
    finally:
        await connection.close()
    arrivals = arrived(target)
    faults = violations(evidence)
    faults += broken_runs(found, load_.ledger.runs, load_.flows)
    faults += broken_effects(found, arrivals, load_.flows)
    faults += broken_promises(found, load_.ledger, load_.tenant.email)
    if listener is not None:
        faults += _broken_push(listener, found, [row["id"] for row in inbox])
    faults += await broken_metrics(runtime.dsn("tidewire_engine"), tenant)
    return faults


async def read_steps(data: Path, tenants: Sequence[str]) -> list[Step]:
    """Every journal row of these tenants, as recovery.py wants it."""
    connection = await asyncpg.connect(load(data).dsn("postgres"))
    scope = [UUID(tenant) for tenant in tenants]
    try:
        runs = await connection.fetch("SELECT id, shard, created_at FROM runs WHERE tenant_id = ANY($1)", scope)
        journal = await connection.fetch("SELECT run_id, at, epoch FROM journal WHERE tenant_id = ANY($1)", scope)
    finally:
        await connection.close()
    return steps([dict(row) for row in runs], [dict(row) for row in journal])


def arrived(target: Target) -> list[Arrival]:
    """What reached the target from runs of the load."""
    found = []
    for request in list(target.requests):
        try:
            body = json.loads(request["body"] or b"{}")
        except ValueError:
            continue
        if isinstance(body, dict) and "run" in body:
            found.append(Arrival(request["path"], request["headers"].get("idempotency-key", ""), body["run"]))
    return found


async def _read(connection: Any, tenant: UUID, load_: Load) -> tuple[Found, Evidence]:
    runs = [
        {**dict(row), **{name: _json(row[name]) for name in ("input", "output", "error", "cause")}}
        for row in await connection.fetch("SELECT * FROM runs WHERE tenant_id = $1", tenant)
    ]
    journal = [dict(row) for row in await connection.fetch("SELECT * FROM journal WHERE tenant_id = $1", tenant)]
    events = await connection.fetch(
        "SELECT id FROM events WHERE tenant_id = $1 AND (type LIKE 'chaos.%' OR type LIKE 'com.github.%')", tenant
    )
    notified = await connection.fetch(
        "SELECT run_id FROM notifications WHERE tenant_id = $1 AND key IS NOT NULL", tenant
    )
    users = await connection.fetch("SELECT email FROM users")
    versions = await connection.fetch(
        "SELECT version FROM workflow_versions WHERE tenant_id = $1 AND name = 'versioned'", tenant
    )
    models = await connection.fetch("SELECT version FROM model_versions WHERE tenant_id = $1", tenant)
    found = Found(
        runs=runs, journal=journal, events=[row["id"] for row in events],
        notified=Counter(str(row["run_id"]) for row in notified), users=[row["email"] for row in users],
        versions=[row["version"] for row in versions], models=[row["version"] for row in models],
    )  # fmt: skip
    settled = [run for run in runs if run["name"] != "beat" or run["ended_at"] is not None]
    kept = {run["id"] for run in settled}
    evidence = Evidence(
        runs=settled, journal=[row for row in journal if row["run_id"] in kept],
        accepted=[one.id for one in load_.ledger.runs],
    )  # fmt: skip
    return found, evidence


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _broken_push(listener: Listener, found: Found, inbox: list[str]) -> list[str]:
    """A page has heard everything once, or was told to load anew."""
    faults: list[str] = []
    for channel in listener.channels.values():
        faults += channel.faults
        faults += [f"{channel.name} told {key} {count} times" for key, count in channel.keys.items() if count > 1]
    runs, notes = listener.channels.values()
    if not notes.reloads:
        faults += [f"{notes.name} did not tell {one}" for one in inbox if not notes.keys[one]]
    if not runs.reloads:
        wanted = (f"{run['id']}/{run['last_seq']}" for run in found.runs if run["status"] in _ENDED)
        faults += [f"{runs.name} did not tell {key}" for key in wanted if not runs.keys[key]]
    return faults


async def broken_metrics(dsn: str, tenant: UUID) -> list[str]:
    """Waits until the metrics equal a recount of what they come from; how they differ when they never do."""
    database = Database(dsn, application="tests")
    await database.open()
    deadline = asyncio.get_running_loop().time() + METRIC_SECONDS
    try:
        while True:
            different = [text for metric in ("runs", "events") if (text := await _differs(database, tenant, metric))]
            if not different or asyncio.get_running_loop().time() > deadline:
                return different
            await asyncio.sleep(0.5)
    finally:
        await database.close()


async def _differs(database: Database, tenant: UUID, metric: str) -> str:
    end = datetime.now(UTC) + timedelta(minutes=1)
    async with database.read([tenant]) as conn:
        counted = await recount(conn, TenantScope(tenant), metric, end - timedelta(hours=6), end, 60)
        shown = await conn.fetchval(
            "SELECT coalesce(sum(count), 0)::bigint FROM metric_points "
            "WHERE tenant_id = $1 AND metric = $2 AND step = 60",
            tenant, metric,
        )  # fmt: skip
    truth = sum(cell.count for cells in counted.values() for cell in cells.values())
    return "" if truth == shown else f"metric {metric} shows {shown}, a recount gives {truth}"
