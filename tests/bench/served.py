"""Programs that serve HTTP beside ours, for the length of a block."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from tests.bench.rounds import SideFailed


@contextmanager
def served(command: Sequence[str], url: str) -> Iterator[str]:
    """Starts it and waits until `url` answers 2xx; SideFailed when it does not within ten seconds."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                httpx.get(url, trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        else:
            raise SideFailed(f"{command[0]} did not start")
        yield url
    finally:
        process.kill()
        process.wait()
