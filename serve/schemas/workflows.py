"""Bodies of the workflow routes."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from serve.schemas.common import Json, Reply, Request, Time


class WorkflowVersionRef(Reply):
    """Names one version of a workflow."""

    namespace: Annotated[str, Field(examples=["ops"])]
    name: Annotated[str, Field(examples=["late-flights"])]
    version: Annotated[str, Field(examples=["1.0.0"])]


class StoredVersion(WorkflowVersionRef):
    """A version that was put; `created` is false when the very same was there."""

    title: str
    summary: str
    created: bool


class Workflow(Reply):
    """A workflow with its newest version."""

    namespace: str
    name: str
    latest_version: str
    title: str
    summary: str
    enabled: bool
    created_at: Time
    updated_at: Time


class WorkflowPage(Reply):
    """A page of workflows."""

    items: list[Workflow]
    next: str | None


class VersionSummary(Reply):
    """An immutable version, without its text."""

    version: str
    media_type: str
    created_at: Time
    created_by: UUID | None


class VersionPage(Reply):
    """A page of versions, newest first."""

    items: list[VersionSummary]
    next: str | None


class Version(WorkflowVersionRef):
    """An immutable version: its text as it was put and the definition it means."""

    media_type: str
    source: str
    definition: Json
    created_at: Time


class DefinitionFault(Reply):
    """One fault of a definition; line and column (from 1) where the text is known."""

    pointer: Annotated[str, Field(examples=["/do/0/notify/call"])]
    detail: str
    line: int | None = None
    column: int | None = None


class Validation(Reply):
    """What a check of a definition found."""

    valid: bool
    errors: list[DefinitionFault]


class EnableRequest(Request):
    """A disabled workflow starts no runs; those that run go on."""

    enabled: bool
