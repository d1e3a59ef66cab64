"""Ways to break a running system beyond its crash points; each returns the seconds until it worked again."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from models.domain.limits import Limits
from tests.chaos.processes import KINDS, kill, processes
from tests.chaos.scenario import Scenario

BACK_SECONDS = 180.0
# With one of these, all of Ray is started anew.
WHOLE_RAY = frozenset({"raylet", "gcs", "ray"})
Break = Callable[[Scenario], float]


def killed(kind: str) -> Break:
    """SIGKILL for the oldest process of a kind."""

    def run(scenario: Scenario) -> float:
        began = time.monotonic()
        api = processes(scenario.instance, "api")
        gone = kill(scenario.instance, kind)
        until_replaced(scenario, kind, gone)
        if kind in WHOLE_RAY and api:
            until_replaced(scenario, "api", api[0].pid)
        scenario.wait_working()
        return time.monotonic() - began

    return run


def postgres_at_once(scenario: Scenario) -> float:
    """An immediate shutdown: PostgreSQL ends without a checkpoint and recovers from its log."""
    began = time.monotonic()
    server = processes(scenario.instance, "postgres")[0]
    server.send_signal(signal.SIGQUIT)
    until_replaced(scenario, "postgres", server.pid)
    scenario.wait_working()
    return time.monotonic() - began


def stopped_owner(scenario: Scenario) -> float:
    """An owner of shards stands still for three lease lengths, then goes on and finds itself replaced."""
    began = time.monotonic()
    owner = processes(scenario.instance, "shard")[0]
    owner.suspend()
    try:
        time.sleep(3 * Limits().shard_lease_seconds)
    finally:
        with suppress(psutil.NoSuchProcess):
            owner.resume()
    scenario.wait_working()
    return time.monotonic() - began


def until_replaced(scenario: Scenario, kind: str, gone: int) -> None:
    """Until another process does what the one with this pid did."""
    deadline = time.monotonic() + BACK_SECONDS
    while not (now := {process.pid for process in processes(scenario.instance, kind)}) or gone in now:
        assert time.monotonic() < deadline, f"{kind} is not back after {BACK_SECONDS:g} s:\n{scenario.system.tail()}"
        time.sleep(0.05)


def every_kind() -> dict[str, Break]:
    """All kinds of processes, killed one after another."""
    return {f"kill {kind}": killed(kind) for kind in KINDS}
