"""`make bench`: every comparison, side by side in one run; the table also goes to docs/benchmarks.md.

Nothing is compared when a side failed: the run ends there, and the file stays as it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import api, fair_share, faust_speed, inside, push_fanout, runs, takeover, tenants
from tests.bench.rounds import Line, SideFailed, table
from tests.servers.postgres import running_postgres
from tests.servers.system import running_system
from tests.servers.valkey import running_valkey

REPORT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_RUNS = 5_000


def measure(rounds: int, seconds: int, dbos_count: int) -> Iterator[Line]:
    """Row by row, each heavy part alone on the machine."""
    with tempfile.TemporaryDirectory() as folder, running_system(Path(folder) / "data") as system:
        yield from api.rows(system, rounds, seconds)
        yield from runs.rows(system, rounds, seconds, dbos_count)
    with running_postgres() as postgres:
        yield from inside.measure(postgres, rounds, _RUNS, dbos_count)
    with running_postgres() as postgres:
        yield from fair_share.measure(postgres, rounds)
    yield from takeover.measure(rounds)
    yield tenants.measure()
    with running_postgres() as postgres:
        yield faust_speed.measure(postgres, rounds)
    with running_valkey() as valkey:
        yield from push_fanout.measure(valkey, rounds)


def report(rows: list[Line], rounds: int) -> str:
    """The page with the table and how it was made."""
    machine = f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
    return f"""# Benchmarks

Measured by `make bench` on {datetime.now(UTC):%Y-%m-%d}, {machine}. Each row: both sides in turns, {rounds} rounds
after one that does not count; client, servers and database share the machine. Figures depend on the machine, the ratio
of the medians is what counts; above 1 is better for Tidewire. Each side's work is checked, and a run with a failed side
is not reported.

{table(rows)}

What is compared: the API through the front door (HAProxy, Ray Serve and all layers) beside FastAPI with one route on
bare uvicorn; three-step runs over HTTP from durably accepted to completed, with 100 requests in flight, beside DBOS
in its fastest mode in one process on the same PostgreSQL; the same from inside, through one shard without Ray and
HTTP, beside DBOS and beside what PostgreSQL itself makes durable; events through Faust into exact metrics in
PostgreSQL beside a stock Faust agent with one message an event; and push through Valkey and the gateway to sockets
beside the broadcast of the `websockets` library. The start delay of a quiet tenant's runs is from durably accepted to
its first entries durable, at random moments, with and without another tenant on the same shard. Rows that have nothing
beside them tell what is to be reached: how late the next steps of a killed process' runs are, counted from the kill or
from when they were due, and what a tenant that does nothing adds to the memory (PSS) of all processes.
"""


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--dbos", type=int, default=500)
    chosen = parser.parse_args()
    rows: list[Line] = []
    try:
        for row in measure(chosen.rounds, chosen.seconds, chosen.dbos):
            rows.append(row)
            print(" | ".join(row.cells()), flush=True)
    except SideFailed as error:
        sys.exit(f"a side failed, nothing is compared: {error}")
    text = report(rows, chosen.rounds)
    REPORT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
