"""Two thousand simulated worlds, and that simulating them proves something."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from models.domain.dsl.validation import check_definition
from tests.simulation.grammar import Grammar
from tests.simulation.mutants import WORLDS
from tests.simulation.plan import ACTIONS, MOMENTS, plan_of
from tests.simulation.simulate import run_plan, run_seed, run_seeds, shrink

BLOCK = 250
KNOWN = [
    int(line.split()[0])
    for line in Path(__file__).with_name("seeds.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
]


def alone(seed: int) -> str:
    """How to look at a failing seed."""
    return f"python -m tests.simulation --seed {seed} --shrink"


@pytest.mark.parametrize("block", range(2_000 // BLOCK))
def test_no_seed_breaks_a_rule(block: int) -> None:
    results = run_seeds(range(block * BLOCK, (block + 1) * BLOCK), processes=1)
    bad = [f"{result.broken[0]}\n  {alone(result.seed)}" for result in results if result.broken]
    assert bad == [], "\n".join(bad)


@pytest.mark.parametrize("seed", KNOWN)
def test_a_seed_that_once_broke_a_rule(seed: int) -> None:
    assert run_seed(seed).broken == [], alone(seed)


def test_the_same_seed_gives_the_same_trace() -> None:
    for seed in range(7_000, 7_040):
        assert run_seed(seed, keeps_trace=True).trace == run_seed(seed, keeps_trace=True).trace


def test_the_same_seed_gives_the_same_trace_in_another_process() -> None:
    program = (
        "from tests.simulation.simulate import run_seed\n"
        "print(*(run_seed(seed).fingerprint for seed in range(7000, 7030)))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": hashes}, check=True, capture_output=True, text=True
        ).stdout
        for hashes in ("1", "2")
    }
    assert told == {" ".join(run_seed(seed).fingerprint for seed in range(7_000, 7_030)) + "\n"}


def test_workflows_of_the_grammar_are_valid() -> None:
    for seed in range(300):
        definition = Grammar(Random(seed), seed % 2 == 0).document("ops", "flow")
        assert check_definition(definition) == [], definition


def test_everything_that_can_go_wrong_does() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        plan = plan_of(seed)
        lines = run_plan(plan, keeps_trace=True).trace
        seen.update(re.sub(r"^\S+ |shard-\d+(#\d+)? ?|[\d.-]+$", "", line).strip() for line in lines)
        seen.update(kind for flow in plan.flows for kind in re.findall(r"'(\w+)':", str(flow.definition)))
    wanted = {
        *ACTIONS, "doom", "stop", "outage", "jump", *(f"{a} when {m}" for a in ACTIONS for m in MOMENTS),
        "append done", "append StaleEpoch", "append RunMoved",
        "set", "call", "wait", "raise", "emit", "switch", "do", "for", "while", "fork", "compete", "try", "retry", "if",
        "then", "input", "output", "export", "timeout", "schema", "unknownOutcome", "jitter", "backoff",
    }  # fmt: skip
    missing = {name for name in wanted if not any(name in line for line in seen)}
    assert missing == set()


def test_a_failing_plan_is_made_smaller() -> None:
    mutant = next(one for one in WORLDS if one.name == "timer lost on replay")
    with mutant.alive() as variant:
        seed = next(seed for seed in range(500) if run_seed(seed, variant).broken)
        plan = plan_of(seed)
        smaller, result = shrink(plan, variant, most=60)
    assert result.broken
    assert len(smaller.starts) <= len(plan.starts)
    assert sum(len(flow.definition["do"]) for flow in smaller.flows) + len(smaller.faults) < sum(
        len(flow.definition["do"]) for flow in plan.flows
    ) + len(plan.faults)
