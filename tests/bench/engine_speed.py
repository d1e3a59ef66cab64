"""How much CPU the engine takes: microseconds per run or per item, best of several rounds.

python -m tests.bench.engine_speed
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from models.domain.dsl.engine import advance, compile_workflow, replay, start
from models.domain.dsl.protocol import AppendJournal, Continue, Continued, RunInfo, StartStep, StepSucceeded
from models.domain.journal import Entry
from models.domain.runs import WorkflowRef

AT = datetime(2026, 1, 1, tzinfo=UTC)
INFO = RunInfo(UUID(int=1), WorkflowRef("bench", "w", "1.0.0"))
INPUT = {"n": 5, "customer": {"name": "Ada", "orders": [{"id": 1, "total": 10.5}, {"id": 2, "total": 3.25}]}}


def document(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {
        "document": {"dsl": "1.0.3", "namespace": "bench", "name": "w", "version": "1.0.0"},
        "do": [{f"t{n}": task} for n, task in enumerate(tasks)],
    }


THREE_SETS = document({"set": {"a": 1}}, {"set": {"b": "${ .a }"}}, {"set": {"c": "${ .b + 1 }", "d": "text"}})
THREE_JQ = document(*({"set": {"a": "${ reduce (1,2,3) as $x (0; . + $x) }"}} for _ in range(3)))
THREE_CALLS = document(*({"call": "predict", "with": {"model": "m", "inputs": "${ . }"}} for _ in range(3)))
LOOP = document({"for": {"in": "[range(10000)]"}, "do": [{"s": {"set": {"n": "${ .n + $item }"}}}]})


def one_run(definition: dict[str, Any]) -> Callable[[], list[Entry]]:
    """A run from start to end; steps are answered at once."""
    workflow = compile_workflow(definition)

    def run() -> list[Entry]:
        journal: list[Entry] = []
        state, commands = start(workflow, INFO, INPUT, AT)
        while commands:
            batch, commands = commands, []
            for command in batch:
                if isinstance(command, AppendJournal):
                    journal += command.entries
                elif isinstance(command, Continue):
                    state, commands = advance(workflow, state, Continued(AT))
                elif isinstance(command, StartStep):
                    state, commands = advance(workflow, state, StepSucceeded(command.step, {"ok": True}, AT))
        assert state.status == "completed", state.error
        return journal

    return run


def measure(work: Callable[[], object], times: int, rounds: int = 5) -> float:
    """Microseconds of CPU for one call, the best of the rounds."""
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - began) / times)
    return best * 1e6


def main() -> None:
    """Prints a table."""
    calls = one_run(THREE_CALLS)
    journal, workflow = calls(), compile_workflow(THREE_CALLS)
    rows = [
        ("compile a workflow of 3 steps", measure(lambda: compile_workflow(THREE_SETS), 500)),
        ("run of 3 set steps", measure(one_run(THREE_SETS), 2_000)),
        ("run of 3 set steps that need jq itself", measure(one_run(THREE_JQ), 500)),
        ("run of 3 calls", measure(calls, 2_000)),
        ("replay of that run (11 entries)", measure(lambda: replay(workflow, INFO, INPUT, journal, AT), 2_000)),
        ("iteration of a loop of 10,000", measure(one_run(LOOP), 1, 3) / 10_000),
    ]
    for name, microseconds in rows:
        sys.stdout.write(f"{name:40} {microseconds:10.1f} us\n")


if __name__ == "__main__":
    main()
