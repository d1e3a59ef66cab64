"""`call: openapi`: the document says where and how, the task says what with."""

from __future__ import annotations

from typing import Any

from actors.call_host import Call
from actors.http_step import check_answer, shaped
from actors.step_runner import StepError
from models.domain.dsl.problems import Problem
from models.domain.errors import AnswerLost, Unavailable
from models.domain.openapi import SAFE_METHODS, OperationRequest, build_request, find_operation
from models.domain.ports import HttpRequest


class OpenApiCall:
    """A Performer."""

    async def perform(self, call: Call) -> Any:
        """The output in the form that the task asks for; a status outside 2xx is an error."""
        wanted = call.request
        document = await call.document(wanted["document"])
        try:
            operation = find_operation(document, wanted["operationId"])
            built = build_request(document, wanted["document"]["uri"], operation, wanted.get("parameters") or {})
        except Problem as error:
            raise StepError(error.error) from None
        request = self._request(call, built)
        try:
            response = await call.send(request, wanted.get("authentication"))
        except AnswerLost as error:
            if built.method in SAFE_METHODS:
                raise Unavailable(error.detail) from None
            raise
        described = {**wanted, "method": built.method.lower(), "uri": built.url, "headers": dict(built.headers)}
        check_answer(described, request, response)
        return shaped(described, response)

    def _request(self, call: Call, built: OperationRequest) -> HttpRequest:
        follows = bool(call.request.get("redirect"))
        return HttpRequest(
            built.method, built.url, built.headers, built.body, call.seconds_left, follows, call.idempotency_key
        )
