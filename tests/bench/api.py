"""Requests a second and p99 through the front door, beside bare uvicorn on the same route."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from tests.bench.load import Load, burst
from tests.bench.rounds import Row, Side, compare
from tests.bench.served import served
from tests.servers.system import System, free_port

_CONNECTIONS = 50


def _bare() -> AbstractContextManager[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/healthz"
    return served([sys.executable, "-m", "tests.bench.bare_app", str(port)], url)


def rows(system: System, rounds: int, seconds: int) -> list[Row]:
    """Two rows from the same bursts."""
    tails: dict[str, list[float]] = {"ours": [], "theirs": []}

    def side(name: str, url: str) -> Side:
        def measure() -> float:
            found: Load = burst(url, connections=_CONNECTIONS, seconds=seconds)
            tails[name].append(found.p99)
            return found.per_second

        return Side({"ours": "front door and Serve", "theirs": "bare uvicorn"}[name], measure)

    with _bare() as bare:
        rate = compare(f"GET /healthz, {_CONNECTIONS} connections", "requests/s",
                       side("ours", f"{system.url}/healthz"), side("theirs", bare), rounds)  # fmt: skip
    p99 = Row("the same, p99", "ms", tuple(tails["ours"][1:]), tuple(tails["theirs"][1:]), rate.names, False)
    return [rate, p99]
