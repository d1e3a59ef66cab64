"""A whole system under load, for those who break it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from cluster.runtime import load as load_runtime
from tests.chaos.examine import broken, read_steps, until_all_ended
from tests.chaos.listener import Listener
from tests.chaos.load import Careful, Load
from tests.chaos.points import Points
from tests.chaos.recovery import Step
from tests.chaos.walk import AT_FIRST_START
from tests.servers.system import System, start_system
from tests.servers.target import Target, running_target

ENDED_SECONDS = 120.0
WORKING_SECONDS = 180.0
TENANTS = 4


@dataclass
class Scenario:
    """What is running. `restart` replaces the system after its supervisor has died."""

    folder: Path
    environment: Mapping[str, str]
    target: Target
    system: System
    points: Points
    loads: list[Load]
    listener: Listener

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def load(self) -> Load:
        """That of the tenant that uses everything."""
        return self.loads[0]

    @property
    def instance(self) -> str:
        return load_runtime(self.data).instance

    def restart(self) -> None:
        """Starts the instance again at the same place; does not wait."""
        self.system.process.wait(30)
        self.system = start_system(self.data, self.system.port, self.environment)

    def steps(self) -> list[Step]:
        """All journal rows of the tenants, for figures."""
        return asyncio.run(read_steps(self.data, [load.tenant.id for load in self.loads]))

    def wait_working(self) -> float:
        """Until a run completes again; the seconds it took."""
        began = time.monotonic()
        http = self.load.tenant.http
        while time.monotonic() - began < WORKING_SECONDS:
            try:
                answer = http.post("/v1/workflows/test/steps/runs", params={"wait": 5}, json={"n": 0}, timeout=10)
                if answer.status_code == 200:
                    return time.monotonic() - began
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"nothing completes after {WORKING_SECONDS:g} s:\n{self.system.tail()}")

    def settle(self) -> list[str]:
        """Ends the load, waits for the ends of all runs, and lists broken promises."""
        for load in self.loads:
            load.stop()
        for load in self.loads:
            load.end()
        return asyncio.run(self._settle())

    async def _settle(self) -> list[str]:
        late = [run for load in self.loads for run in await until_all_ended(self.data, load, ENDED_SECONDS)]
        for load in self.loads:
            await asyncio.to_thread(load.close)
        # What is published last has to arrive.
        await asyncio.sleep(1.5)
        await asyncio.to_thread(self.listener.end)
        faults = [f"run {run} never ended" for run in late]
        for load in self.loads:
            listener = self.listener if load is self.load else None
            faults += await broken(self.data, load, self.target, listener)
        return faults


@contextmanager
def running_scenario(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Scenario]:
    """A system with its first crash points behind it, and load on it, for the length of the block."""
    with ExitStack() as stack:
        target = stack.enter_context(running_target())
        points = Points(folder / "data")
        given = {
            "TIDEWIRE_EGRESS_ALLOW": target.host, "TIDEWIRE_API_REPLICAS": "2", **Points.env, **(environment or {}),
        }  # fmt: skip
        for point in AT_FIRST_START:
            points.arm(point)
        system = start_system(folder / "data", None, given)
        scenario: Scenario | None = None
        try:
            system.wait_ready()
            # Each tenant lives in one shard; these are spread over all owners.
            loads = [Load(system.url, target, folder / f"models-{n}", is_whole=n == 0) for n in range(TENANTS)]
            for load in loads:
                stack.callback(load.tenant.http.close)
                load.prepare()
            watching = Careful(loads[0].tenant, loads[0].ledger, threading.Event())
            stack.callback(watching.close)
            scenario = Scenario(folder, given, target, system, points, loads, Listener(watching))
            scenario.listener.begin()
            for load in loads:
                load.begin()
            yield scenario
        finally:
            if scenario is not None:
                system = scenario.system
                scenario.listener.stop()
                for load in scenario.loads:
                    load.stop()
                    with suppress(Exception):
                        load.close()
            system.stop()
