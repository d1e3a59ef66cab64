"""Fair shares: in virtual time, a quiet lane is served as if it were alone."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.fair_share import FairQueue


def test_a_quiet_lane_is_next_though_another_has_a_hundred_thousand_waiting() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for n in range(100_000):
        queue.push("loud", n)
    for _ in range(1_000):
        queue.pop()
    queue.push("quiet", 0)
    assert ("quiet", 0) in [queue.pop() for _ in range(2)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=300))
def test_nothing_is_lost_and_each_lane_keeps_its_order(happens: list[tuple[int, bool]]) -> None:
    queue: FairQueue[int, int] = FairQueue()
    pushed: dict[int, list[int]] = {}
    popped: dict[int, list[int]] = {}
    for n, (lane, comes) in enumerate(happens):
        if comes:
            queue.push(lane, n)
            queue.push(lane, n)
            pushed.setdefault(lane, []).append(n)
        elif queue:
            found, item = queue.pop()
            popped.setdefault(found, []).append(item)
        assert len(queue) == sum(map(len, pushed.values())) - sum(map(len, popped.values()))
    for lane, item in queue.take(10_000):
        popped.setdefault(lane, []).append(item)
    assert popped == pushed
    assert not queue
    with pytest.raises(IndexError):
        queue.pop()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([1.0, 2.0, 5.0]), min_size=2, max_size=6), st.integers(1, 400))
def test_lanes_that_always_wait_share_by_weight(weights: list[float], turns: int) -> None:
    queue: FairQueue[int, int] = FairQueue(lambda lane: weights[lane])
    for lane in range(len(weights)):
        for n in range(turns + 1):
            queue.push(lane, n)
    served: Counter[int] = Counter()
    for _ in range(turns):
        served[queue.pop()[0]] += 1
        # The bound of start-time fair queueing: never further apart than one item of each.
        for i, one in enumerate(weights):
            for j, other in enumerate(weights):
                assert abs(served[i] / one - served[j] / other) <= 1 / one + 1 / other + 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_whoever_comes_new_waits_for_one_turn_of_each_at_most(seed: int) -> None:
    """Loud lanes never run dry; quiet ones come one at a time. No wait grows with what the loud ones have."""
    chance = random.Random(seed)
    loud = chance.randint(1, 5)
    queue: FairQueue[str, int] = FairQueue()
    for n in range(5_000):
        for lane in range(loud):
            queue.push(f"loud {lane}", n)
    came: dict[str, int] = {}
    longest = 0
    for turn in range(3_000):
        if chance.random() < 0.3:
            name = f"quiet {chance.randint(0, 3)}"
            if name not in came:
                came[name] = turn
                queue.push(name, turn)
        lane, _ = queue.pop()
        if lane in came:
            longest = max(longest, turn - came.pop(lane))
    assert longest <= loud + 4


def test_a_lane_that_was_idle_saves_up_no_turns() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for n in range(1_000):
        queue.push("steady", n)
    for _ in range(500):
        queue.pop()
    for n in range(100):
        queue.push("late", n)
    served = Counter(lane for lane, _ in queue.take(100))
    assert abs(served["late"] - served["steady"]) <= 1


def test_a_lane_that_leaves_and_comes_back_at_once_gains_nothing() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for n in range(1_000):
        queue.push("steady", n)
    served: Counter[str] = Counter()
    for n in range(400):
        queue.push("flicker", n)
        served[queue.pop()[0]] += 1
    assert abs(served["flicker"] - served["steady"]) <= 1


def test_lanes_that_are_gone_are_forgotten() -> None:
    queue: FairQueue[int, int] = FairQueue()
    queue.push(-1, 0)
    for lane in range(10_000):
        queue.push(lane, 0)
        queue.push(-1, lane + 1)
        queue.pop()
        queue.pop()
    assert len(queue._due) < 200
