"""Pure parts of the actors: whose turn it is, who may be in memory, breakers and quotas."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from actors.active_run import ActiveRun
from actors.active_runs import ActiveRuns
from actors.lanes import Lanes
from actors.mailboxes import Mailboxes
from models.domain import breaker as breaking
from models.domain import quota as counting
from models.domain.breaker import Breaker, BreakerRule, Phase
from models.domain.ids import uuid7
from models.domain.quota import QuotaRule, QuotaUse
from models.domain.runs import NewRun, WorkflowRef

AT = datetime(2026, 1, 1, tzinfo=UTC)


def run_of(tenant: int) -> ActiveRun:
    new = NewRun(UUID(int=tenant), uuid7(AT), WorkflowRef("a", "b", "1"), {}, AT, {})
    return ActiveRun(new, tenant % 64, 1, None)


# ---------------------------------------------------------------- turns


@given(st.lists(st.integers(0, 4), max_size=60), st.lists(st.integers(1, 3), min_size=5, max_size=5))
def test_between_two_turns_others_have_no_more_than_their_weight(tenants: list[int], weights: list[int]) -> None:
    boxes = Mailboxes(lambda tenant: weights[tenant.int])
    for tenant in tenants:
        boxes.put(run_of(tenant))
    order = []
    while (run := boxes.next()) is not None:
        order.append(run.new.tenant_id.int)
    assert Counter(order) == Counter(tenants)
    for tenant in set(order):
        places = [place for place, one in enumerate(order) if one == tenant]
        for first, second in pairwise(places):
            between = Counter(order[first + 1 : second])
            assert all(between[other] <= weights[other] for other in between)
    for place, tenant in enumerate(order):
        streak = next(n for n, one in enumerate([*order[place:], -1]) if one != tenant)
        # Longer than its weight only when nobody else is left.
        assert streak <= weights[tenant] or set(order[place + weights[tenant] :]) == {tenant}


def test_within_a_tenant_the_first_to_come_is_first() -> None:
    boxes = Mailboxes()
    runs = [run_of(1) for _ in range(5)]
    for run in runs:
        boxes.put(run)
        boxes.put(run)
    assert [boxes.next() for _ in runs] == runs
    assert boxes.next() is None
    assert not boxes


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200))
def test_memory_is_shared_fairly(tenants: list[int]) -> None:
    most = 12
    runs = ActiveRuns(most)
    inside: Counter[int] = Counter()
    for tenant in tenants:
        run = run_of(tenant)
        if not runs.has_place_for(run.new.tenant_id):
            # Refused only when nobody has clearly more than this tenant.
            assert max(inside.values()) <= inside[tenant] + 1 or inside[tenant] * len(+inside) >= most
            continue
        victim = runs.add(run)
        inside[tenant] += 1
        if victim is not None:
            runs.remove(victim)
            inside[victim.new.tenant_id.int] -= 1
        assert len(runs) <= most


def lanes_at(now: list[float], most: int = 2) -> Lanes:
    return Lanes(lambda tenant: 1, lambda: now[0], most)


def test_a_tenant_with_much_waiting_is_loud_until_it_has_none_for_a_second() -> None:
    lanes = lanes_at(now := [100.0])
    assert [lanes.put(run_of(1)) for _ in range(5)] == [True, True, True, False, False]
    assert lanes.put(run_of(2))
    now[0] += 2.0
    assert lanes.is_loud(UUID(int=1))
    assert not lanes.is_loud(UUID(int=2))
    while lanes.bulk.next() is not None:
        pass
    assert not lanes.is_loud(UUID(int=1))
    assert lanes.put(run_of(1))


def test_bulk_is_careful_only_beside_tenants_that_were_quiet_for_a_minute() -> None:
    lanes = lanes_at(now := [100.0])
    for _ in range(5):
        lanes.put(run_of(1))
    assert not lanes.are_shared
    lanes.put(run_of(2))
    assert lanes.are_shared
    now[0] += 59.0
    assert lanes.are_shared
    now[0] += 2.0
    lanes.call_loud(UUID(int=1))
    assert not lanes.are_shared
    now[0] += 5.0
    while lanes.quiet.next() is not None or lanes.bulk.next() is not None:
        pass
    # A loud tenant that has a pause is not a quiet one.
    lanes.call_loud(UUID(int=3))
    assert lanes.put(run_of(1))
    assert not lanes.are_shared


def test_after_a_take_over_bulk_is_not_careful() -> None:
    lanes = lanes_at([100.0])
    for _ in range(5):
        lanes.put(run_of(1))
    lanes.put(run_of(2))
    assert lanes.are_shared
    lanes.hurry()
    assert not lanes.are_shared
    lanes.rest()
    assert lanes.are_shared


def test_nobody_alone_makes_bulk_careful() -> None:
    lanes = lanes_at([100.0])
    for _ in range(50):
        lanes.put(run_of(2))
        assert not lanes.are_shared


RULE = BreakerRule(failures=3, reset_seconds=10)


@given(st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=60))
def test_an_open_breaker_lets_one_call_through_per_reset(calls: list[tuple[float, bool]]) -> None:
    breaker, now, in_a_row, tried_at = Breaker(), 0.0, 0, None
    for gap, works in calls:
        now += gap
        was = breaker.phase
        breaker, wait = breaking.permit(RULE, breaker, now)
        if was is Phase.CLOSED:
            assert wait == 0
        if wait > 0:
            assert tried_at is not None
            assert now - tried_at < RULE.reset_seconds
            continue
        if was is not Phase.CLOSED:
            assert breaker.phase is Phase.HALF_OPEN
        in_a_row = 0 if works else in_a_row + 1
        breaker = breaking.succeeded(breaker) if works else breaking.failed(RULE, breaker, now)
        if works:
            assert breaker == Breaker()
        elif in_a_row >= RULE.failures:
            assert breaker.phase is Phase.OPEN
            tried_at = now


def test_a_lost_try_and_a_clock_that_goes_back_do_not_keep_it_open_for_ever() -> None:
    opened = Breaker(Phase.OPEN, 3, 100.0)
    trying, wait = breaking.permit(RULE, opened, 110.0)
    assert (trying.phase, wait) == (Phase.HALF_OPEN, 0.0)
    assert breaking.permit(RULE, trying, 112.0)[1] > 0
    assert breaking.permit(RULE, trying, 120.0)[1] == 0
    assert 0 < breaking.permit(RULE, opened, 0.0)[1] <= RULE.reset_seconds


def test_an_old_success_does_not_close_an_open_breaker() -> None:
    opened = Breaker(Phase.OPEN, 3, 100.0)
    assert breaking.succeeded(opened) == opened
    assert breaking.from_json(breaking.to_json(opened)) == opened
    assert breaking.from_json(None) == Breaker()


# ---------------------------------------------------------------- quota


@given(
    st.integers(1, 20),
    st.sampled_from([1.0, 7.0, 60.0, 3600.0]),
    st.lists(st.floats(0, 0.4), min_size=1, max_size=150),
)
def test_no_window_ever_has_more_than_the_quota(requests: int, seconds: float, gaps: list[float]) -> None:
    rule, use, now = QuotaRule(requests, seconds), QuotaUse(), 1_700_000_000.0
    made: list[float] = []
    for gap in gaps:
        now += gap * seconds
        wait = counting.wait_for_one(rule, use, now)
        assert (wait == 0) == (counting.spare(rule, use, now) > 0)
        if wait:
            assert wait <= seconds + 2 * rule.width
            now += wait
            if counting.wait_for_one(rule, use, now):
                now += 1e-6
        assert counting.spare(rule, use, now) > 0
        use = counting.take(rule, use, 1, now)
        made.append(now)
        assert counting.from_json(rule, counting.to_json(rule, use, now)) == use
    for place in range(len(made) - requests):
        assert made[place + requests] - made[place] >= seconds - 1e-6


def test_a_quota_is_not_wasted_by_more_than_a_bucket() -> None:
    rule, use, now, made = QuotaRule(10, 60.0), QuotaUse(), 0.0, 0
    while now < 600:
        if counting.spare(rule, use, now):
            use = counting.take(rule, use, 1, now)
            made += 1
        else:
            now += 0.1
    assert 95 <= made <= 100


def test_given_back_calls_can_be_made_again_and_a_new_window_forgets_nothing() -> None:
    rule = QuotaRule(10, 60.0)
    use = counting.take(rule, QuotaUse(), 8, 1000.0)
    back = counting.give_back(use, counting.bucket_of(rule, 1000.0), 5)
    assert counting.spare(rule, back, 1000.0) == 7
    other = QuotaRule(10, 5.0)
    moved = counting.from_json(other, counting.to_json(rule, use, 1000.0))
    assert counting.spare(other, moved, 1000.0) == 2
    assert counting.spare(other, moved, 1008.0) == 10
