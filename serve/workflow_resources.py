"""What a version uses from elsewhere (functions, schemas): read, checked and kept when the version is put."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from models.domain.dsl.engine import compile_workflow
from models.domain.dsl.resources import Resource, resources_of, resources_of_function, with_resources
from models.domain.dsl.schemas import Schema
from models.domain.dsl.validation import check_definition
from models.domain.errors import Fault, InvalidDefinition, LimitExceeded, NotFound, TidewireError, Unavailable
from models.domain.limits import Limits
from serve.deps import ApiPorts
from serve.records import NewVersion

_CHECKED = "/use/functions/checked"


async def with_kept_resources(ports: ApiPorts, tenant_id: UUID, new: NewVersion) -> NewVersion:
    """The version with its resources; InvalidDefinition when one cannot be read or used.

    A version that is stored already keeps what was read for it then.
    """
    wanted = resources_of(new.definition)
    if not wanted or await _is_stored(ports, tenant_id, new):
        return new
    try:
        async with asyncio.timeout(ports.limits.max_http_seconds):
            found = await _Reading(ports, tenant_id, new.definition).read(wanted)
    except TimeoutError:
        raise Unavailable("What the definition uses from elsewhere could not be read in time; try again.") from None
    await asyncio.to_thread(_check, new.definition, found, ports.limits)
    return replace(new, resources=found)


async def _is_stored(ports: ApiPorts, tenant_id: UUID, new: NewVersion) -> bool:
    try:
        await ports.workflows.version(tenant_id, new.ref)
    except NotFound:
        return False
    return True


class _Reading:
    """Reads resources, and what those name in their turn, one after another."""

    def __init__(self, ports: ApiPorts, tenant_id: UUID, definition: Mapping[str, Any]) -> None:
        self._ports, self._tenant_id, self._definition = ports, tenant_id, definition
        self._functions: dict[str, Any] = {}
        self._schemas: dict[str, Any] = {}

    async def read(self, wanted: list[Resource]) -> dict[str, Any]:
        waiting = list(wanted)
        most = self._ports.limits.max_definition_resources
        while waiting:
            resource = waiting.pop(0)
            known = self._functions if resource.kind == "function" else self._schemas
            if resource.name in known:
                continue
            if len(self._functions) + len(self._schemas) >= most:
                raise LimitExceeded("max_definition_resources", most, pointer=resource.pointer)
            document = await self._fetch(resource)
            if resource.kind == "schema":
                known[resource.name] = self._checked_schema(resource, document)
            else:
                self._check_function(resource, document)
                known[resource.name] = {"uri": resource.uri, "document": document}
                waiting += resources_of_function(self._definition, document, resource.pointer)
        return {"functions": self._functions, "schemas": self._schemas}

    async def _fetch(self, resource: Resource) -> Any:
        try:
            return await self._ports.resources.fetch(self._tenant_id, resource.uri, resource.authentication)
        except (TidewireError, TimeoutError) as error:
            why = getattr(error, "detail", "no answer came in time")
            raise _refused(resource, f"{resource.uri} cannot be read: {why}") from None

    def _checked_schema(self, resource: Resource, document: Any) -> Any:
        try:
            Schema(document)
        except InvalidDefinition as error:
            raise _refused(resource, f"{resource.uri}: {error.detail}") from None
        except (TypeError, ValueError, AttributeError, RecursionError):
            raise _refused(resource, f"{resource.uri} is no JSON Schema.") from None
        return document

    def _check_function(self, resource: Resource, document: Any) -> None:
        use = dict(self._definition.get("use") or {})
        use["functions"] = {**(use.get("functions") or {}), "checked": document}
        faults = check_definition({**self._definition, "use": use}, self._ports.limits)
        told = [fault for fault in faults if fault.pointer.startswith(_CHECKED)] or faults
        if told:
            where = told[0].pointer.removeprefix(_CHECKED)
            raise _refused(resource, f"{resource.uri} is no function: {where or '/'}: {told[0].detail}")


def _check(definition: Mapping[str, Any], found: Mapping[str, Any], limits: Limits) -> None:
    compile_workflow(with_resources(definition, found), limits)


def _refused(resource: Resource, detail: str) -> InvalidDefinition:
    return InvalidDefinition("The workflow definition has a fault.", [Fault(resource.pointer, detail[:1000])])
