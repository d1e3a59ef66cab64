"""Each way in which an engine or its host can be broken is noticed."""

from __future__ import annotations

import pytest

from tests.chaos.checker import violations
from tests.simulation.checks import evidence
from tests.simulation.mutants import LANGUAGE, WORLDS, Mutant
from tests.simulation.plan import plan_of
from tests.simulation.programs import disagreement
from tests.simulation.simulate import run_seed
from tests.simulation.world import World

MOST_SEEDS = 1_500


@pytest.mark.parametrize("mutant", WORLDS, ids=lambda one: one.name.replace(" ", "-"))
def test_the_simulation_notices(mutant: Mutant) -> None:
    with mutant.alive() as variant:
        for seed in range(mutant.first_seed, mutant.first_seed + MOST_SEEDS):
            if run_seed(seed, variant).broken:
                return
    pytest.fail(f"{MOST_SEEDS} seeds did not notice: {mutant.name}")


@pytest.mark.parametrize("mutant", LANGUAGE, ids=lambda one: one.name.replace(" ", "-"))
def test_the_model_notices(mutant: Mutant) -> None:
    with mutant.alive():
        assert any(disagreement(seed) for seed in range(MOST_SEEDS)), mutant.name


def test_there_are_enough_of_them() -> None:
    names = [mutant.name for mutant in (*WORLDS, *LANGUAGE)]
    assert len(set(names)) == len(names) >= 15


def found_by_checker(name: str, words: str) -> bool:
    """Whether the checker of the whole system says so about one of some worlds with this mutant."""
    mutant = next(one for one in WORLDS if one.name == name)
    with mutant.alive() as variant:
        worlds = (World(plan_of(seed), variant).live() for seed in range(400))
        return any(words in line for world in worlds for line in violations(evidence(world)))


def test_the_checker_sees_a_step_that_was_done_again() -> None:
    assert found_by_checker("unknown step started again", "must not be done again")


def test_the_checker_sees_a_service_that_was_asked_for_what_no_journal_knows() -> None:
    assert found_by_checker("retry with a new key", "no journal knows")
