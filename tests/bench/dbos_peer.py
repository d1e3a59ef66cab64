"""DBOS with three trivial steps a workflow, in its fastest mode: `python -m tests.bench.dbos_peer DSN COUNT`.

Prints the workflows a second, once each of them has returned the right value.
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


def main(dsn: str, count: int) -> None:
    """Warms up, then starts `count` workflows and waits for all."""
    DBOS(config={"name": "bench", "system_database_url": dsn, "sys_db_pool_size": 20, "log_level": "ERROR",
                 "executor_id": f"p{os.getpid()}", "run_admin_server": False})  # fmt: skip
    DBOS.launch()
    for value in range(20):
        three_steps(value)
    began = time.perf_counter()
    handles = [DBOS.start_workflow(three_steps, value) for value in range(count)]
    # Not by get_result: that asks the database in turns and would add its pauses to the time.
    while len(DONE) < count + 20:
        time.sleep(0.002)
    seconds = time.perf_counter() - began
    wrong = sum(handle.get_result() != value + 3 for value, handle in enumerate(handles))
    if wrong:
        sys.exit(f"{wrong} workflows returned a wrong value")
    sys.stdout.write(f"{count / seconds}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
