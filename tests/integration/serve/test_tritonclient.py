"""The stock client of the Open Inference Protocol works with our routes unchanged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from models.domain.identity import Principal
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.learned.client import deploy_folder
from serve.app import create_app
from serve.auth.tokens import TokenKeys, generate_keys, issue
from serve.deps import ApiPorts
from serve.inference_host import open_host
from serve.records import Membership
from tests.models.bundles import write_model_folder
from tests.servers.asgi import running_asgi
from tests.unit.learned.test_predictor import write_mixed
from tests.unit.serve import fake_services
from tests.unit.serve.api import make_ports
from tests.unit.serve.fakes import FakeIdentity


@dataclass
class Served:
    """A server with two models of one tenant."""

    client: triton.InferenceServerClient
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """A new dict each time: the client leaves what it adds in the one it is given."""
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("models")
    keys = TokenKeys.from_json(generate_keys())

    @asynccontextmanager
    async def open_ports() -> AsyncIterator[ApiPorts]:
        catalog, objects = fake_services.FakeCatalog(), fake_services.FakeObjects()
        async with open_host(catalog, objects, Limits()) as host:
            ports = make_ports(host, catalog, objects, keys=keys)
            member = Membership(principal.tenant_id, "own", "Own", principal.role)
            cast(FakeIdentity, ports.identity).members[principal.user_id] = [member]
            yield ports

    now, principal = make_ports().clock.now(), Principal(uuid7(), uuid7(), "data_scientist", uuid7())
    token = issue(keys, principal, now, 900, "tidewire-api")
    with running_asgi(create_app(open_ports)) as port:
        base = f"http://127.0.0.1:{port}"
        deploy_folder(base, token, write_model_folder(folder / "doubler"))
        deploy_folder(base, token, write_mixed(folder / "mixed"))
        client = triton.InferenceServerClient(f"127.0.0.1:{port}")
        yield Served(client, token)
        client.close()


def test_server_and_model_are_told(served: Served) -> None:
    client, headers = served.client, served.headers
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata()["name"] == "tidewire"
    assert client.is_model_ready("doubler", headers=headers)
    assert client.is_model_ready("doubler", "1.0.0", headers=headers)
    assert not client.is_model_ready("nothing", headers=headers)
    metadata = client.get_model_metadata("doubler", headers=headers)
    assert [one["name"] for one in metadata["inputs"]] == ["x"]
    assert client.get_model_metadata("doubler", "live", headers=headers)["versions"] == ["1.0.0"]


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
@pytest.mark.parametrize("packing", [None, "gzip", "deflate"])
def test_every_form_of_a_tensor(served: Served, binary_in: bool, binary_out: bool, packing: str | None) -> None:
    rows = np.arange(5_000, dtype=np.float64).reshape(-1, 1)
    given = triton.InferInput("x", list(rows.shape), "FP64")
    given.set_data_from_numpy(rows, binary_data=binary_in)
    result = served.client.infer(
        "doubler", [given], outputs=[triton.InferRequestedOutput("y", binary_data=binary_out)],
        headers=served.headers, request_id="q-1",
        request_compression_algorithm=packing, response_compression_algorithm=packing,
    )  # fmt: skip
    assert np.array_equal(result.as_numpy("y"), rows.ravel() * 2)
    assert result.get_response()["id"] == "q-1"


def test_without_named_outputs_all_come_in_binary(served: Served) -> None:
    given = triton.InferInput("x", [1, 1], "FP64")
    given.set_data_from_numpy(np.array([[21.0]]))
    result = served.client.infer("doubler", [given], model_version="1.0.0", headers=served.headers)
    assert result.as_numpy("y").tolist() == [42.0]


@pytest.mark.parametrize("binary", [True, False])
def test_texts_and_several_outputs(served: Served, binary: bool) -> None:
    kind = triton.InferInput("kind", [2], "BYTES")
    kind.set_data_from_numpy(np.array(["a", "b"], dtype=object), binary_data=binary)
    size = triton.InferInput("size", [2], "FP64")
    size.set_data_from_numpy(np.array([1.0, 4.0]), binary_data=binary)
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("late", "both")]
    result = served.client.infer("mixed", [kind, size], outputs=wanted, headers=served.headers)
    assert result.as_numpy("late").dtype == np.float32
    assert result.as_numpy("both").shape == (2, 2)
    assert result.as_numpy("minutes") is None


def test_errors_reach_the_client_in_words(served: Served) -> None:
    given = triton.InferInput("x", [1, 1], "FP32")
    given.set_data_from_numpy(np.array([[1.0]], dtype=np.float32))
    with pytest.raises(InferenceServerException, match="the input x is FP64"):
        served.client.infer("doubler", [given], headers=served.headers)
    with pytest.raises(InferenceServerException, match="Sign in"):
        served.client.get_model_metadata("doubler")
    with pytest.raises(InferenceServerException):
        served.client.get_model_metadata("nothing", headers=served.headers)
