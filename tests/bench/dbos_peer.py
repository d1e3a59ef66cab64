"""DBOS with three trivial steps a workflow, in its fastest mode: `python -m tests.bench.dbos_peer DSN COUNT [MODE]`.

Prints the workflows a second with all at once (`rate`), or p50 and p99 in ms of one after the other (`alone`), once
each of them has returned the right value.
"""

from __future__ import annotations

import os
import sys
import time

from dbos import DBOS

DONE: list[int] = []


@DBOS.step()
def first(value: int) -> int:
    return value + 1


@DBOS.step()
def second(value: int) -> int:
    return value + 1


@DBOS.step()
def third(value: int) -> int:
    return value + 1


@DBOS.workflow()
def three_steps(value: int) -> int:
    result = third(second(first(value)))
    DONE.append(result)
    return result


def main(dsn: str, count: int, mode: str) -> None:
    """Warms up, measures, prints."""
    DBOS(config={"name": "bench", "system_database_url": dsn, "sys_db_pool_size": 20, "log_level": "ERROR",
                 "executor_id": f"p{os.getpid()}"})  # fmt: skip
    DBOS.launch()
    for value in range(20):
        three_steps(value)
    sys.stdout.write(f"{rate(count)}\n" if mode == "rate" else alone(count))
    sys.stdout.flush()
    os._exit(0)


def rate(count: int) -> float:
    """Starts `count` workflows and waits for all."""
    began = time.perf_counter()
    handles = [DBOS.start_workflow(three_steps, value) for value in range(count)]
    # Not by get_result: that asks the database in turns and would add its pauses to the time.
    while len(DONE) < count + 20:
        time.sleep(0.002)
    seconds = time.perf_counter() - began
    wrong = sum(handle.get_result() != value + 3 for value, handle in enumerate(handles))
    if wrong:
        sys.exit(f"{wrong} workflows returned a wrong value")
    return count / seconds


def alone(count: int) -> str:
    """One workflow after the other."""
    taken = []
    for value in range(count):
        began = time.perf_counter()
        if three_steps(value) != value + 3:
            sys.exit("a workflow returned a wrong value")
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return f"{taken[len(taken) // 2]} {taken[int(len(taken) * 0.99)]}\n"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "rate")
