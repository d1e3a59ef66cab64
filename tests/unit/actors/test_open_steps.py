"""Places for open steps: each is given back, whatever becomes of the step."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from actors.active_run import ActiveRun
from actors.open_steps import OpenSteps
from models.domain.clock import ManualClock
from models.domain.dsl.protocol import StartStep, StepKind
from models.domain.runs import NewRun
from models.domain.steps import Outcome, Succeeded
from tests.unit.actors.fakes import FLOW, TENANT


class Performer:
    """Notes down what it performs."""

    def __init__(self) -> None:
        self.done: list[int] = []

    async def run(self, tenant_id: UUID, step: StartStep) -> Outcome:
        self.done.append(step.step)
        return Succeeded({})


def active() -> ActiveRun:
    clock = ManualClock()
    return ActiveRun(NewRun(TENANT, UUID(int=5), FLOW, None, clock.now(), {}), 0, 1, None)


def step(number: int) -> StartStep:
    return StartStep(number, "/do/0/a", (), 1, StepKind.HTTP, f"key {number}", {})


def steps(performer: Performer, may_begin: Any = lambda: True) -> OpenSteps:
    return OpenSteps(performer, 1, ManualClock(), lambda run, event: None, may_begin)


async def test_a_step_that_is_cancelled_before_it_begins_gives_its_place_back() -> None:
    performer, run = Performer(), active()
    made = steps(performer)
    made.start(run, step(1))
    made.cancel(run, 1)
    made.start(run, step(2))
    for _ in range(5):
        await asyncio.sleep(0)
    assert performer.done == [2]
    assert made.open_of(TENANT) == len(made) == made.waiting() == 0


async def test_a_step_that_waited_begins_only_while_it_may() -> None:
    performer, run, may = Performer(), active(), [True]
    made = steps(performer, lambda: may[0])
    made.start(run, step(1))
    made.start(run, step(2))
    may[0] = False
    for _ in range(5):
        await asyncio.sleep(0)
    assert performer.done == [1]
    may[0] = True
    made.go_on()
    for _ in range(5):
        await asyncio.sleep(0)
    assert performer.done == [1, 2]
    assert made.open_of(TENANT) == made.waiting() == 0
