"""python -m tests.simulation --seed 7 | --seeds 50000 [--from 0] [--processes 2]"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence

from tests.simulation.plan import Plan, plan_of
from tests.simulation.simulate import Result, run_seed, run_seeds, shrink

_SHOWN = 10


def main(arguments: Sequence[str]) -> int:
    """1 when a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one seed and tell what happened")
    parser.add_argument("--seeds", type=int, default=2_000, help="how many seeds")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--shrink", action="store_true", help="with --seed: make a failing plan smaller first")
    asked = parser.parse_args(arguments)
    if asked.seed is not None:
        return _one(asked.seed, asked.shrink)
    return _many(range(asked.first, asked.first + asked.seeds), asked.processes)


def _one(seed: int, shrinks: bool) -> int:
    plan, result = plan_of(seed), run_seed(seed, keeps_trace=True)
    if shrinks and result.broken:
        plan, result = shrink(plan)
    _tell_plan(plan)
    print(*result.trace, sep="\n")
    print(f"\nseed {seed}: {result.runs} runs, {result.entries} entries, trace {result.fingerprint}")
    for line in result.broken:
        print(f"BROKEN {line}")
    return 1 if result.broken else 0


def _tell_plan(plan: Plan) -> None:
    for flow in plan.flows:
        print(f"{flow.namespace}/{flow.name}{' (steady)' if flow.is_steady else ''}: {json.dumps(flow.definition)}")
    print(plan.weather, *plan.starts, *plan.faults, sep="\n")
    print(f"{plan.actors} actors, {plan.trouble_seconds:g} s of trouble, echoes {plan.echoes}\n")


def _many(seeds: Sequence[int], processes: int) -> int:
    began = time.monotonic()
    bad: list[Result] = []
    done = runs = entries = replays = kills = 0
    told = began
    for result in run_seeds(seeds, processes):
        done, runs, entries = done + 1, runs + result.runs, entries + result.entries
        replays, kills = replays + result.replays, kills + result.kills
        if result.broken:
            bad.append(result)
            if len(bad) <= _SHOWN:
                print(f"seed {result.seed} broke a rule: {result.broken[0]}")
                print(f"  alone: python -m tests.simulation --seed {result.seed} --shrink", flush=True)
        if time.monotonic() - told > 10:
            told = time.monotonic()
            print(f"{done:,} of {len(seeds):,} seeds, {done / (told - began):.0f} a second", flush=True)
    seconds = time.monotonic() - began
    print(
        f"{done:,} seeds in {seconds:.1f} s ({done / seconds:.0f} a second): {runs:,} runs, {entries:,} entries, "
        f"{replays:,} replays compared, {kills:,} kills"
    )
    print(f"{done - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
