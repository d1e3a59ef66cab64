"""Walks all crash points of a running system: each kind of process has a lane, and dies at one point after another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from models.domain.crash_points import CRASH_POINTS
from tests.chaos.points import Firing, Points
from tests.chaos.processes import kill

REACH_SECONDS = 150.0
# Reached while an instance starts, so they are armed before it does.
AT_FIRST_START = (
    "shard.lease.succeed.written", "shard.lease.succeed.committed",
    "shard.lease.acquire.written", "shard.lease.acquire.committed",
)  # fmt: skip
# Of lanes that go on while Ray is away: what needs load comes first.
NEED_LOAD = (
    "relay.push.due", "relay.push.published", "relay.search.index.committed",
    "streams.apply.written", "streams.apply.committed", "streams.gap.read",
)  # fmt: skip
RAY_CHAIN = (
    "ray.folder.tidied", "ray.deploy.begun", "ray.head.started", "deploy.actors.started", "ray.deployed",
)  # fmt: skip
SUPERVISOR_CHAIN = (
    "supervisor.phase.changed", "supervisor.database.made", "supervisor.database.migrated", "supervisor.phase.written",
)  # fmt: skip
WITHOUT_RAY = ("relay", "streams")
Told = Callable[[str], None]


@dataclass
class Walk:
    """What was walked. `restart` starts the instance again after its supervisor died."""

    points: Points
    instance: str
    restart: Callable[[], None]
    told: Told = print
    firings: list[Firing] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def run(self) -> None:
        """All points once."""
        for point in AT_FIRST_START:
            self._hear(point)
        lanes = {name: _Lane(self, points) for name, points in lane_points().items()}
        for lane in lanes.values():
            lane.thread.start()
        for name, lane in lanes.items():
            if name not in WITHOUT_RAY:
                lane.thread.join()
        self._walk_ray(lanes)
        self._walk_supervisor()

    def missing(self) -> list[str]:
        """Points that were not reached."""
        walked = {firing.point for firing in self.firings}
        return [point.name for point in CRASH_POINTS if point.name not in walked]

    def _hear(self, point: str) -> None:
        try:
            firing = self.points.wait(point, REACH_SECONDS)
        except AssertionError as fault:
            self.faults.append(str(fault))
            self.told(f"not reached: {point}")
        else:
            self.firings.append(firing)
            self.told(point)

    def walk(self, points: Iterable[str]) -> None:
        """One after another."""
        for point in points:
            self.points.arm(point)
            self._hear(point)

    def _walk_ray(self, lanes: dict[str, _Lane]) -> None:
        """Each start of Ray dies a little later than the one before; the last death takes the supervisor with it."""
        for point in RAY_CHAIN:
            self.points.arm(point)
        kill(self.instance, "ray")
        for point in RAY_CHAIN[:-1]:
            self._hear(point)
        for name in WITHOUT_RAY:
            lanes[name].thread.join()
        self._hear(RAY_CHAIN[-1])

    def _walk_supervisor(self) -> None:
        self.points.arm(SUPERVISOR_CHAIN[0])
        # So that a part has a new phase soon.
        with suppress(AssertionError):
            kill(self.instance, "relay")
        self._hear(SUPERVISOR_CHAIN[0])
        for point in SUPERVISOR_CHAIN[1:]:
            self.points.arm(point)
            self.restart()
            self._hear(point)
        self.restart()


class _Lane:
    """The points of one kind of process, on a thread."""

    def __init__(self, walk: Walk, points: Sequence[str]) -> None:
        self.thread = threading.Thread(target=walk.walk, args=(points,), name=f"walk {points[0]}")


def lane_points() -> dict[str, list[str]]:
    """Process -> its points in the order they are walked."""
    apart = {*AT_FIRST_START, *RAY_CHAIN, *SUPERVISOR_CHAIN}
    lanes: dict[str, list[str]] = {}
    for point in CRASH_POINTS:
        if point.name not in apart:
            lanes.setdefault(point.process, []).append(point.name)
    for points in lanes.values():
        points.sort(key=lambda name: name not in NEED_LOAD)
    return lanes
