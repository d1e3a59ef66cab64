"""DBOS as the other side of rows: each measurement is a process of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.bench.rounds import SideFailed


class Dbos:
    """One process on the database of this address."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def rate(self, count: int) -> float:
        """Workflows a second, all at once."""
        return self._run("rate", count)[0]

    def alone(self, count: int, share: float, parts: int = 1) -> float:
        """Milliseconds of one workflow at p50 or p99, one after the other, by `parts`."""
        p50, p99 = self._run("alone", count)
        return (p50 if share == 0.5 else p99) / parts

    def _run(self, mode: str, count: int) -> list[float]:
        done = subprocess.run([sys.executable, "-m", "tests.bench.dbos_peer", self._dsn, str(count), mode],
                              capture_output=True, text=True, check=False, timeout=300)  # fmt: skip
        if done.returncode:
            raise SideFailed(f"DBOS failed:\n{done.stderr[-2000:]}")
        return [float(word) for word in done.stdout.split()]
