"""Long runs stay small, and work does not grow with the square of anything."""

from __future__ import annotations

import itertools
import pickle
import time
from typing import Any

from models.domain.dsl.engine import RunState, advance, compile_workflow, start
from models.domain.dsl.protocol import AppendJournal, Continue, Continued, RunInfo, StartStep, StepSucceeded
from models.domain.limits import Limits
from models.domain.runs import RunStatus, WorkflowRef
from tests.unit.domain.dsl_documents import with_tasks
from tests.unit.domain.dsl_engine.host import BEGIN, RUN

INFO = RunInfo(RUN, WorkflowRef("test", "a-workflow", "0.1.0"))


def sizes(tasks: str, given: Any) -> tuple[RunState, list[int], int]:
    """The last state, the sizes of all states with pure work left, and the number of entries."""
    workflow = compile_workflow(with_tasks(tasks))
    state, commands = start(workflow, INFO, given, BEGIN, Limits(max_expression_results=200_000))
    found: list[int] = []
    entries = 0
    for count in itertools.count():
        first = commands[0]
        assert isinstance(first, AppendJournal)
        entries += len(first.entries)
        if not isinstance(commands[-1], Continue):
            return state, found, entries
        if count % 40 == 1:
            found.append(len(pickle.dumps(state)))
        state, commands = advance(workflow, state, Continued(BEGIN))
    raise AssertionError


def test_a_loop_of_100_000_iterations_does_not_grow_its_state() -> None:
    state, found, entries = sizes(
        "- l: {for: {in: '.l'}, do: [{a: {set: {n: '${ .n + $item }'}}}]}", {"l": [1] * 100_000, "n": 0}
    )
    assert state.output == {"n": 100_000}
    assert entries == 200_004
    assert max(found) - min(found) < 100


def test_a_loop_of_jumps_does_not_grow_its_state() -> None:
    state, found, _ = sizes("- a: {set: '${ . + 1 }'}\n- s: {switch: [{p: {when: . < 20000, then: a}}]}", 0)
    assert state.output == 20_000
    assert max(found) - min(found) < 100


def test_a_retried_block_does_not_grow_its_state() -> None:
    tasks = "- t: {try: [{a: {raise: {error: {type: 'https://e.x/t', status: 500}}}}], catch: {retry: {}}}"
    state, found, _ = sizes(tasks, 0)
    assert state.status is RunStatus.FAULTED
    assert max(found) - min(found) < 100


def test_many_branches_cost_little_each() -> None:
    names = ", ".join(f"{{b{n}: {{call: predict, with: {{model: m, inputs: []}}}}}}" for n in range(1000))
    workflow = compile_workflow(with_tasks(f"- f: {{fork: {{branches: [{names}]}}}}"))
    began = time.process_time()
    state, commands = start(workflow, INFO, None, BEGIN)
    steps = [c.step for c in commands if isinstance(c, StartStep)]
    while isinstance(commands[-1], Continue):
        state, commands = advance(workflow, state, Continued(BEGIN))
        steps += [c.step for c in commands if isinstance(c, StartStep)]
    for step in steps:
        state, commands = advance(workflow, state, StepSucceeded(step, step, BEGIN))
    assert state.output == steps
    assert len(steps) == 1000
    assert time.process_time() - began < 5
