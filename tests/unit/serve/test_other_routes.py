"""Events, webhooks, workflows, metrics, connections, notifications and the operators' pages, over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

import pytest

from models.domain.ids import uuid7
from serve.records import Notification
from tests.unit.serve import fakes
from tests.unit.serve.api import Api, Caller, assert_problem
from tests.unit.serve.test_runs_route import DOCUMENT, put

EVENT = {"specversion": "1.0", "id": "1", "source": "/here", "type": "test.tick", "data": {"n": 1}}


async def post_events(api: Api, body: Any, media: str = "application/json", **more: Any) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await api.call("POST", "/v1/events", content=content, headers={"content-type": media}, **more)


class TestEvents:
    async def test_one_many_and_duplicates(self, api: Api) -> None:
        answer = await post_events(api, EVENT, "application/cloudevents+json")
        assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0})
        batch = [EVENT, {**EVENT, "id": "2"}]
        answer = await post_events(api, batch, "application/cloudevents-batch+json")
        assert answer.json() == {"accepted": 1, "duplicates": 1}
        page = (await api.call("GET", "/v1/events")).json()
        assert [one["id"] for one in page["items"]] == ["1", "2"]
        assert page["items"][0]["receivedat"] == "2026-01-01T00:00:00.000000Z"

    async def test_binary_mode(self, api: Api) -> None:
        headers = {"ce-specversion": "1.0", "ce-id": "b", "ce-source": "/here", "ce-type": "t"}
        headers["content-type"] = "text/plain"
        answer = await api.call("POST", "/v1/events", content=b"hello", headers=headers)
        assert answer.status_code == 202
        [stored] = (await api.call("GET", "/v1/events")).json()["items"]
        assert (stored["data"], stored["datacontenttype"]) == ("hello", "text/plain")
        headers["ce-id"], headers["content-type"] = "c", "application/octet-stream"
        await api.call("POST", "/v1/events", content=b"\0\xff", headers=headers)
        stored = (await api.call("GET", "/v1/events")).json()["items"][1]
        assert base64.b64decode(stored["data_base64"]) == b"\0\xff"

    @pytest.mark.parametrize(
        ("body", "status", "pointer"),
        [
            ({}, 422, "/id"), ([EVENT, {**EVENT, "id": ""}], 422, "/1/id"), ([EVENT, 7], 422, "/1"),
            ({**EVENT, "specversion": "0.3"}, 422, "/specversion"), ({**EVENT, "type": None}, 422, "/type"),
            ({**EVENT, "time": "noon"}, 422, "/time"), ("text", 422, ""), (7, 422, ""), (None, 422, ""),
            ([{**EVENT, "id": str(n)} for n in range(1_001)], 422, ""), ({**EVENT, "data": "x" * 300_000}, 413, None),
            (b"{", 400, None), (b"", 400, None), (b'{"a": "\\u0000"}', 400, "/a"),
        ],
        ids=lambda value: str(value)[:30],
    )  # fmt: skip
    async def test_all_or_nothing(self, api: Api, body: Any, status: int, pointer: str | None) -> None:
        assert_problem(await post_events(api, body), status, pointer)
        assert (await api.call("GET", "/v1/events")).json()["items"] == []

    async def test_media_types(self, api: Api) -> None:
        assert_problem(await post_events(api, EVENT, "text/plain"), 415)
        assert_problem(await post_events(api, [EVENT], "application/cloudevents+json"), 422)
        assert_problem(await post_events(api, EVENT, "application/cloudevents-batch+json"), 422)


class TestWebhooks:
    SECRET = "a secret shared with the sender"

    async def source(self, api: Api) -> str:
        answer = await api.call("PUT", "/v1/hooks/sources/git", json={"scheme": "github", "secret": self.SECRET})
        assert answer.status_code == 201
        assert self.SECRET not in answer.text
        return str(answer.json()["path"])

    def headers(self, body: bytes, delivery: str = "d-1") -> dict[str, str]:
        signature = hmac.new(self.SECRET.encode(), body, hashlib.sha256).hexdigest()
        return {
            "content-type": "application/json", "x-github-event": "push", "x-github-delivery": delivery,
            "x-hub-signature-256": f"sha256={signature}",
        }  # fmt: skip

    async def test_a_genuine_delivery_is_one_event_however_often_it_comes(self, api: Api) -> None:
        path, body = await self.source(api), b'{"ref": "main"}'
        for expected in ({"accepted": 1, "duplicates": 0}, {"accepted": 0, "duplicates": 1}):
            answer = await api.http.post(path, content=body, headers=self.headers(body))
            assert (answer.status_code, answer.json()) == (202, expected)
        [event] = (await api.call("GET", "/v1/events")).json()["items"]
        assert (event["type"], event["id"], event["data"]) == ("com.github.push", "d-1", {"ref": "main"})

    async def test_forged_ones_and_unknown_doors_are_answered_alike(self, api: Api) -> None:
        path, body = await self.source(api), b"{}"
        answers = [
            await api.http.post(path, content=b'{"a": 1}', headers=self.headers(body)),
            await api.http.post(path, content=body),
            await api.http.post("/v1/hooks/nobody/git", content=body, headers=self.headers(body)),
            await api.http.post(path.replace("/git", "/other"), content=body, headers=self.headers(body)),
        ]
        details = {assert_problem(answer, 401)["detail"] for answer in answers}
        assert len(details) == 1
        assert (await api.call("GET", "/v1/events")).json()["items"] == []

    async def test_a_signed_body_that_is_no_json_is_refused(self, api: Api) -> None:
        path = await self.source(api)
        for body in (b"{", b'{"a": "\\u0000"}'):
            assert_problem(await api.http.post(path, content=body, headers=self.headers(body)), 400)

    async def test_sources_are_listed_changed_and_deleted(self, api: Api) -> None:
        await self.source(api)
        again = {"scheme": "standard-webhooks", "secret": "whsec_" + base64.b64encode(b"k" * 24).decode()}
        assert (await api.call("PUT", "/v1/hooks/sources/git", json=again)).status_code == 200
        [shown] = (await api.call("GET", "/v1/hooks/sources")).json()["items"]
        assert shown["scheme"] == "standard-webhooks"
        assert (await api.call("DELETE", "/v1/hooks/sources/git")).status_code == 204
        assert_problem(await api.call("DELETE", "/v1/hooks/sources/git"), 404)

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"scheme": "smoke", "secret": "x" * 20}, "/scheme"), ({"scheme": "github", "secret": "x"}, "/secret"),
            ({"scheme": "github"}, "/secret"), ({"scheme": "standard-webhooks", "secret": "whsec_!!"}, "/secret"),
        ],
    )  # fmt: skip
    async def test_bad_sources(self, api: Api, body: dict[str, str], pointer: str) -> None:
        assert_problem(await api.call("PUT", "/v1/hooks/sources/git", json=body), 422, pointer)
        assert_problem(await api.call("PUT", "/v1/hooks/sources/Not_a_name", json=body), 422, "/source")


class TestWorkflows:
    async def test_the_same_again_is_200_and_other_content_409(self, api: Api) -> None:
        assert (await put(api)).status_code == 201
        assert (await put(api)).json()["created"] is False
        assert (await put(api, DOCUMENT.replace("'1.0.3'", '"1.0.3"'))).status_code == 200
        assert_problem(await put(api, DOCUMENT.replace("red}", "blue}")), 409)

    async def test_every_fault_has_pointer_and_line(self, api: Api) -> None:
        answer = await put(api, DOCUMENT.replace("set:", "sett:"))
        error = assert_problem(answer, 422)["errors"][0]
        assert error["pointer"].startswith("/do/0/setRed")
        assert error["line"] >= 3
        checked = await api.call(
            "POST", "/v1/workflows/validate", content="a: &x [*x]", headers={"content-type": "application/yaml"}
        )
        assert checked.status_code == 200
        assert checked.json()["valid"] is False

    async def test_versions_are_shown_and_not_modified_is_304(self, api: Api) -> None:
        await put(api)
        path = "/v1/workflows/test/colours/versions/1.0.0"
        answer = await api.call("GET", path)
        assert answer.json()["source"] == DOCUMENT
        tag = {"if-none-match": answer.headers["etag"]}
        again = await api.call("GET", path, headers=tag)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
        for header in ("*", f'"x", W/{answer.headers["etag"]}'):
            assert (await api.call("GET", path, headers={"if-none-match": header})).status_code == 304
        assert (await api.call("GET", path, headers={"if-none-match": '"x"'})).status_code == 200
        versions = (await api.call("GET", "/v1/workflows/test/colours/versions")).json()["items"]
        assert [one["version"] for one in versions] == ["1.0.0"]

    async def test_media_types_and_sizes(self, api: Api) -> None:
        for media, content, status in (
            ("text/html", DOCUMENT, 415), ("application/yaml", "x" * 1_000_001, 413), ("application/json", "{", 422),
        ):  # fmt: skip
            answer = await api.call("PUT", "/v1/workflows", content=content, headers={"content-type": media})
            assert_problem(answer, status)

    @pytest.mark.parametrize("body", [{}, {"enabled": "yes"}, {"enabled": 1}, {"enabled": True, "x": 1}, [], None])
    async def test_bad_changes(self, api: Api, body: Any) -> None:
        await put(api)
        assert_problem(await api.call("PATCH", "/v1/workflows/test/colours", json=body), 422)


class TestMetrics:
    DEFINITION: dict[str, Any] = {  # noqa: RUF012
        "type": "test.tick", "value": "/n", "dimensions": [{"name": "colour", "pointer": "/colour"}],
    }  # fmt: skip

    async def test_define_list_and_read(self, api: Api) -> None:
        assert (await api.call("PUT", "/v1/metrics/ticks", json=self.DEFINITION)).status_code == 201
        assert (await api.call("PUT", "/v1/metrics/ticks", json=self.DEFINITION)).status_code == 200
        names = {one["name"]: one["built_in"] for one in (await api.call("GET", "/v1/metrics")).json()["items"]}
        assert names == {"events": True, "ticks": False}
        answer = await api.call("GET", "/v1/metrics/events", params={"step": 10, "by": "type"})
        [series] = answer.json()["series"]
        assert series["dimensions"] == {"type": "x"}
        assert series["points"][0]["sum"] == 2.0

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"type": ""}, "/type"), ({"value": "n"}, "/value"), ({"value": "/a~2"}, "/value"),
            ({"unique": 7}, "/unique"),
            ({"dimensions": [{"name": "a b", "pointer": "/a"}]}, "/dimensions/0/name"),
            ({"dimensions": [{"name": "a", "pointer": "/a"}] * 2}, "/dimensions"),
            ({"dimensions": [{"name": f"d{n}", "pointer": "/a"} for n in range(5)]}, "/dimensions"),
            ({"window": 10}, "/window"),
        ],
    )  # fmt: skip
    async def test_bad_definitions(self, api: Api, change: dict[str, Any], pointer: str) -> None:
        assert_problem(await api.call("PUT", "/v1/metrics/ticks", json={**self.DEFINITION, **change}), 422, pointer)

    async def test_built_in_names_are_taken(self, api: Api) -> None:
        assert_problem(await api.call("PUT", "/v1/metrics/runs", json=self.DEFINITION), 422)

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ({"step": "7"}, "/step"), ({"from": "now"}, "/from"), ({"from": "2026-01-01T00:00:00"}, "/from"),
            ({"from": "2027-01-01T00:00:00Z"}, "/from"), ({"to": "0001-01-01T00:00:00Z"}, "/to"),
            ({"from": "2020-01-01T00:00:00Z", "step": "10"}, "/from"),
        ],
    )  # fmt: skip
    async def test_bad_spans(self, api: Api, query: dict[str, str], pointer: str) -> None:
        assert_problem(await api.call("GET", "/v1/metrics/events", params=query), 422, pointer)


class TestConnections:
    BODY: dict[str, Any] = {"base_url": "https://api.example.com", "auth": {"kind": "bearer", "token": "hunter2"}}  # noqa: RUF012

    async def test_a_secret_goes_in_and_never_comes_out(self, api: Api) -> None:
        answer = await api.call("PUT", "/v1/connections/crm", json=self.BODY)
        assert answer.status_code == 201
        listed = await api.call("GET", "/v1/connections")
        for shown in (answer, listed, await api.call("GET", "/v1/connections/crm")):
            assert "hunter2" not in shown.text
        assert answer.json()["auth"] == {"kind": "bearer"}
        store = api.ports.connections
        assert isinstance(store, fakes.FakeConnections)
        sealed = store.sealed[api.owner.tenant_id, "crm"]
        assert sealed is not None
        opened = api.ports.sealer.open(sealed, f"connection:{api.owner.tenant_id}:crm")
        assert json.loads(opened) == {"token": "hunter2"}
        assert (await api.call("DELETE", "/v1/connections/crm")).status_code == 204
        assert_problem(await api.call("GET", "/v1/connections/crm"), 404)

    @pytest.mark.parametrize(
        "change",
        [
            {"base_url": "ftp://x"}, {"base_url": "https://u:p@x"}, {"base_url": "https://x:99999"},
            {"base_url": "https://x/?q=1"}, {"auth": {"kind": "magic"}}, {"auth": {"kind": "bearer"}},
            {"auth": {"kind": "header", "name": "a b", "value": "c"}}, {"quota": {"requests": 0, "per_seconds": 1}},
            {"breaker": {"failures": -1}}, {"base_url": None}, {"extra": 1},
        ],
    )  # fmt: skip
    async def test_bad_connections(self, api: Api, change: dict[str, Any]) -> None:
        assert_problem(await api.call("PUT", "/v1/connections/crm", json={**self.BODY, **change}), 422)


class TestNotifications:
    def note(self, api: Api, caller: Caller) -> UUID:
        store = api.ports.notifications
        assert isinstance(store, fakes.FakeNotifications)
        note = Notification(uuid7(), "warning", "Look", "", None, None, api.clock.now(), None)
        store.inbox[note.id] = (caller.tenant_id, caller.principal.user_id, note)
        return note.id

    async def test_one_then_all_become_read(self, api: Api) -> None:
        first, _, _ = (self.note(api, api.owner) for _ in range(3))
        page = (await api.call("GET", "/v1/notifications")).json()
        assert (len(page["items"]), page["unread"]) == (3, 3)
        assert (await api.call("POST", f"/v1/notifications/{first}/read")).json() == {"unread": 2}
        assert len((await api.call("GET", "/v1/notifications", params={"unread": True})).json()["items"]) == 2
        assert (await api.call("POST", "/v1/notifications/read-all")).json() == {"unread": 0}

    async def test_an_inbox_is_of_one_user(self, api: Api) -> None:
        note = self.note(api, api.owner)
        colleague = api.caller("viewer", api.owner.tenant_id)
        for other in (colleague, api.stranger):
            assert_problem(await api.call("POST", f"/v1/notifications/{note}/read", other), 404)
            assert (await api.call("GET", "/v1/notifications", other)).json()["items"] == []
        assert_problem(await api.call("POST", "/v1/notifications/7/read"), 422, "/notification_id")


class TestOperators:
    async def test_alive_and_ready(self, api: Api) -> None:
        assert (await api.http.get("/healthz")).json() == {"status": "ok"}
        assert (await api.http.get("/readyz")).status_code == 200
        assert (await api.http.get("/v2/health/ready")).json() == {"ready": True}
        api.readiness.parts["redis"] = "does not answer"
        for path in ("/readyz", "/v2/health/ready"):
            assert (await api.http.get(path)).status_code == 503
        assert (await api.http.get("/readyz")).json()["parts"]["redis"] == "does not answer"
        assert (await api.http.get("/v2/health/live")).json() == {"live": True}

    async def test_counts_for_prometheus_name_routes_not_paths(self, api: Api) -> None:
        await api.call("GET", "/v1/workflows/secret-name/x")
        await api.http.request("BREW", "/v1/workflows/secret-name/x")
        text = (await api.http.get("/metrics")).text
        assert 'route="/v1/workflows/{namespace}/{name}",status="404"' in text
        assert "secret-name" not in text
        assert "BREW" not in text

    async def test_config_tells_version_and_gateway(self, api: Api) -> None:
        assert (await api.http.get("/v1/config")).json() == {"version": "0.1.0", "push_url": None}

    async def test_every_answer_has_ids_and_is_closed_to_other_sites(self, api: Api) -> None:
        trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
        answer = await api.http.get("/healthz", headers={"traceparent": trace, "x-request-id": "r-1"})
        assert answer.headers["x-request-id"] == "r-1"
        assert answer.headers["traceparent"].split("-")[1] == "a" * 32
        assert answer.headers["traceparent"] != trace
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["cache-control"] == "no-store"
        odd = await api.http.get("/healthz", headers={"traceparent": "00-zz", "x-request-id": "a\tb"})
        assert odd.headers["x-request-id"] == odd.headers["traceparent"].split("-")[1]

    @pytest.mark.parametrize(("method", "path", "status"), [
        ("GET", "/v1/nothing", 404), ("GET", "/v1/runs/", 404), ("DELETE", "/v1/runs", 405), ("GET", "/v1", 404),
        ("TRACE", "/healthz", 405), ("GET", "//evil.test/", 404), ("GET", "/v1/runs/not-an-id", 422),
    ])  # fmt: skip
    async def test_what_is_not_there(self, api: Api, method: str, path: str, status: int) -> None:
        assert_problem(await api.call(method, f"http://tidewire.test{path}"), status)


async def test_nothing_of_another_tenant_can_be_seen_or_touched(api: Api) -> None:
    await put(api)
    run = (await api.call("POST", "/v1/workflows/test/colours/runs", json={})).json()["id"]
    await api.call("PUT", "/v1/hooks/sources/git", json={"scheme": "github", "secret": "s" * 20})
    await api.call("PUT", "/v1/connections/crm", json=TestConnections.BODY)
    await api.call("PUT", "/v1/metrics/ticks", json=TestMetrics.DEFINITION)
    await post_events(api, EVENT)
    for method, path in (
        ("GET", f"/v1/runs/{run}"), ("GET", f"/v1/runs/{run}/journal"), ("POST", f"/v1/runs/{run}/cancel"),
        ("GET", "/v1/workflows/test/colours"), ("GET", "/v1/workflows/test/colours/versions"),
        ("GET", "/v1/workflows/test/colours/versions/1.0.0"), ("POST", "/v1/workflows/test/colours/runs"),
        ("GET", "/v1/hooks/sources/git"), ("DELETE", "/v1/hooks/sources/git"), ("GET", "/v1/connections/crm"),
        ("DELETE", "/v1/connections/crm"), ("GET", "/v1/metrics/ticks"),
    ):  # fmt: skip
        assert_problem(await api.call(method, path, api.stranger), 404)
    changed = await api.call("PATCH", "/v1/workflows/test/colours", api.stranger, json={"enabled": False})
    assert_problem(changed, 404)
    for path in ("/v1/runs", "/v1/workflows", "/v1/events", "/v1/hooks/sources", "/v1/connections"):
        assert (await api.call("GET", path, api.stranger)).json()["items"] == []
        assert (await api.call("GET", path)).json()["items"] != []
