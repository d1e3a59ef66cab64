"""A run without any host and without any trouble: what it comes to is what it must come to in the worst weather."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from actors.http_step import check_status, http_request
from actors.step_runner import StepError
from models.domain.dsl import protocol as p
from models.domain.dsl.engine import RunState, Workflow, advance, start
from models.domain.limits import Limits
from models.domain.ports import HttpResponse
from tests.simulation.outside import answer_of, answer_status

_MOST_EVENTS = 20_000


def straight_run(workflow: Workflow, info: p.RunInfo, input: Any, at: datetime, limits: Limits) -> RunState:
    """The final state; services answer at once, timers fire on time. AssertionError when it does not end."""
    arrivals: Counter[str] = Counter()
    queue: list[tuple[datetime, int, p.Event]] = []
    number = 0

    def perform(commands: Sequence[p.Command], now: datetime) -> None:
        nonlocal number
        for command in commands:
            number += 1
            match command:
                case p.StartStep():
                    heapq.heappush(queue, (now, number, _answer(command, now, arrivals)))
                case p.StartTimer(timer, due):
                    heapq.heappush(queue, (due, number, p.TimerFired(timer, due)))
                case p.Continue():
                    heapq.heappush(queue, (now, number, p.Continued(now)))

    state, commands = start(workflow, info, input, at, limits)
    perform(commands, at)
    while queue and not state.status.is_final:
        now, _, event = heapq.heappop(queue)
        assert number < _MOST_EVENTS, "the workflow goes on for ever"
        state, commands = advance(workflow, state, event)
        perform(commands, now)
    assert state.status.is_final
    return state


def _answer(step: p.StartStep, now: datetime, arrivals: Counter[str]) -> p.Event:
    request = http_request(step, 1.0)
    key = step.idempotency_key
    arrivals[key] += 1
    status = answer_status(urlsplit(request.url).path.strip("/"), key, arrivals[key])
    try:
        check_status(step, request, HttpResponse(status, {}, b"{}"))
    except StepError as error:
        return p.StepFailed(step.step, error.error, now)
    return p.StepSucceeded(step.step, answer_of(key), now)
