"""`call: predict`: asks a deployed model."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from models.domain.dsl.protocol import StartStep
from models.domain.inference import plain_outputs, plain_request
from models.domain.ports import ModelPredictor


class PredictStep:
    """Through whatever serves the models; the output is an object, output name -> value."""

    def __init__(self, predictor: ModelPredictor) -> None:
        self._predictor = predictor

    async def perform(self, tenant_id: UUID, step: StartStep, seconds: float) -> Any:
        """NotFound, InvalidInput, Unavailable, TimeoutError."""
        wanted = step.request
        request = plain_request(wanted.get("inputs"))
        async with asyncio.timeout(seconds):
            answer = await self._predictor.infer(tenant_id, wanted["model"], wanted.get("version"), request)
        return plain_outputs(answer)

    def is_safe(self, step: StartStep) -> bool:
        """A prediction changes nothing."""
        return True
