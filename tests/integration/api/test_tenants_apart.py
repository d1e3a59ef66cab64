"""Every route, with the ids of another tenant, for each role; and the same with each `tenant_id = $1` taken out of the
SQL, so that row-level security stands alone."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

import storage
from models.domain.identity import Principal
from models.domain.ids import uuid7
from serve import inference_ports as inference
from serve.auth.tokens import issue
from storage import identity
from tests.integration.api.conftest import Client
from tests.storage_kit import Api

ROLES = ("viewer", "analyst", "operator", "data_scientist", "editor", "admin", "owner")
_TENANT = re.compile(r"\b(\w+\.)?tenant_id = \$1\b")
# Path parameters that nobody else can have the same of.
_IDS = (
    "run_id", "notification_id", "task_id", "user_id", "grant_id", "role", "account_id", "key_id", "invitation_id",
)  # fmt: skip
SECRET = "a-webhook-secret-of-some-length"


def document(summary: str) -> dict[str, Any]:
    about = {"dsl": "1.0.0", "namespace": "ops", "name": "flow", "version": "1.0.0", "summary": summary}
    return {"document": about, "do": [{"a": {"set": {"x": 1}}}]}


# What a stranger sends; routes that are not here get no body.
BODIES: dict[str, Any] = {
    "PUT /v1/workflows": document("mine"),
    "PATCH /v1/workflows/{namespace}/{name}": {"enabled": False},
    "PUT /v1/metrics/{name}": {"type": "com.example.other"},
    "PUT /v1/connections/{name}": {"base_url": "https://other.example"},
    "PUT /v1/hooks/sources/{source}": {"scheme": "github", "secret": SECRET},
    "PUT /v1/workflows/{namespace}/{name}/samples/{sample}": {"input": 1},
    "POST /v1/runs/{run_id}/move": {"version": "1.0.0"},
    "POST /v1/runs/{run_id}/steps/{seq}/outcome": {"happened": True},
    "POST /v1/runs/rerun": {"where": {"name": "flow"}},
    "POST /v1/dead-letters/discard": {"where": {"name": "flow"}},
    "POST /v1/dead-letters/retry": {"where": {"name": "flow"}},
    "PATCH /v1/dead-letters/{run_id}": {"input": 1},
    "POST /v1/tasks/{task_id}/answer": {"decision": "approve"},
    "POST /v1/tasks/{task_id}/assign": {"assignee": {"role": "owner"}},
    "POST /v1/tasks/{task_id}/links": {"name": "Eve"},
    "PATCH /v1/members/{user_id}": {"role": "viewer"},
    "PUT /v1/roles/{role}": {"permissions": ["run:read"]},
    "PATCH /v1/service-accounts/{account_id}": {"disabled": True},
}


async def signed_up(client: Client, name: str) -> tuple[httpx.AsyncClient, Principal, str]:
    """A new tenant's owner: a client, the principal, and the tenant's public name."""
    body = {
        "email": f"{uuid4().hex}@example.com", "password": "correct horse battery", "tenant": f"{name} {uuid4().hex}"
    }  # fmt: skip
    answer = await client("").post("/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    caller = client(answer.json()["access_token"])
    me = (await caller.get("/v1/me")).json()
    return caller, Principal(UUID(me["user"]["id"]), UUID(me["tenant"]["id"]), "owner", uuid4()), me["tenant"]["name"]


async def furnish(api: Api, caller: httpx.AsyncClient, owner: Principal, mark: str) -> dict[str, str]:
    """One of each kind of thing, with `mark` in it; what path parameters need to name them."""
    for method, path, body in (
        ("PUT", "/v1/workflows", document(mark)),
        ("PUT", "/v1/workflows/ops/flow/samples/small", {"input": mark}),
        ("PUT", "/v1/metrics/delay", {"type": mark}),
        ("PUT", "/v1/connections/crm", {"base_url": f"https://{mark}.example"}),
        ("PUT", "/v1/hooks/sources/github", {"scheme": "github", "secret": SECRET}),
        ("POST", "/v1/events", {"specversion": "1.0", "id": "1", "source": "/a", "type": mark}),
        ("POST", "/v1/workflows/ops/flow/runs", {"input": mark}),
    ):
        answer = await caller.request(method, path, json=body)
        assert answer.status_code in (201, 202), answer.text
    run, notification, now = answer.json()["id"], uuid7(), api.clock.now()
    bundle = inference.ModelVersion(owner.tenant_id, "model", "1", {"name": mark}, mark, b"1", 1, now)
    await api.models.add_version(bundle)
    await api.models.set_alias(owner.tenant_id, "model", "live", "1")
    async with api.engine.unit_of_work() as conn:
        await conn.execute(
            "INSERT INTO notifications (tenant_id, id, user_id, severity, title, created_at) "
            "VALUES ($1, $2, $3, 'info', $5, $4)",
            owner.tenant_id, notification, owner.user_id, now, mark,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO journal (tenant_id, run_id, seq, type, at, epoch, data) "
            "VALUES ($1, $2, 1, 'run.started', $3, 1, $4)",
            owner.tenant_id, UUID(run), now, {"input": mark},
        )  # fmt: skip
        task = uuid7()
        await conn.execute(
            "INSERT INTO human_tasks (tenant_id, id, run_id, shard, namespace, name, version, task, path, seq, title, "
            "body, assignee_kind, assignee, decisions, due_at, created_at, planned) VALUES ($1, $2, $3, 0, 'ops', "
            "'flow', '1.0.0', '/do/0/ask', '{}', 2, $4, '', 'role', 'owner', '{approve}', '2100-01-01', $5, '[]')",
            owner.tenant_id, task, UUID(run), mark, now,
        )  # fmt: skip
        await conn.execute("INSERT INTO flow_keys VALUES ($1, 'ops', 'flow', $2, 0, '{}')", owner.tenant_id, mark)
    return {
        "namespace": "ops", "source": "github", "run_id": run, "notification_id": str(notification), "seq": "1",
        "sample": "small", "task_id": str(task), **await authorize(caller, owner, mark),
    }  # fmt: skip


async def authorize(caller: httpx.AsyncClient, owner: Principal, mark: str) -> dict[str, str]:
    """A role, a grant, a service account, a key and an invitation of the tenant."""
    role = f"r{uuid4().hex[:20]}"
    named = {"role": role, "user_id": str(owner.user_id)}
    for kind, path, body in (
        ("", "/v1/roles", {"name": role, "description": mark, "permissions": ["run:read"]}),
        ("grant_id", "/v1/grants", {"subject_kind": "role", "subject": role, "permission": "run:*", "instance": mark}),
        ("account_id", "/v1/service-accounts", {"name": mark, "role": "viewer"}),
        ("key_id", "/v1/api-keys", {"name": mark}),
        ("invitation_id", "/v1/invitations", {"email": f"{mark}@example.com", "role": "viewer"}),
    ):
        answer = await caller.post(path, json=body)
        assert answer.status_code == 201, answer.text
        named[kind] = answer.json().get("id", "")
    return named


async def take_role(api: Api, app: FastAPI, member: Principal) -> None:
    """Gives a member that role beside an owner who was put there for it."""
    boss = uuid7()
    async with api.app.unit_of_work([member.tenant_id]) as conn:
        await identity.add_user(conn, boss, f"{boss}@example.com", None)
        await identity.add_member(conn, member.tenant_id, boss, "owner")
        await conn.execute(
            "UPDATE memberships SET role = $3 WHERE tenant_id = $1 AND user_id = $2",
            member.tenant_id, member.user_id, member.role,
        )  # fmt: skip
    app.state.deps.directory.forget_tenant(member.tenant_id)


def addressed(app: FastAPI, names: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each route but sign-in and the end of one's sessions, as method, template, and path with the other's names."""
    kinds = {"workflows": "flow", "metrics": "delay", "connections": "crm", "models": "model"}
    for route in app.routes:
        if not isinstance(route, APIRoute) or route.path.startswith("/v1/auth/"):
            continue
        kind = next((kind for kind in kinds if f"/{kind}/" in route.path), "")
        values = {**names, "name": kinds.get(kind, "other"), "version": "1" if kind == "models" else "1.0.0"}
        path = re.sub(r"{(\w+)(?::\w+)?}", lambda found: values.get(found[1], "other"), route.path)  # noqa: B023
        for method in sorted((route.methods or set()) - {"HEAD"}):
            if (method, route.path) != ("DELETE", "/v1/me/sessions"):
                yield method, route.path, path


def without(path: str, text: str) -> str:
    """An error names what was called, which the caller knew."""
    for part in (path, *path.split("/")):
        text = text.replace(part, "") if len(part) > 8 else text
    return text


async def seen(caller: httpx.AsyncClient, names: dict[str, str]) -> list[str]:
    """What a tenant sees of itself."""
    paths = [f"/v1/{name}" for name in ("workflows", "runs", "events", "metrics", "connections", "notifications")]
    paths += ["/v1/hooks/sources", "/v1/workflows/ops/flow/samples/small", f"/v1/runs/{names['run_id']}"]
    paths += [f"/v1/runs/{names['run_id']}/journal", f"/v1/tasks/{names['task_id']}", "/v1/workflows/ops/flow/flow"]
    paths += ["/v1/members", "/v1/roles", "/v1/grants", "/v1/service-accounts", "/v1/api-keys", "/v1/invitations"]
    return [(await caller.get(path)).text for path in paths]


async def strangers_try(api: Api, app: FastAPI, client: Client) -> int:
    """Calls every route as members of other tenants; the number of calls."""
    mark, calls = f"mark-{uuid4().hex}", 0
    owner_calls, owner, tenant_name = await signed_up(client, "Owner")
    names = {**await furnish(api, owner_calls, owner, mark), "tenant": tenant_name}
    before = await seen(owner_calls, names)
    secrets = (mark, tenant_name, str(owner.tenant_id), str(owner.user_id), names["run_id"], names["notification_id"])
    secrets += tuple(names[kind] for kind in ("role", "grant_id", "account_id", "key_id", "invitation_id"))
    assert all(any(secret in part for secret in secrets) for part in before), before
    for role in ROLES:
        _, other, _ = await signed_up(client, "Stranger")
        ports = app.state.deps.ports
        principal = Principal(
            other.user_id, other.tenant_id, role, other.session_id, authenticated_at=ports.clock.now(),
            factors=("pwd", "otp"),
        )  # fmt: skip
        await take_role(api, app, principal)
        stranger = client(issue(ports.keys, principal, ports.clock.now(), 900, "tidewire-api"))
        for method, template, path in addressed(app, names):
            answer = await stranger.request(method, path, json=BODIES.get(f"{method} {template}"))
            calls += 1
            assert answer.status_code < 500 or "ready" in path, (role, method, path, answer.text)
            told = without(path, answer.text)
            # A tenant's own audit log tells what its members tried, and on what.
            tried = names.values() if template.startswith("/v1/audit") else ()
            assert not any(secret in told for secret in secrets if secret not in tried), (role, method, path, told)
            if any(f"{{{name}}}" in template for name in _IDS):
                assert answer.status_code in (403, 404), (role, method, path, answer.text)
    assert await seen(owner_calls, names) == before
    return calls


@pytest.fixture
def bare_sql(monkeypatch: pytest.MonkeyPatch) -> int:
    """Takes the tenant out of every WHERE of the storage room; how many statements that changed."""
    changed = 0
    for found in pkgutil.iter_modules(storage.__path__, "storage."):
        module = importlib.import_module(found.name)
        for attribute in ("_SQL", "_JOURNAL"):
            known = getattr(module, attribute, None)
            if known is None:
                continue
            bare = {name: _TENANT.sub("$1::uuid IS NOT NULL", sql) for name, sql in known.items()}
            changed += sum(bare[name] != known[name] for name in bare)
            monkeypatch.setattr(module, attribute, MappingProxyType(bare))
    return changed


async def test_no_route_shows_or_changes_what_is_anothers(api: Api, app: FastAPI, client: Client) -> None:
    assert await strangers_try(api, app, client) > 200


async def test_row_level_security_alone_is_enough(api: Api, app: FastAPI, client: Client, bare_sql: int) -> None:
    assert bare_sql > 25
    assert await strangers_try(api, app, client) > 200


async def test_the_matrix_would_notice(api: Api, app: FastAPI, client: Client, bare_sql: int) -> None:
    """With the tenant out of the SQL and a role that row-level security lets through, the others' runs are found."""
    app.state.deps.ports.runs._database = api.engine
    with pytest.raises(AssertionError, match="runs"):
        await strangers_try(api, app, client)
