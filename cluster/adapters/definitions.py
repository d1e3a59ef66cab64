"""Definitions as they are run: with what they use from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.domain.dsl.resources import resources_of, with_resources
from models.domain.errors import InvalidDefinition
from models.domain.identity import TenantScope
from models.domain.runs import WorkflowRef
from storage import workflows
from storage.postgres import ReadConn


async def complete_definition(conn: ReadConn, scope: TenantScope, ref: WorkflowRef) -> Mapping[str, Any] | None:
    """The definition of a version with its resources in place, or None. One that is not valid is given as it is:
    compiling it tells what is wrong."""
    found = await workflows.version(conn, scope, ref)
    if found is None:
        return None
    definition: Mapping[str, Any] = found.definition
    try:
        if resources_of(definition):
            return with_resources(definition, await workflows.resources(conn, scope, ref))
    except InvalidDefinition:
        return definition
    return definition
