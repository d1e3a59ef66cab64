"""Runs seeds: one, or many in several processes; makes a failing plan smaller."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from multiprocessing import get_context

from tests.simulation.checks import broken_rules
from tests.simulation.network import CALM
from tests.simulation.plan import Plan, plan_of
from tests.simulation.world import Variant, World

_CHUNK = 50


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one seed."""

    seed: int
    broken: Sequence[str]
    fingerprint: str
    runs: int
    entries: int
    replays: int
    kills: int
    trace: Sequence[str] = ()


def run_plan(plan: Plan, variant: Variant | None = None, keeps_trace: bool = False) -> Result:
    """Lives through a plan and looks at what is left."""
    world = World(plan, variant or Variant()).live()
    rows = world.database.runs.values()
    return Result(
        plan.seed, broken_rules(world), world.fingerprint(), len(rows), sum(len(row.entries) for row in rows),
        world.witness.prefixes, sum(" kill shard" in line and "#" in line for line in world.trace),
        tuple(world.trace) if keeps_trace else (),
    )  # fmt: skip


def run_seed(seed: int, variant: Variant | None = None, keeps_trace: bool = False) -> Result:
    """One seed."""
    return run_plan(plan_of(seed), variant, keeps_trace)


def run_seeds(seeds: Sequence[int], processes: int) -> Iterator[Result]:
    """Many seeds, in any order."""
    chunks = [seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK)]
    if processes == 1:
        for chunk in chunks:
            yield from _run_chunk(chunk)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for results in pool.map(_run_chunk, chunks):
            yield from results


def _run_chunk(seeds: Sequence[int]) -> list[Result]:
    # A world is full of cycles; collecting them once a chunk is a quarter quicker than whenever Python likes.
    gc.collect()
    gc.disable()
    try:
        return [run_seed(seed) for seed in seeds]
    finally:
        gc.enable()


# ---------------------------------------------------------------- smaller


def shrink(plan: Plan, variant: Variant | None = None, most: int = 300) -> tuple[Plan, Result]:
    """A smaller plan that still breaks a rule, found by leaving things out; runs at most so many worlds."""
    best, result = plan, run_plan(plan, variant, keeps_trace=True)
    left = most
    goes_on = bool(result.broken)
    while goes_on and left > 0:
        goes_on = False
        for smaller in _smaller(best):
            left -= 1
            found = run_plan(smaller, variant, keeps_trace=True)
            if found.broken:
                best, result, goes_on = smaller, found, True
                break
            if left <= 0:
                break
    return best, result


def _smaller(plan: Plan) -> Iterator[Plan]:
    for name in ("starts", "faults"):
        for place in range(len(getattr(plan, name))):
            found = deepcopy(plan)
            del getattr(found, name)[place]
            yield found
    for field in ("spike", "lost_request", "lost_answer", "late_request", "lost_wake", "repeated"):
        if getattr(plan.weather, field):
            found = deepcopy(plan)
            setattr(found.weather, field, getattr(CALM, field))
            yield found
    for field in ("echoes", "schedules"):
        if getattr(plan, field):
            found = deepcopy(plan)
            setattr(found, field, type(getattr(plan, field))())
            yield found
    for number, flow in enumerate(plan.flows):
        for place in range(len(flow.definition["do"])):
            if len(flow.definition["do"]) > 1:
                found = deepcopy(plan)
                del found.flows[number].definition["do"][place]
                yield found
