"""`call: a2a`: a message to an agent, or a question about its tasks."""

from __future__ import annotations

from typing import Any

from actors.call_host import Call
from actors.json_rpc import JsonRpc
from actors.step_runner import StepError
from models.domain.dsl.problems import problem
from models.domain.errors import AnswerLost, Unavailable

_STREAMS = frozenset({"message/stream", "tasks/resubscribe"})
_MESSAGES = frozenset({"message/send", "message/stream"})
_SAFE = frozenset({"tasks/get", "tasks/list", "agent/getAuthenticatedExtendedCard"})


class A2aCall:
    """A Performer."""

    async def perform(self, call: Call) -> Any:
        """The result; a list of all results of a stream."""
        wanted = call.request
        method = wanted["method"]
        server = JsonRpc(call, await self._address(call), wanted.get("authentication"))
        try:
            results, _ = await server.ask(1, method, self._parameters(call))
        except AnswerLost as error:
            if method in _SAFE:
                raise Unavailable(error.detail) from None
            raise
        return results if method in _STREAMS else results[-1]

    async def _address(self, call: Call) -> str:
        wanted = call.request
        if "agentCard" not in wanted:
            return str(wanted["uri"])
        card = await call.document(wanted["agentCard"])
        url = card.get("url") if isinstance(card, dict) else None
        if not isinstance(url, str):
            raise StepError(problem("configuration", "The agent card has no url."))
        return url

    def _parameters(self, call: Call) -> Any:
        """With what the DSL adds to messages; the id is the same for each attempt."""
        parameters = call.request.get("parameters") or {}
        if call.request["method"] not in _MESSAGES or not isinstance(parameters, dict):
            return parameters
        message = {"messageId": call.idempotency_key, "role": "user", **(parameters.get("message") or {})}
        return {**parameters, "message": {"kind": "message", **message}}
