"""Requests a second and p99 through the front door, beside bare uvicorn on the same route."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.bench.load import Load, burst
from tests.bench.rounds import Row, Side, SideFailed, compare
from tests.servers.system import System, free_port

_CONNECTIONS = 50


@contextmanager
def _bare() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare_app", str(port)])
    url = f"http://127.0.0.1:{port}/healthz"
    try:
        for _ in range(100):
            try:
                httpx.get(url)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        else:
            raise SideFailed("uvicorn did not start")
        yield url
    finally:
        process.kill()
        process.wait()


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
