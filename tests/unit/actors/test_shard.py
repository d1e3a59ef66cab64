"""A shard drives runs: journal first, nothing lost, nothing done twice that must not be."""

from __future__ import annotations

import asyncio

import pytest

from models.domain.dsl.protocol import StartStep, StepKind
from models.domain.ids import shard_of
from models.domain.ports import Wake
from models.domain.runs import RunStatus
from models.domain.steps import Failed, Uncertain
from tests.unit.actors.fakes import FLOW, TENANT, THREE, call, definition, settle, world

WAIT = {"pause": {"wait": {"seconds": 60}}}


async def test_a_woken_run_ends_and_its_end_is_told() -> None:
    async with world() as w:
        shard = await w.owning()
        one = w.store.accept()
        w.wake(shard, one)
        (end,) = await shard.ends("test", 5)
        assert (end.run_id, end.status, end.output) == (one.run_id, RunStatus.COMPLETED, {"value": 4})
        assert w.store.violations() == []
        assert w.store.types(one)[0] == "run.started"
        assert len(shard.keeper.runs) == 0


async def test_a_pure_run_is_one_commit() -> None:
    async with world() as w:
        shard = await w.owning()
        first = w.store.accept()
        w.wake(shard, first)
        await w.ended(first)
        assert len(w.store.appends) == 1


async def test_runs_that_come_during_a_commit_share_the_next_one() -> None:
    async with world() as w:
        shard = await w.owning()
        w.wake(shard, opener := w.store.accept())
        await w.ended(opener)
        w.store.gate = asyncio.Event()
        wakes = [w.store.accept() for _ in range(51)]
        w.wake(shard, wakes[0])
        await settle()
        w.wake(shard, *wakes[1:])
        await settle()
        w.store.gate.set()
        await w.ended(*wakes)
        assert [len(batch) for batch in w.store.appends] == [1, 1, 50]


async def test_an_effect_waits_for_its_journal() -> None:
    async with world(definition(call("act"))) as w:
        shard = await w.owning()
        w.store.gate = asyncio.Event()
        w.wake(shard, one := w.store.accept())
        await settle()
        assert w.steps.log == []
        w.store.gate.set()
        await w.ended(one)
        assert w.store.log.index("journal task.started /do/0/act") < w.store.log.index("step /do/0/act")
        assert w.store.violations(w.steps.arrivals) == []


async def test_a_lost_wake_is_found_by_looking() -> None:
    async with world() as w:
        await w.owning()
        one = w.store.accept()
        await w.clock.go_on(0.5)
        assert w.store.run(one).status is RunStatus.PENDING
        await w.clock.go_on(2.5)
        await w.ended(one)


async def test_wakes_of_other_shards_are_given_back() -> None:
    async with world() as w:
        shard = await w.owning()
        shard.leases.epochs.pop(shard_of(TENANT))
        one = w.store.accept()
        assert shard.wake("test", [one], set()) == [one.run_id]


async def test_postgres_away_loses_nothing() -> None:
    async with world(definition(call("act"))) as w:
        w.steps.holds = True
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        await settle()
        w.store.away = True
        w.steps.end_one()
        await w.clock.go_on(60)
        assert w.store.run(one).ended_at is None
        w.store.away = False
        await w.clock.go_on(3)
        await w.ended(one)
        assert w.store.violations() == []
        assert list(w.steps.arrivals.values()) == [1]


async def test_a_commit_whose_answer_was_lost_is_not_done_again() -> None:
    async with world(definition(call("act"), *THREE["do"])) as w:
        shard = await w.owning()
        w.store.loses_answers = 2
        w.wake(shard, one := w.store.accept())
        await w.clock.go_on(3)
        await w.ended(one)
        assert w.store.violations(w.steps.arrivals) == []
        # It was not forgotten and read anew either: who waits for it hears its end.
        assert [end.run_id for end in await shard.ends("test", 1)] == [one.run_id]


async def test_a_run_that_moved_is_read_anew() -> None:
    async with world(definition(call("act"))) as w:
        w.steps.holds = True
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        await settle()
        # Somebody else with the same epoch has written: memory is behind the journal.
        run = shard.keeper.runs.get((TENANT, one.run_id))
        assert run is not None
        run.stored_seq -= 1
        w.steps.end_one()
        assert await w.signals.wait("moved") == one.run_id
        await settle()
        w.steps.end_one()
        await w.ended(one)
        assert w.store.violations() == []


async def test_what_cannot_be_stored_ends_its_run_alone() -> None:
    async with world() as w:
        shard = await w.owning()
        wakes = [w.store.accept() for _ in range(5)]
        bad = wakes[2]
        w.store.refuses = lambda item: item.run_id == bad.run_id and item.status is not RunStatus.FAULTED
        w.wake(shard, *wakes)
        await w.ended(*wakes)
        assert [str(w.store.run(one).status) for one in wakes] == [
            "completed", "completed", "faulted", "completed", "completed",
        ]  # fmt: skip
        assert w.store.violations() == []


async def test_when_nothing_at_all_can_be_stored_no_run_is_ended() -> None:
    async with world() as w:
        shard = await w.owning()
        w.store.refuses = lambda item: True
        w.wake(shard, one := w.store.accept())
        await w.clock.go_on(5)
        w.store.refuses = lambda item: False
        assert w.store.run(one).ended_at is None
        await w.clock.go_on(40)
        await w.ended(one)
        assert w.store.run(one).status is RunStatus.COMPLETED


async def test_a_missing_definition_ends_the_run_visibly() -> None:
    async with world() as w:
        shard = await w.owning()
        del w.store.definitions[TENANT, FLOW]
        w.wake(shard, one := w.store.accept())
        await w.ended(one)
        error = w.store.run(one).error
        assert error is not None
        assert error["type"].endswith("configuration")
        assert w.store.violations() == []


async def test_the_failure_of_a_step_reaches_the_run() -> None:
    async with world(definition(call("act"))) as w:
        w.steps.outcome = lambda step: Failed({"type": "https://example.com/e", "status": 503, "title": "No"})
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        await w.ended(one)
        error = w.store.run(one).error
        assert error is not None
        assert (error["status"], error["instance"]) == (503, "/do/0/act")


@pytest.mark.parametrize(("policy", "shown"), [("stop", "outcome-unknown"), ("retry", "/e")])
async def test_an_uncertain_step_follows_its_policy(policy: str, shown: str) -> None:
    async with world(definition(call("act", {"unknownOutcome": policy}))) as w:
        w.steps.outcome = lambda step: Uncertain({"type": "https://example.com/e", "status": 504, "title": "No"})
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        await w.ended(one)
        error = w.store.run(one).error
        assert error is not None
        assert error["type"].endswith(shown)


async def test_a_cancelled_run_stops_its_step() -> None:
    async with world(definition(call("act"))) as w:
        w.steps.holds = True
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        await settle()
        w.store.request_cancel(one)
        w.wake(shard, Wake(one.tenant_id, one.run_id, one.shard))
        await w.ended(one)
        await settle()
        assert w.store.run(one).status is RunStatus.CANCELLED
        assert w.steps.open == {}
        assert len(shard.keeper.steps) == 0


async def test_a_lost_wish_to_cancel_a_run_in_memory_is_found_by_looking() -> None:
    async with world(definition(call("act"))) as w:
        w.steps.holds = True
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        await settle()
        w.store.request_cancel(one)
        await w.clock.go_on(2)
        await w.ended(one)
        assert w.store.run(one).status is RunStatus.CANCELLED
        assert w.steps.open == {}


@pytest.mark.parametrize("is_slow", [False, True])
async def test_what_was_read_before_a_run_went_on_is_old_news(is_slow: bool) -> None:
    async with world(definition(call("act"), call("more"))) as w:
        shard = await w.owning()
        w.wake(shard, opener := w.store.accept())
        await w.ended(opener)
        w.steps.arrivals.clear()
        w.steps.holds = is_slow
        one = w.store.accept()
        w.store.read_gate = asyncio.Event()
        shard.intake.want([(one.tenant_id, one.run_id)])
        await settle()
        # While the row is on its way, the run is woken and goes on (slow) or even ends.
        w.wake(shard, one)
        await settle()
        w.store.read_gate.set()
        await settle()
        while w.steps.open:
            w.steps.end_one()
            await settle()
        await w.ended(one)
        assert list(w.steps.arrivals.values()) == [1, 1]
        assert w.store.violations(w.steps.arrivals) == []
        assert w.signals.taken("moved") == []


async def test_nothing_is_performed_for_a_shard_that_was_given_away_during_the_commit() -> None:
    async with world(definition(call("act"))) as w:
        shard = await w.owning()
        w.store.gate = asyncio.Event()
        w.wake(shard, one := w.store.accept())
        await settle()
        shard.keeper.drop_shards([one.shard])
        w.store.gate.set()
        await settle()
        assert w.store.types(one) == ["run.started", "task.started"]
        assert w.steps.arrivals == {}


async def test_a_step_that_is_open_is_not_started_twice() -> None:
    async with world(definition(call("act"))) as w:
        w.steps.holds = True
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        await settle()
        run = shard.keeper.runs.get((one.tenant_id, one.run_id))
        assert run is not None
        step = StartStep(2, "/do/0/act", (), 1, StepKind.HTTP, "key", {})
        shard.keeper.steps.start(run, step)
        await settle()
        assert len(w.steps.open) == 1


async def test_a_lost_wish_to_cancel_is_found_by_looking() -> None:
    async with world(definition(WAIT)) as w:
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        assert await w.signals.wait("slept") == one.run_id
        w.store.request_cancel(one)
        await w.clock.go_on(2)
        await w.ended(one)
        assert w.store.run(one).status is RunStatus.CANCELLED


async def test_a_pending_run_that_was_cancelled_does_nothing() -> None:
    async with world(definition(call("act"))) as w:
        one = w.store.accept()
        w.store.request_cancel(one)
        await w.owning()
        await w.clock.go_on(2)
        await w.ended(one)
        assert w.store.types(one) == ["run.started", "run.cancelled"]
        assert w.steps.arrivals == {}


async def test_a_sleeping_run_leaves_memory_and_comes_back_in_time() -> None:
    async with world(definition(WAIT)) as w:
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        assert await w.signals.wait("slept") == one.run_id
        assert len(shard.keeper.runs) == 0
        assert w.store.run(one).status is RunStatus.WAITING
        await w.clock.go_on(57)
        assert len(shard.keeper.runs) == 0
        await w.clock.go_on(4)
        await w.ended(one)
        assert w.store.violations() == []
