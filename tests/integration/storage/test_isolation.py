"""Row-level security of the app role: each tenant table, seen from the tenant, from another one, and from none."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from models.domain.audit import Origin, Trail
from models.domain.errors import NotFound
from models.domain.events import format_time
from models.domain.identity import TenantScope
from models.domain.ids import uuid7
from models.domain.journal import Entry, EntryType
from models.domain.runs import RunStatus
from serve import inference_ports as inference
from serve import records as r
from storage import (
    acceptance,
    audit_writer,
    connections,
    dead_letters,
    factors,
    jobs,
    metric_definitions,
    origins,
    run_inbox,
    runs,
    samples,
    secrets,
    shards,
    snapshots,
)
from storage.postgres import ReadConn, WriteConn
from tests.servers.postgres import PostgresServer
from tests.storage_kit import NOW, Api, new_event, new_run, new_tenant, new_version

# Not of one tenant: who may read them is decided before a tenant is known, or they hold no tenant's data.
SHARED = {
    "account_tokens", "mails", "metric_offsets", "mfa_challenges", "oauth_devices", "passkeys", "recovery_codes",
    "refresh_tokens",
    "relay_cursor", "schema_migrations", "sessions", "shard_epoch", "shard_owner",
    "sign_in_tickets", "signing_keys", "sso_requests", "sso_tickets", "tenants", "totp_factors", "used_nonces", "users",
}  # fmt: skip


async def tables_of_tenants(conn: ReadConn) -> list[str]:
    """From the catalog, so that a new table cannot be forgotten."""
    rows = await conn.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    return sorted({row["relname"] for row in rows} - SHARED)


async def fill(api: Api, tenant: r.NewAccount) -> None:
    """At least one row in each table."""
    place = tenant.tenant_id
    await api.workflows.put(place, new_version(triggers={"on": {"any": []}}), tenant.user_id, NOW)
    (accepted,) = await api.runs.accept([new_run(place, key="k")])
    assert isinstance(accepted, r.AcceptedRun)
    await api.events.ingest([r.IngestEvents(place, [new_event("a", time=format_time(NOW))], NOW)])
    await api.webhooks.put(r.HookSource(place, "github", "github", b"sealed", NOW))
    await api.connections.put(place, "crm", "https://a.example", {}, b"sealed", NOW)
    await api.models.add_version(inference.ModelVersion(place, "delay", "1", {}, "key", b"1", 1, NOW))
    await api.models.set_alias(place, "delay", "live", "1")
    async with api.app.unit_of_work([place]) as conn:
        await metric_definitions.define(conn, TenantScope(place), "delay", {"type": "a"}, 10, NOW)
        await samples.put(conn, TenantScope(place), ("ops", "flow"), samples.Sample("one", {}, {}, NOW), 10)
        await jobs.add(conn, TenantScope(place), uuid7(NOW), "rerun", {}, 1, tenant.user_id, NOW)
        await secrets.put(conn, TenantScope(place), "key", b"sealed", NOW, 10)
        await federated(conn, place, tenant.user_id)
        await factors.set_requirements(conn, TenantScope(place), ["admin"])
        await conn.execute(
            "INSERT INTO idempotent_requests VALUES ($1, $2, 'PUT /v1/secrets', 'k', 'hash', $2, $3, NULL, NULL, NULL, "
            "NULL, $3)", place, uuid7(NOW), NOW,
        )  # fmt: skip
        await conn.execute("INSERT INTO usage_traffic VALUES ($1, $2, 'read', 1, 1, 0)", place, NOW.date())
        await conn.execute("INSERT INTO workflow_resources VALUES ($1, 'ops', 'flow', '1.0.0', '[]')", place)
        await conn.execute("INSERT INTO tenant_settings VALUES ($1, '{https://a.example}', $2)", place, NOW)
        await authorized(conn, place)
        await let_clients_in(conn, place, tenant.user_id)
    async with api.engine.unit_of_work() as conn:
        owner = f"owner-{place}"
        await shards.beat(conn, owner, timedelta(minutes=1))
        epoch = await conn.fetchval("SELECT epoch FROM shard_epoch WHERE shard = $1", tenant.shard)
        entry = Entry(1, EntryType.RUN_STARTED, NOW)
        step = runs.RunAppend(place, accepted.run_id, tenant.shard, epoch, 0, [entry], RunStatus.RUNNING, NOW)
        await runs.append(conn, [step], [])
        await connections.save_state(conn, TenantScope(place), "crm", {}, NOW)
        await conn.execute("INSERT INTO run_search VALUES ($1, $2, to_tsvector('simple', 'word'))", place, uuid7(NOW))
        await conn.execute(
            "INSERT INTO notifications (tenant_id, id, user_id, severity, title, created_at) "
            "VALUES ($1, $2, $3, 'info', 'Late', $4)",
            place, uuid7(NOW), tenant.user_id, NOW,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO human_tasks (tenant_id, id, run_id, shard, namespace, name, version, task, path, seq, title, "
            "body, assignee_kind, assignee, decisions, due_at, created_at, planned) VALUES ($1, $2, $2, 0, 'ops', "
            "'flow', '1.0.0', '/do/0/ask', '{}', 2, 'Go?', '', 'role', 'owner', '{approve}', $3, $3, '[]')",
            place, uuid7(NOW), NOW,
        )  # fmt: skip
        await conn.execute("INSERT INTO flow_keys VALUES ($1, 'ops', 'flow', 'k', 0, '{}')", place)
        await conn.execute(
            "INSERT INTO flow_runs VALUES ($1, $2, 'ops', 'flow', 'k', 'running', 0)", place, uuid7(NOW)
        )
        await operated(conn, place, accepted.run_id)
        await conn.execute("INSERT INTO metric_points VALUES ($1, 'events', 10, $2, '[]', 1, 0)", place, NOW)
        await conn.execute("INSERT INTO metric_dimension_values VALUES ($1, 'events', 0, 'a')", place)
        await conn.execute(
            "INSERT INTO event_gatherings (tenant_id, namespace, name, state) VALUES ($1, 'ops', 'flow', '{}')", place
        )
        await conn.execute(
            "INSERT INTO run_subscriptions VALUES ($1, $2, 1, 0, 0, 'a', '', '', '{}')", place, accepted.run_id
        )


async def federated(conn: WriteConn, place: UUID, user: UUID) -> None:
    """What single sign-on and provisioning leave behind."""
    one = uuid7(NOW)
    for statement in (
        "INSERT INTO identity_providers VALUES ($1, $2, 'a', 'oidc', true, '{}', '{}', NULL, NULL, NULL, NULL, $3, $3)",
        "INSERT INTO sso_domains VALUES ($1, $2 || '.example', 'token', NULL, false, NULL, NULL, $3)",
        "INSERT INTO saml_replays VALUES ($1, $2, 'hash', $3)",
        "INSERT INTO federated_identities VALUES ($1, $2, 'issuer', 'subject', $4, $3, $3)",
        "INSERT INTO scim_tokens VALUES ($1, $2, 'a', uuid_send($2), NULL, $4, $3, NULL, NULL)",
        "INSERT INTO scim_users VALUES ($1, $2, $4, 'ada', NULL, true, '{}', 1, $3, $3)",
        "INSERT INTO scim_groups VALUES ($1, $2, 'crew', NULL, 1, $3, $3)",
        "INSERT INTO scim_group_members VALUES ($1, $2, $2)",
    ):
        given: list[object] = [place, one, NOW, user]
        if "|| '.example'" in statement:
            given[1] = str(one)
        await conn.execute(statement, *given[: 2 + ("$3" in statement) + ("$4" in statement)])


async def let_clients_in(conn: WriteConn, place: UUID, user: UUID) -> None:
    """What the audit log tells, and what clients of OAuth may do."""
    one = uuid7(NOW)
    trail = Trail("put_secret", NOW, Origin(), None, tenant=place)
    await audit_writer.append(conn, trail, place, [])
    for statement in (
        "INSERT INTO audit_streams VALUES ($1, 'https://a.example', uuid_send($2), true, 0, 0, $3, '', $3)",
        "INSERT INTO oauth_clients VALUES ($1, $2, 'a', 'none', NULL, NULL, '{}', '{}', '{}', NULL, $3, $4, $3)",
        "INSERT INTO oauth_grants VALUES ($1, $2, $2, $4, '{}', $3, '{}', $3)",
        "INSERT INTO oauth_codes VALUES ($1, uuid_send($2), $2, $2, 'https://a.example', 'c', NULL, $3)",
        "INSERT INTO oauth_refresh_tokens VALUES ($1, uuid_send($2), $2, $3, $3)",
    ):
        given: list[object] = [place, one, NOW, user]
        await conn.execute(statement, *given[: 3 + ("$4" in statement)])


async def authorized(conn: WriteConn, place: UUID) -> None:
    """What a tenant says about who may do what."""
    key = uuid7(NOW)
    await conn.execute("INSERT INTO roles VALUES ($1, 'clerk', '', '{run:read}', $2, $2)", place, NOW)
    for statement in (
        "INSERT INTO grants VALUES ($1, $2, 'role', 'clerk', 'allow', 'run:read', 'workflow', NULL, $3, $2)",
        "INSERT INTO service_accounts VALUES ($1, $2, 'bot', '', 'viewer', NULL, $3, $2)",
        "INSERT INTO api_keys VALUES ($1, $2, uuid_send($2), 'twk_', 'key', 'user', $2, NULL, $3, $2)",
        "INSERT INTO invitations VALUES ($1, $2, 'new@example.com', 'viewer', uuid_send($2), $3, $2, $3)",
    ):
        await conn.execute(statement, place, key, NOW)


async def operated(conn: WriteConn, place: UUID, run: UUID) -> None:
    """What operating runs leaves behind."""
    scope = TenantScope(place)
    await run_inbox.put(conn, [run_inbox.InboxRow(place, run, 0, "pause", {}, NOW)])
    await origins.put(conn, [origins.OriginRow(place, run, run)])
    await snapshots.keep(conn, "form", [(place, run, 1, {})])
    await dead_letters.edit(conn, scope, run, None, None, NOW)


@pytest.fixture
async def two(api: Api) -> tuple[UUID, UUID]:
    """Two tenants with rows in each table."""
    first, second = await new_tenant(api), await new_tenant(api)
    for tenant in (first, second):
        await fill(api, tenant)
    return first.tenant_id, second.tenant_id


async def counted(conn: ReadConn, table: str) -> dict[UUID, int] | None:
    """Rows by tenant; None where the role may not read at all."""
    if not await conn.fetchval("SELECT has_table_privilege($1, 'SELECT')", table):
        return None
    rows = await conn.fetch(f"SELECT tenant_id, count(*) AS n FROM {table} GROUP BY tenant_id")
    return {row["tenant_id"]: row["n"] for row in rows}


async def test_each_table_of_tenants_is_guarded(api: Api, two: tuple[UUID, UUID]) -> None:
    async with api.engine.read() as conn:
        tables = await tables_of_tenants(conn)
        guarded = {
            row["relname"]
            for row in await conn.fetch(
                "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind IN ('r', 'p')"
            )
        }
    assert set(tables) <= guarded
    assert {"runs", "journal", "events", "outbox", "idempotency_keys", "connections"} <= set(tables)


async def test_only_the_named_tenants_rows_are_seen(
    postgres: PostgresServer, database_name: str, api: Api, two: tuple[UUID, UUID]
) -> None:
    first, second = two
    async with api.app.read() as conn:
        tables = await tables_of_tenants(conn)
    owner = await asyncpg.connect(postgres.dsn(database_name))
    try:
        count = "SELECT count(*) FROM {} WHERE tenant_id = $1"
        rows = {table: await owner.fetchval(count.format(table), first) for table in tables}
    finally:
        await owner.close()
    # A partition has rows only when its month is now; all else has at least one.
    assert [table for table, n in rows.items() if not n and not table.startswith("journal_")] == []
    for table in tables:
        for named in ([], [uuid4()], [first], [first, second]):
            async with api.app.read(named) as conn:
                seen = await counted(conn, table)
            if seen is not None:
                expected = {first, second} & set(named)
                assert set(seen) <= expected, (table, named)
                assert table.startswith("journal_") or set(seen) == expected, (table, named)
                assert seen.get(first, 0) in (0, rows[table])


async def test_rows_of_others_cannot_be_written(api: Api, two: tuple[UUID, UUID]) -> None:
    first, second = two
    async with api.app.read() as conn:
        tables = await tables_of_tenants(conn)
    tried = 0
    for table in tables:
        for named in ([], [first]):
            async with api.app.read(named) as conn:
                may = {
                    verb: await conn.fetchval("SELECT has_any_column_privilege($1, $2)", table, verb)
                    for verb in ("INSERT", "UPDATE")
                }
                may["DELETE"] = await conn.fetchval("SELECT has_table_privilege($1, 'DELETE')", table)
            tried += sum(may.values())
            if may["INSERT"]:
                await refuse_insert(api, table, named, second)
            if may["DELETE"]:
                async with api.app.unit_of_work(named) as conn:
                    assert await conn.execute(f"DELETE FROM {table} WHERE tenant_id = $1", second) == "DELETE 0"
            if may["UPDATE"]:
                await refuse_update(api, table, named, second)
    assert tried > 30


async def refuse_insert(api: Api, table: str, named: list[UUID], victim: UUID) -> None:
    async with api.engine.read() as conn:
        rows = await conn.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped "
            "AND attidentity = '' AND attgenerated = ''",
            table,
        )
    columns = [row["attname"] for row in rows if row["attname"] not in ("xid", "since")]
    chosen = ", ".join("$1::uuid" if column == "tenant_id" else f"s.{column}" for column in columns)
    source = f"(SELECT NULL::{table} AS s) x, LATERAL (SELECT (x.s).*) s"
    statement = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM {source}"
    # The audit log refuses a row that does not continue its chain before row-level security is asked.
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"row-level security|entry of the audit log"):
        async with api.app.unit_of_work(named) as conn:
            await conn.execute(statement, victim)


async def refuse_update(api: Api, table: str, named: list[UUID], victim: UUID) -> None:
    async with api.app.read() as conn:
        column = await conn.fetchval(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped "
            "AND attidentity = '' AND has_column_privilege($1::text, attname, 'UPDATE') ORDER BY attnum DESC LIMIT 1",
            table,
        )
    async with api.app.unit_of_work(named) as conn:
        done = await conn.execute(f"UPDATE {table} SET {column} = {column} WHERE tenant_id = $1", victim)
    assert done == "UPDATE 0", table


async def test_accepting_for_a_tenant_that_is_not_named_finds_no_workflow(api: Api, two: tuple[UUID, UUID]) -> None:
    first, second = two
    asked = [
        acceptance.Request(tenant, uuid7(NOW), "ops", "flow", None, {}, {}, NOW, "k2", "/runs", b"1")
        for tenant in (first, second)
    ]
    async with api.app.unit_of_work([first]) as conn:
        mine, theirs = await acceptance.accept(conn, asked, timedelta(days=1))
    assert isinstance(mine, acceptance.Accepted)
    assert isinstance(theirs, NotFound)


async def test_neither_role_owns_or_bypasses_anything(api: Api) -> None:
    async with api.app.read() as conn:
        for role in ("tidewire_app", "tidewire_engine"):
            assert not await conn.fetchval(
                "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = $1", role
            )
            assert await conn.fetchval("SELECT count(*) FROM pg_class WHERE relowner = $1::text::regrole", role) == 0
        assert not await conn.fetchval("SELECT pg_has_role('tidewire_app', 'tidewire_engine', 'MEMBER')")
