"""Which messages of a subscription are taken, and when it has enough."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from actors.jq_sandbox import JqSandbox
from actors.step_runner import StepError
from models.domain.dsl.expressions import Expression, compile_expression
from models.domain.dsl.problems import Problem, problem
from models.domain.errors import InvalidDefinition
from models.domain.limits import Limits


class _Seen:
    """The variables that the expressions of a subscription see."""

    def __init__(self, variables: Mapping[str, Any], limits: Limits) -> None:
        self._variables = variables
        self._left = limits.max_expression_items

    def get(self, name: str) -> Any:
        return self._variables.get(name)

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise Problem(problem("expression", "The expressions of a subscription go over too many items."))


class Consumption:
    """Takes messages {payload, headers, correlationId?} of one step until there are enough.

    `filter` and `while` see the message; `until` sees it when it was taken. All see the variables as they were when the
    task started.
    """

    def __init__(self, subscription: Mapping[str, Any], jq: JqSandbox, limits: Limits) -> None:
        consume = subscription["consume"]
        self.messages: list[dict[str, Any]] = []
        self._variables = subscription.get("variables") or {}
        self._jq, self._limits = jq, limits
        amount = consume.get("amount")
        self._amount = None if amount is None else amount - subscription.get("taken", 0)
        self._filter = self._compiled(subscription.get("filter"))
        self._while = self._compiled(subscription.get("while"))
        self._until = self._compiled(subscription.get("until"))
        self.has_enough = self._amount is not None and self._amount <= 0

    async def take(self, message: dict[str, Any]) -> None:
        """One message. StepError (expression) when an expression cannot be computed over it."""
        try:
            # jq may take its time, and not on the loop.
            await asyncio.to_thread(self._take, message)
        except Problem as error:
            raise StepError(error.error) from None

    def _take(self, message: dict[str, Any]) -> None:
        with self._jq.turn():
            scope = _Seen(self._variables, self._limits)
            if self._filter is not None and not self._filter.is_true(message, scope):
                return
            if self._while is not None and not self._while.is_true(message, scope):
                self.has_enough = True
                return
            self.messages.append(message)
            is_until = self._until is not None and self._until.is_true(message, scope)
            self.has_enough = is_until or len(self.messages) == self._amount

    def _compiled(self, text: Any) -> Expression | None:
        if text is None:
            return None
        try:
            return compile_expression(text, self._variables.keys(), self._jq, self._limits)
        except InvalidDefinition as error:
            raise StepError(problem("configuration", error.detail)) from None
