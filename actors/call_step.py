"""Calls that a session host performs: openapi, grpc, asyncapi, mcp, a2a."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from actors.http_step import perform_call
from models.domain.dsl import requests
from models.domain.dsl.protocol import StartStep, StepKind
from models.domain.ports import CallGateway

CALL_KINDS = (StepKind.OPENAPI, StepKind.GRPC, StepKind.ASYNCAPI, StepKind.MCP, StepKind.A2A)


class CallStep:
    """Hands the step over. A host says Unavailable, not AnswerLost, of what may safely be done again."""

    def __init__(self, calls: CallGateway) -> None:
        self._calls = calls

    async def perform(self, tenant_id: UUID, step: StartStep, seconds: float) -> Any:
        """The output; StepError."""
        return await perform_call(self._calls, tenant_id, step, seconds)

    def is_safe(self, step: StartStep) -> bool:
        """By what the request says; what a described operation does is known to the host only."""
        return requests.is_safe(step)
