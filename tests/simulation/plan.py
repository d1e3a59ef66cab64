"""What a seed stands for: workflows, runs, and everything that goes wrong; written down before anything happens."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from models.domain.limits import Limits
from tests.simulation.grammar import Grammar
from tests.simulation.network import Weather


@dataclass(slots=True)
class Flow:
    """A workflow. What a steady one comes to does not depend on when things happen."""

    namespace: str
    name: str
    definition: dict[str, Any]
    is_steady: bool


@dataclass(slots=True)
class Start:
    """A run that is accepted at a time (seconds), of a tenant; `cancel_after` seconds somebody wants it to stop, and
    `pause_after` seconds to pause for two."""

    at: float
    tenant: int
    flow: int
    input: Any
    is_woken: bool
    cancel_after: float | None = None
    pause_after: float | None = None


@dataclass(slots=True)
class Fault:
    """Something that goes wrong for one actor, or for all. See World for the kinds."""

    at: float
    kind: str
    actor: int
    amount: float


@dataclass(slots=True)
class Plan:
    """All of it; smaller plans are made out of it when a failure is to be understood."""

    seed: int
    actors: int
    tenants: int
    limits: Limits
    weather: Weather
    trouble_seconds: float
    flows: list[Flow]
    starts: list[Start]
    faults: list[Fault] = field(default_factory=list)
    echoes: float = 0.0
    schedules: int = 0
    events: int = 0


ACTIONS = ("kill", "pause", "twin", "cut")
MOMENTS = ("stored", "sent", "answered", "unsure")
FAULTS = (
    *("kill", "doom", "pause", "twin", "stop", "cut", "cut", "outage", "jump", "jump"),
    *(f"{action} when {moment}" for action in ACTIONS for moment in MOMENTS),
    *("twin when unsure", "twin when unsure", "twin when stored"),
)
CHILD = 0


def plan_of(seed: int) -> Plan:
    """The plan of a seed."""
    dice = Random(seed)
    weather = _weather(dice)
    trouble = dice.choice((2.0, 4.0, 6.0, 10.0))
    flows = [_flow(dice, n) for n in range(dice.randint(2, 4))]
    tenants, actors = dice.randint(1, 3), dice.choice((1, 2, 2, 3))
    starts = [_start(dice, trouble, tenants, len(flows)) for _ in range(dice.randint(2, 9))]
    count = dice.choice((0, 1, 2, 3, 5, 8))
    faults = [_fault(dice, trouble, actors) for _ in range(count)]
    return Plan(
        seed, actors, tenants, _limits(dice), weather, trouble, flows, sorted(starts, key=lambda one: one.at),
        sorted(faults, key=lambda one: one.at), dice.choice((0.0, 0.0, 0.2)), dice.choice((0, 0, 0, 2)),
        dice.choice((0, 0, 3, 8)),
    )  # fmt: skip


def _weather(dice: Random) -> Weather:
    if dice.random() < 0.3:
        return Weather(dice.choice((0.0, 0.002, 0.02)))
    bad = dice.choice((0.02, 0.1, 0.25))

    def share() -> float:
        return bad * dice.random() if dice.random() < 0.5 else 0.0

    return Weather(
        dice.choice((0.001, 0.02, 0.2)), share(), share(), share(), share(), dice.choice((0.0, 0.3, 1.0)), share()
    )


def _limits(dice: Random) -> Limits:
    # With few places, runs that only wait must leave theirs to others.
    places, idle = dice.choice(((2, 0.5), (5, 0.5), (20_000, 0.5), (20_000, 5.0), (20_000, 7_200.0), (20_000, 7_200.0)))
    limits = Limits(
        max_entries_per_advance=dice.choice((1, 3, 12, 256)),
        max_open_steps_per_tenant=dice.choice((1, 2, 100)),
        max_active_runs_per_shard_actor=places,
        max_runs_per_load=dice.choice((1, 3, 256)),
        max_entries_per_load=dice.choice((5, 20_000)),
        max_open_runs_per_look=dice.choice((2, 5_000, 5_000)),
        max_group_commit=dice.choice((1, 2, 512)),
        max_due_triggers_per_look=dice.choice((1, 200)),
        idle_run_seconds=idle,
        max_http_seconds=3.0,
        snapshot_entries=dice.choice((5, 20, 2_000)),
    )
    # In some worlds every tenant is loud, in some many are.
    return replace(limits, max_quiet_turns={1: 1, 2: 0}.get(limits.max_group_commit, 16))


def _flow(dice: Random, number: int) -> Flow:
    is_steady = dice.random() < 0.5
    namespace = "slow" if dice.random() < 0.15 else "ops"
    emits = ("sim.note",) if number == CHILD else ("sim.note", "sim.go")
    name = f"flow-{number}"
    return Flow(namespace, name, Grammar(dice, is_steady, emits, number != CHILD).document(namespace, name), is_steady)


def _start(dice: Random, trouble: float, tenants: int, flows: int) -> Start:
    given = dice.choice((None, {"a": 1}, [1], {"a": {"a": 2}, "n": 1}))
    cancel = dice.random() * 2.0 if dice.random() < 0.2 else None
    # Several at the same moment share their commits.
    at = 0.6 + dice.randrange(8) / 8 * trouble * 0.8
    pause = dice.random() * 2.0 if dice.random() < 0.15 else None
    return Start(at, dice.randrange(tenants), dice.randrange(flows), given, dice.random() < 0.85, cancel, pause)


def _fault(dice: Random, trouble: float, actors: int) -> Fault:
    kind = dice.choice(FAULTS)
    amount = dice.choice((0.3, 1.0, 2.0, 3.0, 4.0, 7.0))
    if kind == "jump":
        amount = dice.choice((-600.0, -4.0, -1.0, 1.0, 4.0, 4.0, 10.0))
    elif kind == "doom":
        amount = float(dice.choice((1, 2, 5, 10, 20, 50, 100)))
    return Fault(0.5 + dice.random() * trouble, kind, dice.randrange(actors), amount)
