"""Deploying models and asking them, over HTTP with the real model host."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from models.domain.errors import Unavailable
from models.domain.limits import Limits
from models.learned.bundles import digest, pack_folder
from models.learned.client import DeployRefused, deploy_folder
from tests.models.bundles import write_model_folder
from tests.unit.serve.api import Api, Caller, assert_problem, running_api
from tests.unit.serve.fake_services import FakeObjects

ZIP = {"content-type": "application/zip"}
JSON_REQUEST = {"inputs": [{"name": "x", "shape": [2, 1], "datatype": "FP64", "data": [5, 6]}]}


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    return pack_folder(write_model_folder(tmp_path / "doubler"))


async def deploy(api: Api, archive: bytes, caller: Caller | None = None, **query: str) -> httpx.Response:
    return await api.call("POST", "/v1/models", caller, content=archive, headers=ZIP, params=query)


async def infer(api: Api, body: Any = JSON_REQUEST, name: str = "doubler", **more: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await api.call("POST", f"/v2/models/{name}/infer", content=content, **more)


async def test_a_bundle_becomes_a_version_and_live(api: Api, archive: bytes) -> None:
    answer = await deploy(api, archive)
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert answer.headers["location"] == "/v1/models/doubler/versions/1.0.0"
    assert (shown["aliases"], shown["sha256"]) == (["live"], digest(archive).hex())
    assert shown["metrics"] == {"mae": 0.0}
    assert (await deploy(api, archive)).status_code == 200
    [model] = (await api.call("GET", "/v1/models")).json()["items"]
    assert model["aliases"] == {"live": "1.0.0"}
    for version in ("1.0.0", "live"):
        one = (await api.call("GET", f"/v1/models/doubler/versions/{version}")).json()
        assert one["inputs"] == [{"name": "x", "datatype": "FP64", "shape": [-1, 1]}]


async def test_other_content_needs_another_version_and_aliases_move(api: Api, archive: bytes, tmp_path: Path) -> None:
    await deploy(api, archive)
    other = write_model_folder(tmp_path / "b", factor=3.0)
    assert_problem(await deploy(api, pack_folder(other)), 409)
    newer = pack_folder(write_model_folder(tmp_path / "c", version="2.0.0", factor=3.0))
    assert (await deploy(api, newer, alias="")).json()["aliases"] == []
    assert (await infer(api)).json()["outputs"][0]["data"] == [10.0, 12.0]
    moved = await api.call("PUT", "/v1/models/doubler/aliases/live", json={"version": "2.0.0"})
    assert moved.json() == {"model": "doubler", "alias": "live", "version": "2.0.0"}
    assert (await infer(api)).json()["outputs"][0]["data"] == [15.0, 18.0]
    old = await api.call("POST", "/v2/models/doubler/versions/1.0.0/infer", json=JSON_REQUEST)
    assert old.json()["outputs"][0]["data"] == [10.0, 12.0]
    assert old.json()["model_version"] == "1.0.0"
    versions = (await api.call("GET", "/v1/models/doubler/versions")).json()["items"]
    assert [one["version"] for one in versions] == ["2.0.0", "1.0.0"]


async def test_a_bad_bundle_leaves_nothing(api: Api, tmp_path: Path) -> None:
    folder = write_model_folder(tmp_path / "m")
    manifest = folder / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("x: 3.0", "x: text"))
    assert_problem(await deploy(api, pack_folder(folder)), 422, "/inputs/x")
    assert_problem(await deploy(api, b"no zip"), 422, "")
    assert_problem(await deploy(api, b""), 422)
    for name in ("manifest.yaml", "pipeline.skops"):
        broken = pack_folder(write_model_folder(tmp_path / name)).replace(name.encode(), b"x" * len(name))
        assert_problem(await deploy(api, broken), 422)
    assert (await api.call("GET", "/v1/models")).json()["items"] == []


async def test_uploads_have_a_type_and_a_size(api: Api, archive: bytes) -> None:
    answer = await api.call("POST", "/v1/models", content=archive, headers={"content-type": "application/json"})
    assert_problem(answer, 415)
    async with running_api(limits=Limits(max_model_bundle_bytes=100)) as small:
        assert_problem(await deploy(small, archive), 413)
    async with running_api(limits=Limits(max_models_per_tenant=0)) as small:
        assert "max_models_per_tenant" in assert_problem(await deploy(small, archive), 422)["detail"]
    assert_problem(await deploy(api, archive, alias="1.0"), 422, "/alias")


async def test_models_are_a_tenants_own(api: Api, archive: bytes) -> None:
    await deploy(api, archive)
    for method, path in (
        ("GET", "/v1/models/doubler/versions"), ("GET", "/v1/models/doubler/versions/live"),
        ("GET", "/v2/models/doubler"), ("GET", "/v2/models/doubler/ready"),
        ("GET", "/v2/models/doubler/versions/1.0.0"),
    ):  # fmt: skip
        assert_problem(await api.call(method, path, api.stranger), 404)
    assert_problem(await infer(api, caller=api.stranger), 404)
    alias = await api.call("PUT", "/v1/models/doubler/aliases/live", api.stranger, json={"version": "1.0.0"})
    assert_problem(alias, 404)
    assert (await api.call("GET", "/v1/models", api.stranger)).json()["items"] == []
    viewer = api.caller("viewer", api.owner.tenant_id)
    assert (await infer(api, caller=viewer)).status_code == 200
    assert_problem(await deploy(api, archive, viewer), 403)


async def test_metadata_and_readiness(api: Api, archive: bytes) -> None:
    await deploy(api, archive)
    metadata = (await api.call("GET", "/v2/models/doubler")).json()
    assert metadata == {
        "name": "doubler", "versions": ["1.0.0"], "platform": "scikit-learn",
        "inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, 1]}],
        "outputs": [{"name": "y", "datatype": "FP64", "shape": [-1]}],
    }  # fmt: skip
    assert (await api.call("GET", "/v2/models/doubler/ready")).json() == {"name": "doubler", "ready": True}
    assert (await api.call("GET", "/v2/models/doubler/versions/live/ready")).status_code == 200
    assert "binary_tensor_data" in (await api.http.get("/v2")).json()["extensions"]


async def test_a_stored_bundle_that_was_changed_is_not_ready(api: Api, archive: bytes) -> None:
    await deploy(api, archive)
    objects = api.ports.objects
    assert isinstance(objects, FakeObjects)
    [key] = objects.blobs
    objects.blobs[key] = archive + b"x"
    api.host._loaded.clear()
    assert_problem(await api.call("GET", "/v2/models/doubler/ready"), 503)
    assert_problem(await infer(api), 422)


async def test_errors_are_where_clients_of_the_protocol_look(api: Api, archive: bytes) -> None:
    await deploy(api, archive)
    body = assert_problem(await infer(api, {"inputs": [{"name": "z"}]}), 422, "/inputs/0/name")
    assert body["error"].startswith("The request does not fit the model.; /inputs/0/name: ")
    assert "error" in assert_problem(await infer(api, name="nothing"), 404)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400), (b"[]", {}, 422), (b"7", {}, 422), (b"{}", {}, 422), (b"", {}, 400),
        (b'{"inputs": []}', {"inference-header-content-length": "99"}, 400),
        (b'{"inputs": []}', {"inference-header-content-length": "-1"}, 400),
        (b'{"inputs": []}junk', {"inference-header-content-length": "14"}, 400),
        (b"junk", {"content-encoding": "gzip"}, 400), (b"junk", {"content-encoding": "br"}, 415),
        (gzip.compress(b"{}")[:-4], {"content-encoding": "gzip"}, 400),
        (gzip.compress(b" " * 17_000_000), {"content-encoding": "gzip"}, 413),
    ],
)  # fmt: skip
async def test_bad_bodies_are_refused(
    api: Api, archive: bytes, content: bytes, headers: dict[str, str], status: int
) -> None:
    await deploy(api, archive)
    assert_problem(await infer(api, content, headers=headers), status)


def binary(data: bytes, *, size: Any = None, more: dict[str, Any] | None = None) -> tuple[bytes, dict[str, str]]:
    tensor = {"name": "x", "shape": [2, 1], "datatype": "FP64", "parameters": {"binary_data_size": size or len(data)}}
    head = json.dumps({"inputs": [tensor], **(more or {})}).encode()
    return head + data, {"inference-header-content-length": str(len(head))}


async def test_binary_tensors_go_in_and_out(api: Api, archive: bytes) -> None:
    await deploy(api, archive)
    content, headers = binary(np.array([1.0, 2.0]).tobytes(), more={"parameters": {"binary_data_output": True}})
    answer = await infer(api, content, headers=headers)
    length = int(answer.headers["inference-header-content-length"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert json.loads(answer.content[:length])["outputs"][0]["parameters"] == {"binary_data_size": 16}
    assert np.frombuffer(answer.content[length:]).tolist() == [2.0, 4.0]
    for size in (1, 1000, -1, "16"):
        content, headers = binary(np.array([1.0, 2.0]).tobytes(), size=size)
        assert_problem(await infer(api, content, headers=headers), 400)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_packed_bodies_go_in_and_out(api: Api, archive: bytes, encoding: str, pack: Any) -> None:
    await deploy(api, archive)
    rows = 4_000
    body = {"inputs": [{"name": "x", "shape": [rows, 1], "datatype": "FP64", "data": list(range(rows))}]}
    headers = {"content-encoding": encoding, "accept-encoding": encoding}
    answer = await infer(api, pack(json.dumps(body).encode()), headers=headers)
    assert answer.headers["content-encoding"] == encoding
    assert answer.json()["outputs"][0]["data"][-1] == 2.0 * (rows - 1)


async def test_the_short_form(api: Api, archive: bytes) -> None:
    await deploy(api, archive)
    assert (await infer(api, {"inputs": {"x": 21}})).json()["outputs"] == {"y": 42.0}


async def test_requests_that_come_together_are_answered_together(api: Api, archive: bytes) -> None:
    await deploy(api, archive)
    answers = await asyncio.gather(*(infer(api, {"inputs": {"x": n}}) for n in range(30)), infer(api, {"inputs": {}}))
    assert [answer.json()["outputs"]["y"] for answer in answers[:-1]] == [2.0 * n for n in range(30)]
    assert_problem(answers[-1], 422)


async def test_the_least_used_model_makes_room(api: Api, tmp_path: Path) -> None:
    archives = [pack_folder(write_model_folder(tmp_path / str(n), f"m{n}", factor=float(n))) for n in range(3)]
    async with running_api() as probe:
        await deploy(probe, archives[0])
        one = probe.host.loaded_bytes()
    async with running_api(limits=Limits(max_loaded_model_bytes=one * 2 + one // 2)) as small:
        for archive in archives:
            await deploy(small, archive)
        assert small.host.loaded_bytes() <= one * 2.5
        for n in range(3):
            answer = await infer(small, {"inputs": {"x": 1}}, f"m{n}")
            assert answer.json()["outputs"] == {"y": float(n)}


async def test_one_that_stops_waiting_leaves_the_others_their_model(api: Api, archive: bytes) -> None:
    await deploy(api, archive)
    api.host._loaded.clear()
    tenant_id = api.owner.tenant_id
    ask = [
        asyncio.create_task(api.host.infer(tenant_id, "doubler", None, {"inputs": {"x": n}})) for n in range(5)
    ]
    await asyncio.sleep(0)
    ask[0].cancel()
    answers = await asyncio.gather(*ask, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert [answer["outputs"]["y"] for answer in answers[1:]] == [2.0, 4.0, 6.0, 8.0]  # type: ignore[index]


async def test_a_model_that_takes_too_long_is_unavailable(archive: bytes) -> None:
    async with running_api(limits=Limits(max_inference_seconds=0.0)) as api:
        await deploy(api, archive)
        assert "max_inference_seconds" in assert_problem(await infer(api), 503)["detail"]


async def test_a_host_that_is_away_is_503(api: Api, archive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    await deploy(api, archive)

    async def away(*_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(type(api.host), "infer", away)
    assert_problem(await infer(api), 503)


async def test_the_client_tells_why_it_was_refused(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model_folder(tmp_path / "m")
    answers = iter([
        httpx.Response(201, json={"version": "1.0.0"}),
        httpx.Response(409, json={"detail": "It exists.", "errors": [{"pointer": "/version", "detail": "taken"}]}),
        httpx.Response(502, text="<html>"),
    ])
    monkeypatch.setattr(httpx.Client, "post", lambda *_, **__: next(answers))
    assert deploy_folder("http://x", "t", folder) == {"version": "1.0.0"}
    with pytest.raises(DeployRefused, match="409: It exists") as caught:
        deploy_folder("http://x", "t", folder)
    assert caught.value.faults[0].pointer == "/version"
    with pytest.raises(DeployRefused, match="502"):
        deploy_folder("http://x", "t", folder)
