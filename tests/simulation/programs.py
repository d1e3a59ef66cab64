"""Programs of the sequential model, run by the engine and by the model."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from models.domain.dsl.engine import RunState, compile_workflow
from models.domain.dsl.protocol import RunInfo
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from tests.simulation.sequential import GoesOn, Model, Programs, Raised, Tasks
from tests.simulation.straight import straight_run

GIVEN: tuple[Any, ...] = (None, {"a": 1}, [1])
AT = datetime(2026, 1, 1, tzinfo=UTC)
INFO = RunInfo(UUID(int=1), WorkflowRef("test", "program", "1.0.0"))
Outcome = tuple[str, Any, Any]


def document(tasks: Tasks) -> dict[str, Any]:
    """A definition with these tasks."""
    return {"document": {"dsl": "1.0.3", "namespace": "test", "name": "program", "version": "1.0.0"}, "do": tasks}


def expected(tasks: Tasks, given: Any) -> Outcome | None:
    """What the model says: status, output or error, and context; None when it goes on for ever."""
    model = Model()
    try:
        return "completed", model.run(tasks, given), model.context
    except Raised as error:
        return "faulted", (error.kind, error.status), model.context
    except GoesOn:
        return None


def reached(state: RunState) -> Outcome:
    """The same of the engine's state."""
    end = state.output if state.error is None else (state.error["type"], state.error["status"])
    return str(state.status), end, state.context


def disagreement(seed: int) -> str | None:
    """Where the engine and the model differ on the program of a seed, if they do."""
    dice = Random(seed)
    tasks, given = Programs(dice.choice).tasks(), dice.choice(GIVEN)
    wanted = expected(tasks, given)
    if wanted is None:
        return None
    try:
        found = reached(straight_run(compile_workflow(document(tasks)), INFO, given, AT, Limits()))
    except Exception as error:
        return f"seed {seed}: {error!r}"
    return None if found == wanted else f"seed {seed}: {tasks} over {given} came to {found} instead of {wanted}"
