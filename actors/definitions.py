"""Compiled workflows by tenant and version; versions never change, so a cached one is always right."""

from __future__ import annotations

import logging
from collections import OrderedDict
from uuid import UUID

from actors.interpreter import Engine
from actors.ports import DefinitionStore
from models.domain.dsl.engine import Workflow
from models.domain.dsl.problems import problem
from models.domain.errors import InvalidDefinition
from models.domain.runs import WorkflowRef

_log = logging.getLogger(__name__)


class Definitions:
    """Keeps the `most` used last."""

    def __init__(self, store: DefinitionStore, engine: Engine, most: int = 2_000) -> None:
        self._store = store
        self._engine = engine
        self._most = most
        self._known: OrderedDict[tuple[UUID, WorkflowRef], Workflow] = OrderedDict()

    def known(self, tenant_id: UUID, ref: WorkflowRef) -> Workflow | None:
        """The workflow when it is in memory."""
        key = (tenant_id, ref)
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
        return found

    async def get(self, tenant_id: UUID, ref: WorkflowRef) -> Workflow | dict[str, object]:
        """The workflow, or the error with which its runs end; Unavailable."""
        found = self.known(tenant_id, ref)
        if found is not None:
            return found
        definition = await self._store.definition(tenant_id, ref)
        if definition is None:
            detail = f"There is no version {ref.version} of {ref.namespace}/{ref.name}."
            return {**problem("configuration", detail), "instance": "/"}
        try:
            workflow = self._engine.compile(definition)
        except InvalidDefinition as error:
            return {**problem("configuration", error.detail), "instance": "/"}
        except Exception:
            _log.exception("the definition %s/%s %s cannot be compiled", ref.namespace, ref.name, ref.version)
            return {**problem("configuration", "The definition cannot be compiled."), "instance": "/"}
        self._known[tenant_id, ref] = workflow
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return workflow
