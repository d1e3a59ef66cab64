"""What the routes about waiting need from storage; cluster/adapters/api_flow.py provides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from serve.records import Page


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """Why a run has not started: its place among those of its key, from 1, and the limit ({kind, limit, period})."""

    key: str
    position: int
    limit: Mapping[str, Any]
    since: datetime
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class FlowKey:
    """What goes on for one key of a workflow's flow control."""

    key: str
    running: int
    waiting: int
    refused: int
    last_refused_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Flow:
    """The flow control of the newest version of a workflow, None when it has none, and a page of its keys."""

    control: Mapping[str, Any] | None
    keys: Page[FlowKey]


@dataclass(frozen=True, slots=True)
class QueueUsage:
    """What a tenant has waiting (`held` of it by flow control) and running, and with how many tenants it shares."""

    waiting: int
    held: int
    running: int
    oldest_at: datetime | None
    tenants_waiting: int


class FlowRepository(Protocol):
    """Why runs wait."""

    async def waiting_for(self, tenant_id: UUID, run_id: UUID, now: datetime) -> WaitingFor | None:
        """None when the run does not wait for flow control."""

    async def flow(
        self, tenant_id: UUID, namespace: str, name: str, after: tuple[str, ...] | None, limit: int
    ) -> Flow:
        """Keys in their order; NotFound when there is no such workflow."""

    async def usage(self, tenant_id: UUID) -> QueueUsage:
        """As of now."""
