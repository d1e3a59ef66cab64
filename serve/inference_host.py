"""Holds loaded models and asks them; runs where ModelReplica runs, beside nothing that must not wait."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

from threadpoolctl import threadpool_limits

from models.domain.errors import InvalidInput, TidewireError, Unavailable
from models.domain.limits import Limits
from models.domain.ports import ObjectStore
from models.learned.bundles import digest, unpack
from models.learned.predictor import Predictor, Query, load, try_example
from serve.group_commit import GroupCommit
from serve.inference_ports import ModelCatalog

# Requests that one call of a pipeline may answer together.
_TOGETHER = 64


class LoadedModel:
    """A predictor; requests that come while it works are answered by one call for all their rows."""

    def __init__(self, predictor: Predictor, threads: ThreadPoolExecutor, limits: Limits) -> None:
        self.predictor = predictor
        self._threads = threads
        self._seconds = limits.max_inference_seconds
        self._calls: GroupCommit[Query, dict[str, Any]] = GroupCommit(
            self._answer, _TOGETHER, limits.max_waiting_inferences
        )

    async def infer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer; InvalidInput when the request does not fit, Unavailable when it takes too long."""
        return await self._calls.submit(self.predictor.query(request))

    async def _answer(self, queries: Sequence[Query]) -> Sequence[dict[str, Any] | Exception]:
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads, self.predictor.answer, list(queries))
        try:
            return list(await asyncio.wait_for(work, self._seconds))
        except TimeoutError:
            raise Unavailable(f"The model took longer than {self._seconds:g} s (max_inference_seconds).") from None


class ModelHost:
    """Loads versions when they are asked for and forgets the least used ones when memory is short.

    Equal bundles are loaded once, whoever deployed them: a pipeline is only read. For one event loop.
    """

    def __init__(self, catalog: ModelCatalog, objects: ObjectStore, limits: Limits) -> None:
        self._catalog = catalog
        self._objects = objects
        self._limits = limits
        # OpenMP would start a thread a core for each call; here calls are what runs in parallel.
        self._threads = ThreadPoolExecutor(
            limits.max_inference_threads, "inference", partial(threadpool_limits, limits=1)
        )
        self._loaded: OrderedDict[bytes, LoadedModel] = OrderedDict()
        self._loading: dict[bytes, asyncio.Task[LoadedModel]] = {}

    async def infer(
        self, tenant_id: UUID, model: str, version: str | None, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Open Inference Protocol v2, in its list form or in the plain form of models/domain/inference.py."""
        return await (await self._model(tenant_id, model, version)).infer(request)

    async def ready(self, tenant_id: UUID, model: str, version: str | None) -> bool:
        """Loads the version when it is not loaded yet; False when that fails."""
        try:
            await self._model(tenant_id, model, version)
        except TidewireError:
            return False
        return True

    async def check(self, object_key: str, sha256: bytes) -> None:
        """Loads a bundle that is no version yet, and tries its example; InvalidInput tells what is wrong."""
        loaded = await self._load(object_key, sha256)
        await asyncio.get_running_loop().run_in_executor(self._threads, try_example, loaded.predictor)
        self._keep(sha256, loaded)

    def loaded_bytes(self) -> int:
        """What the loaded models count for."""
        return sum(one.predictor.size for one in self._loaded.values())

    async def close(self) -> None:
        """Gives up what is being loaded; a call that runs ends by itself."""
        for task in self._loading.values():
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _model(self, tenant_id: UUID, model: str, version: str | None) -> LoadedModel:
        found = await self._catalog.resolve(tenant_id, model, version)
        loaded = self._loaded.get(found.sha256)
        if loaded is not None:
            self._loaded.move_to_end(found.sha256)
            return loaded
        task = self._loading.get(found.sha256)
        if task is None:
            task = asyncio.create_task(self._load(found.object_key, found.sha256))
            self._loading[found.sha256] = task
            task.add_done_callback(lambda done: self._loading.pop(found.sha256, None))
        # One that stops waiting leaves the others their model.
        loaded = await asyncio.shield(task)
        self._keep(found.sha256, loaded)
        return loaded

    async def _load(self, object_key: str, sha256: bytes) -> LoadedModel:
        archive = await self._objects.get(object_key)
        predictor = await asyncio.get_running_loop().run_in_executor(
            self._threads, _predictor, archive, sha256, self._limits
        )
        return LoadedModel(predictor, self._threads, self._limits)

    def _keep(self, sha256: bytes, loaded: LoadedModel) -> None:
        self._loaded[sha256] = loaded
        self._loaded.move_to_end(sha256)
        while self.loaded_bytes() > self._limits.max_loaded_model_bytes and len(self._loaded) > 1:
            self._loaded.popitem(last=False)


def _predictor(archive: bytes, sha256: bytes, limits: Limits) -> Predictor:
    if digest(archive) != sha256:
        raise InvalidInput("The stored bundle is not the one that was deployed.")
    return load(unpack(archive, limits), limits)


@asynccontextmanager
async def open_host(catalog: ModelCatalog, objects: ObjectStore, limits: Limits) -> AsyncIterator[ModelHost]:
    """A host that is closed at the end of the block."""
    host = ModelHost(catalog, objects, limits)
    try:
        yield host
    finally:
        await host.close()
