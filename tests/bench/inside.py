"""The engine from inside the cluster: one shard and a real PostgreSQL beside DBOS in one process on the same server."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path

import asyncpg
import uvloop

from tests.bench.dbos import Dbos
from tests.bench.growth import fill
from tests.bench.rounds import Row, Side, SideFailed, compare
from tests.bench.shard import CALLS, Bench, opened_bench
from tests.servers.postgres import INSTALL, PostgresServer, running_postgres

_ALONE = 200
_CLIENTS = 50
_FINISHED = 1_000_000
_SHARES = ((0.5, "p50"), (0.99, "p99"))


@contextmanager
def _bench(runner: asyncio.Runner, server: PostgresServer) -> Iterator[Bench]:
    stack = AsyncExitStack()
    try:
        yield runner.run(stack.enter_async_context(opened_bench(server)))
    finally:
        runner.run(stack.aclose())


def measure(
    server: PostgresServer, rounds: int, runs: int, dbos_count: int, finished: int = _FINISHED
) -> Iterator[Row]:
    """All rows; a round is `runs` of ours and `dbos_count` of DBOS; the grown tables hold `finished` runs."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, _bench(runner, server) as bench:
        peer = Dbos(server.dsn(runner.run(_database(server))))
        yield from _throughput(runner, bench, peer, rounds, runs, dbos_count)
        inserts = Side(f"PostgreSQL, one row an insert, {_CLIENTS} clients", lambda: _inserts(server))
        ours = Side("one shard", _runs(runner, bench, runs, 1000))
        yield compare("the same beside durable inserts", "a second", ours, inserts, rounds)
        yield from _latencies(runner, bench, peer, rounds)
        with _bench(runner, server) as grown:
            runner.run(fill(server, grown, finished))
            yield compare(
                "3-step runs from inside, batches of 100", "runs/s",
                Side(f"{finished:,} finished runs in the tables", _runs(runner, grown, runs, 100)),
                Side("few finished runs", _runs(runner, bench, runs, 100)), rounds,
            )  # fmt: skip


def _throughput(
    runner: asyncio.Runner, bench: Bench, peer: Dbos, rounds: int, runs: int, dbos_count: int
) -> Iterator[Row]:
    many = Side("DBOS, one process", lambda: peer.rate(dbos_count))
    for size in (100, 1000):
        ours = Side("one shard", _runs(runner, bench, runs, size))
        yield compare(f"3-step runs from inside, batches of {size}", "runs/s", ours, many, rounds)


def _latencies(runner: asyncio.Runner, bench: Bench, peer: Dbos, rounds: int) -> Iterator[Row]:
    for share, name in _SHARES:
        yield compare(
            f"a 3-step run alone, {name}", "ms", Side("one shard", _latency(runner, bench, "flow", share)),
            Side("DBOS, one at a time", partial(peer.alone, _ALONE, share)), rounds, higher_is_better=False,
        )  # fmt: skip
    for share, name in _SHARES:
        yield compare(
            f"a durable step that does nothing, {name}", "ms",
            Side(f"one of {CALLS} steps", _latency(runner, bench, "calls", share, CALLS)),
            Side("DBOS, one of 3 steps", partial(peer.alone, _ALONE, share, 3)), rounds, higher_is_better=False,
        )  # fmt: skip


def _runs(runner: asyncio.Runner, bench: Bench, count: int, size: int) -> Callable[[], float]:
    return lambda: runner.run(bench.batches(count, size))


def _latency(runner: asyncio.Runner, bench: Bench, name: str, share: float, parts: int = 1) -> Callable[[], float]:
    def measure_once() -> float:
        taken = runner.run(bench.alone(_ALONE, name))
        return taken[int(len(taken) * share)] / parts

    return measure_once


async def _database(server: PostgresServer) -> str:
    connection = await asyncpg.connect(server.dsn("postgres"))
    try:
        await connection.execute("CREATE DATABASE dbos_inside")
        await connection.execute("CREATE DATABASE inserts")
    finally:
        await connection.close()
    connection = await asyncpg.connect(server.dsn("inserts"))
    try:
        await connection.execute(
            "CREATE TABLE rows (id bigserial PRIMARY KEY, value text, at timestamptz DEFAULT now())"
        )
    finally:
        await connection.close()
    return "dbos_inside"


def _inserts(server: PostgresServer) -> float:
    """Rows a second that PostgreSQL makes durable for clients that each wait for theirs."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "insert.sql")
        script.write_text("INSERT INTO rows (value) VALUES ('a row of about the size of an entry of a journal');\n")
        done = subprocess.run(
            [INSTALL / "bin" / "pgbench", "-n", "-M", "prepared", "-c", str(_CLIENTS), "-T", "3", "-f", script,
             server.dsn("inserts")], capture_output=True, text=True, check=False,
        )  # fmt: skip
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or found is None:
        raise SideFailed(f"pgbench failed:\n{done.stderr[-2000:]}")
    return float(found[1])


def main() -> None:
    """Only these rows: `python -m tests.bench.inside [ROUNDS [RUNS [FINISHED]]]`."""
    rounds, runs, finished = (int(word) for word in [*sys.argv[1:], *("3", "2000", "100000")[len(sys.argv) - 1 :]])
    with running_postgres() as server:
        for row in measure(server, rounds, runs, 300, finished):
            sys.stdout.write(" | ".join(row.cells()) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
