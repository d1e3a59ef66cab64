"""The audit log over a real PostgreSQL: who did what, told by every route that changes something, and an export whose
every change shows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response

from cluster.adapters.audit_sender import AuditSender
from cluster.cli_audit import ChainBroken, verify_lines, verify_tenant
from models.domain.clock import ManualClock
from models.domain.errors import Unavailable
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse
from models.domain.webhooks import Scheme, is_genuine
from serve.audit_trail import unaudited_because
from serve.edge import Edge
from serve.guard import GuardedRoute
from serve.telemetry import Telemetry
from storage.sealer import AesGcmSealer
from tests.integration.api.tenant_kit import Tenant
from tests.storage_kit import NOW, Api

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
# What leaves no entry, and nothing else: each says why beside its route.
UNAUDITED = {
    "create_push_token", "discover_methods", "explain_decision", "finish_saml_sign_on", "infer", "infer_version",
    "post_events", "read_all_notifications", "read_notification", "receive_hook", "refresh", "request_password_reset",
    "resend_verification", "start_run", "validate_workflow",
}  # fmt: skip
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def told(client: httpx.AsyncClient, **where: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/audit", params={"limit": 100, **where})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


@pytest.fixture
async def owner(app: FastAPI, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """The owner, through the outermost layer, which knows request ids."""
    transport = httpx.ASGITransport(app=Edge(app, Telemetry()))
    headers = {"authorization": tenant.owner.headers["authorization"]}
    async with httpx.AsyncClient(transport=transport, base_url="http://tidewire", headers=headers) as client:
        yield client


async def test_an_entry_says_who_what_when_and_from_where(tenant: Tenant, owner: httpx.AsyncClient) -> None:
    answer = await owner.put(
        "/v1/secrets/key", json={"value": "canary-1"}, headers={"user-agent": "cli/1", "x-request-id": "req-77"}
    )
    assert answer.status_code == 201, answer.text
    (entry,) = await told(tenant.owner, action="put_secret")
    assert entry["actor"] == {"kind": "user", "id": str(tenant.who.user_id), "name": entry["actor"]["name"]}
    assert "@" in entry["actor"]["name"]
    assert entry["resource"] == {"type": "secret", "id": "key"}
    assert entry["from"]["user_agent"] == "cli/1"
    assert entry["from"]["request_id"] == "req-77"
    assert entry["from"]["session"] is not None
    assert entry["permission"] == "secret:write"
    assert entry["after"]["secrets"][0]["name"] == "key"
    assert "canary-1" not in json.dumps(entry)


async def test_the_filters(tenant: Tenant) -> None:
    editor, editor_id = await tenant.member("editor")
    await tenant.owner.put("/v1/secrets/one", json={"value": "v"})
    await editor.put("/v1/secrets/two", json={"value": "v"})
    assert {one["resource"]["id"] for one in await told(tenant.owner, resource_type="secret")} == {"one", "two"}
    assert [one["resource"]["id"] for one in await told(tenant.owner, actor=str(editor_id))] == ["two"]
    assert [one["action"] for one in await told(tenant.owner, resource_id="one")] == ["put_secret"]
    at = (await told(tenant.owner, resource_id="two"))[0]["at"]
    assert "two" not in {one["resource"]["id"] for one in await told(tenant.owner, until=at)}
    assert "two" in {one["resource"]["id"] for one in await told(tenant.owner, since=at)}
    first = (await tenant.owner.get("/v1/audit?limit=1")).json()
    second = (await tenant.owner.get("/v1/audit", params={"limit": 1, "cursor": first["next"]})).json()
    assert first["items"][0]["seq"] == second["items"][0]["seq"] + 1
    assert (await editor.get("/v1/audit")).status_code == 403


async def test_what_was_refused_is_told_once_a_minute(tenant: Tenant, app: FastAPI) -> None:
    viewer, viewer_id = await tenant.member("viewer")
    for _ in range(5):
        assert (await viewer.put("/v1/secrets/key", json={"value": "v"})).status_code == 403
    refusals = app.state.deps.refusals
    assert await refusals.flush() == 1
    (entry,) = await told(tenant.owner, outcome="refused")
    assert (entry["actor"]["id"], entry["action"]) == (str(viewer_id), "put_secret")
    assert entry["after"] == {"times": 5}
    for _ in range(3):
        await viewer.put("/v1/secrets/key", json={"value": "v"})
    assert await refusals.flush() == 0
    assert len(await told(tenant.owner, outcome="refused")) == 1


async def test_failed_sign_ins_are_told_to_the_tenants_of_the_account(tenant: Tenant, app: FastAPI) -> None:
    (entry,) = await told(tenant.owner, action="register")
    email = entry["actor"]["name"]
    for address in (email, "nobody@example.com"):
        body = {"email": address, "password": "not this one at all"}
        assert (await tenant.client("").post("/v1/auth/login", json=body)).status_code == 401
    await app.state.deps.refusals.flush()
    (failed,) = await told(tenant.owner, outcome="failed")
    assert (failed["action"], failed["resource"]["id"]) == ("login", str(tenant.who.user_id))
    assert "not this one" not in json.dumps(failed)


def changing_routes(app: FastAPI) -> list[GuardedRoute]:
    return [
        route for route in app.router.routes if isinstance(route, GuardedRoute) and CHANGING & set(route.methods or ())
    ]


async def test_every_changing_route_is_audited_or_says_why_not(app: FastAPI) -> None:
    found = {
        route.operation_id for route in changing_routes(app) if unaudited_because(route.endpoint) is not None
    }
    assert found == UNAUDITED


async def test_every_changing_route_with_a_permission_leaves_an_entry(
    app: FastAPI, tenant: Tenant, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 28. Each route as it is, from its address to its guard; only what it does is replaced by a change of one
    row, so that each can be called without knowing what it needs."""
    database, place = tenant.api.app, tenant.who.tenant_id

    async def change(request: Any, **_: Any) -> Response:
        async with database.unit_of_work([place]) as conn:
            await conn.execute("UPDATE memberships SET role = role WHERE tenant_id = $1", place)
        return Response(status_code=204)

    missing = []
    walked = [
        route for route in changing_routes(app) if route.operation_id not in UNAUDITED and not route._access.public
    ]
    for route in walked:
        monkeypatch.setattr(route, "endpoint", change)
        monkeypatch.setattr(route, "body_field", None)
        monkeypatch.setattr(route._arguments, "of", _only_the_request)
        (method,) = route.methods or ()
        path = route.path_format
        for name in route.param_convertors:
            path = path.replace(f"{{{name}}}", str(tenant.who.session_id))
        answer = await owner.request(method, path, headers={"x-request-id": f"walk-{route.operation_id}"})
        assert answer.status_code == 204, (route.operation_id, answer.text)
        entries = await told(tenant.owner, action=route.operation_id)
        if [one["from"]["request_id"] for one in entries].count(f"walk-{route.operation_id}") != 1:
            missing.append(route.operation_id)
    assert missing == []
    assert len(walked) > 40


async def _only_the_request(request: Any) -> dict[str, Any]:
    return {"request": request}


async def export(tenant: Tenant) -> list[str]:
    for number in range(4):
        await tenant.owner.put(f"/v1/secrets/s{number}", json={"value": "v"})
    answer = await tenant.owner.get("/v1/audit/export")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return answer.text.splitlines()


async def test_an_export_holds_and_its_head_is_the_anchor(tenant: Tenant) -> None:
    lines = await export(tenant)
    head = (await tenant.owner.get("/v1/audit/head")).json()
    chain = verify_lines(iter(lines), head["hash"])
    assert (chain.seq, chain.hash.hex()) == (head["seq"], head["hash"])
    rest = (await tenant.owner.get("/v1/audit/export?after=2")).text.splitlines()
    assert verify_lines(iter(rest), after=2).hash == chain.hash
    with pytest.raises(ChainBroken):
        verify_lines(iter(rest))


def _edited(lines: list[str], at: int) -> None:
    row = json.loads(lines[at])
    row["entry"]["actor"]["name"] = "somebody else"
    lines[at] = json.dumps(row)


def _removed(lines: list[str], at: int) -> None:
    del lines[at]


def _inserted(lines: list[str], at: int) -> None:
    lines.insert(at, lines[at])


def _swapped(lines: list[str], at: int) -> None:
    lines[at], lines[at - 1] = lines[at - 1], lines[at]


@pytest.mark.parametrize("how", [_edited, _removed, _inserted, _swapped])
async def test_any_change_of_any_line_shows(tenant: Tenant, how: Callable[[list[str], int], None]) -> None:
    whole = await export(tenant)
    for at in range(1 if how is _swapped else 0, len(whole) - 1):
        lines = list(whole)
        how(lines, at)
        with pytest.raises(ChainBroken) as broken:
            verify_lines(iter(lines))
        if how is not _removed:
            assert f"Line {at if how is _swapped else at + 1 + (how is _inserted)}:" in broken.value.detail


async def test_an_export_that_was_made_anew_does_not_have_the_anchor(tenant: Tenant) -> None:
    lines = await export(tenant)
    with pytest.raises(ChainBroken, match="kept elsewhere"):
        verify_lines(iter(lines), "ab" * 32)
    with pytest.raises(ChainBroken, match="head says otherwise"):
        verify_lines(iter(lines[:-1]))


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit_log SET entry = replace(entry, 'done', 'gone') WHERE tenant_id = $1 AND seq = 3", 3),
        ("DELETE FROM audit_log WHERE tenant_id = $1 AND seq = 3", 3),
        (
            "DELETE FROM audit_log l USING audit_heads h "
            "WHERE l.tenant_id = $1 AND h.tenant_id = $1 AND l.seq = h.seq", 0,
        ),
    ],
)
async def test_what_even_the_owner_of_the_database_changes_shows(
    tenant: Tenant, postgres: Any, database_name: str, statement: str, broken: int
) -> None:
    import asyncpg

    await export(tenant)
    place = tenant.who.tenant_id
    async with tenant.api.engine.read() as conn:
        last = await conn.fetchval("SELECT seq FROM audit_heads WHERE tenant_id = $1", place)
    assert (await verify_tenant(tenant.api.engine, place, "t")).seq == last
    owner = await asyncpg.connect(postgres.dsn(database_name, "postgres"))
    try:
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(statement, place)
    finally:
        await owner.close()
    with pytest.raises(ChainBroken, match=f"entry {broken or last}:"):
        await verify_tenant(tenant.api.engine, place, "t")


class Receiver:
    """Takes what is sent, or fails."""

    def __init__(self) -> None:
        self.taken: list[HttpRequest] = []
        self.answers: list[int | Exception] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.taken.append(request)
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return HttpResponse(answer, {}, b"")


async def test_entries_are_sent_on_signed_in_order_at_least_once(tenant: Tenant, api: Api) -> None:
    answer = await tenant.owner.put("/v1/audit/stream", json={"url": "https://siem.example", "secret": SECRET})
    assert answer.status_code == 200, answer.text
    assert SECRET not in answer.text
    await tenant.owner.put("/v1/secrets/key", json={"value": "v"})
    clock, receiver = ManualClock(NOW.replace(year=2036)), Receiver()
    sender = AuditSender(api.engine, receiver, AesGcmSealer([bytes(32)]), clock, Limits())
    receiver.answers = [500, Unavailable("It is away.")]
    await sender.run_once()
    await sender.run_once()
    assert len(receiver.taken) == 1  # not before its time
    clock.advance(3)
    await sender.run_once()
    clock.advance(5)
    assert await sender.run_once() == 1
    assert await sender.run_once() == 0
    ids = {one.headers["webhook-id"] for one in receiver.taken}
    assert (len(receiver.taken), len(ids)) == (3, 1)
    last = receiver.taken[-1]
    assert last.body is not None
    assert is_genuine(Scheme.STANDARD, SECRET, last.headers, last.body, clock.now(), 300)
    entries = json.loads(last.body)["data"]["entries"]
    assert [one["entry"]["action"] for one in entries] == ["put_audit_stream", "put_secret"]
    stream = (await tenant.owner.get("/v1/audit/stream")).json()
    assert (stream["failures"], stream["sent_seq"]) == (0, entries[-1]["entry"]["seq"])
    assert (await tenant.owner.delete("/v1/audit/stream")).status_code == 204


@pytest.mark.parametrize("url", ["ftp://a.example", "https://user:word@a.example", "https:///x", "javascript:alert(1)"])
async def test_addresses_that_cannot_be_sent_to_are_refused(tenant: Tenant, url: str) -> None:
    answer = await tenant.owner.put("/v1/audit/stream", json={"url": url, "secret": SECRET})
    assert answer.status_code == 422, answer.text


async def test_the_command_reads_a_file(tenant: Tenant, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from cluster.cli import app as command

    file = tmp_path / "audit.ndjson"
    lines = await export(tenant)
    file.write_text("\n".join(lines) + "\n")
    found = CliRunner().invoke(command, ["audit", "verify", str(file)])
    assert found.exit_code == 0, found.output
    assert "hold. The last hash is" in found.output
    _edited(lines, 2)
    file.write_text("\n".join(lines) + "\n")
    found = CliRunner().invoke(command, ["audit", "verify", str(file)])
    assert isinstance(found.exception, ChainBroken)
    assert "Line 3: entry 3" in found.exception.detail
