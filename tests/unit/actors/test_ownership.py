"""Who owns the shards: kills, take-overs, paused owners, and the checker that finds broken ones."""

from __future__ import annotations

import asyncio
from uuid import UUID

from actors.active_run import Turn
from actors.run_keeper import RunKeeper
from actors.workflow_shard import _WORKING, WorkflowShard
from models.domain.ids import shard_of
from models.domain.ports import Wake
from models.domain.runs import RunStatus
from models.domain.steps import Succeeded
from tests.unit.actors.fakes import FLOW, TENANT, THREE, World, call, definition, settle, world

WAIT = {"pause": {"wait": {"seconds": 60}}}


async def test_a_killed_shard_is_succeeded_at_once_and_its_steps_are_done_again_with_the_same_key() -> None:
    async with world(definition(call("act"))) as w:
        w.steps.holds = True
        first = await w.owning()
        w.wake(first, one := w.store.accept())
        await settle()
        await w.kill(first)
        w.steps.holds = False
        w.shard("shard-0")
        await settle()
        await w.ended(one)
        assert list(w.steps.arrivals.values()) == [2]
        assert {row["epoch"] for row in w.store.journal} == {1, 2}
        assert w.store.violations() == []


async def test_a_step_is_done_again_only_when_the_journal_says_so() -> None:
    async with world(definition(call("act"))) as w:
        w.steps.holds = True
        first = await w.owning()
        w.wake(first, one := w.store.accept())
        await settle()
        await w.kill(first)
        w.steps.holds = False
        w.store.gate = asyncio.Event()
        w.shard("shard-0")
        await settle()
        assert list(w.steps.arrivals.values()) == [1]
        w.store.gate.set()
        await w.ended(one)
        assert list(w.steps.arrivals.values()) == [2]
        assert w.store.types(one).count("task.outcome_unknown") == 1


async def test_an_uncertain_step_is_not_done_again_after_a_kill_when_its_policy_says_stop() -> None:
    async with world(definition(call("act", {"unknownOutcome": "stop"}))) as w:
        w.steps.holds = True
        first = await w.owning()
        w.wake(first, one := w.store.accept())
        await settle()
        await w.kill(first)
        w.shard("shard-0")
        await w.ended(one)
        error = w.store.run(one).error
        assert error is not None
        assert error["type"].endswith("outcome-unknown")
        assert w.store.violations(w.steps.arrivals) == []


async def test_another_actor_takes_over_when_the_lease_is_over() -> None:
    async with world() as w:
        first = await w.owning("shard-0")
        await w.kill(first)
        one = w.store.accept()
        second = w.shard("shard-1")
        await w.clock.go_on(1.0)
        assert not second.leases.epochs
        await w.clock.go_on(w.limits.shard_lease_seconds)
        await w.ended(one)
        assert len(second.leases.epochs) == 64


async def test_two_actors_share_the_shards_and_a_third_gets_its_part() -> None:
    async with world() as w:
        shards = [await w.owning(f"shard-{n}") for n in range(3)]
        await w.clock.go_on(5)
        assert sorted(len(shard.leases.epochs) for shard in shards) == [20, 22, 22]
        held = [n for shard in shards for n in shard.leases.epochs]
        assert sorted(held) == list(range(64))


async def test_giving_shards_away_waits_for_open_steps() -> None:
    async with world(definition(call("act", {"unknownOutcome": "stop"}))) as w:
        w.steps.holds = True
        tenants = [UUID(int=n) for n in range(300)]
        for tenant in tenants:
            w.store.definitions[tenant, FLOW] = w.store.definitions[TENANT, FLOW]
        first = await w.owning("shard-0")
        busy = w.store.accept(next(t for t in tenants if shard_of(t) == 63))
        w.wake(first, busy)
        await settle()
        await w.owning("shard-1")
        await w.clock.go_on(3)
        assert 63 in first.leases.epochs
        assert len(first.leases.epochs) == 32
        w.steps.end_one()
        await w.ended(busy)
        assert w.store.run(busy).status is RunStatus.COMPLETED


async def paused_and_overtaken(w: World) -> tuple[WorkflowShard, Wake]:
    """An owner whose step is under way stands still until another has finished its run; then it goes on."""
    w.steps.holds = True
    old = await w.owning("shard-0")
    w.wake(old, one := w.store.accept())
    await settle()
    for task in old._tasks[_WORKING:]:
        task.cancel()
    w.shard("shard-1")
    await w.clock.go_on(w.limits.shard_lease_seconds + 2)
    return old, one


async def test_a_paused_owner_can_write_nothing_after_the_take_over() -> None:
    async with world(definition(call("act"), call("more"))) as w:
        old, one = await paused_and_overtaken(w)
        w.steps.end_one()
        assert await w.signals.wait("stale") is None
        await settle()
        assert len(old.keeper.runs) == 0
        w.steps.holds = False
        for future in list(w.steps.open.values()):
            future.set_result(Succeeded({}))
        await w.ended(one)
        assert w.store.violations() == []
        assert {row["epoch"] for row in w.store.journal} == {1, 2}


async def test_without_the_fence_the_checker_finds_the_stale_writer() -> None:
    async with world(definition(call("act"), call("more"), call("last"))) as w:
        w.store.fences = False
        old, one = await paused_and_overtaken(w)
        # A broken owner: it does not look at its lease either.
        old.leases._valid_until = float("inf")
        for _ in range(40):
            if w.steps.open:
                # The new owner writes first; then the old one (its step has number 0) finds itself behind, reads the
                # journal and goes on as if the run were still its own.
                number = 0 if w.store.run(one).last_seq >= 4 and 0 in w.steps.open else max(w.steps.open)
                w.steps.open[number].set_result(Succeeded({}))
            await settle()
        assert any("older epoch" in found for found in w.store.violations(ended=False))


class EagerKeeper(RunKeeper):
    """Performs first and writes afterwards: what must never be built."""

    def _take_turn(self, run: object) -> None:
        super()._take_turn(run)  # type: ignore[arg-type]
        assert self._committer is not None
        for turn in self._committer._gathered:
            self._perform(Turn(turn.run, None, turn.effects))
            turn.run.is_committing = True


async def test_effects_before_the_journal_are_found_by_the_checker() -> None:
    async with world(definition(call("act", {"unknownOutcome": "stop"}))) as w:
        w.steps.holds = True
        first = await w.owning()
        first.keeper.__class__ = EagerKeeper
        w.store.gate = asyncio.Event()
        w.wake(first, one := w.store.accept())
        await settle()
        await w.kill(first)
        w.store.gate = None
        w.steps.holds = False
        w.shard("shard-0")
        await w.clock.go_on(2)
        await w.ended(one)
        assert w.store.violations(w.steps.arrivals) == [f"effect {key} happened 2 times" for key in w.steps.arrivals]


async def test_a_late_heartbeat_holds_effects_back_until_the_lease_is_sure() -> None:
    async with world(definition(call("act"))) as w:
        shard = await w.owning()
        w.store.gate = asyncio.Event()
        w.wake(shard, one := w.store.accept())
        await settle()
        # The machine stood still: no heartbeat, and nobody knows yet that the lease is over.
        w.clock.advance(w.limits.shard_lease_seconds + 0.1)
        w.store.gate.set()
        await settle()
        assert w.store.types(one) == ["run.started", "task.started"]
        assert w.steps.log.count("step /do/0/act") == 0
        await w.clock.go_on(1)
        await w.ended(one)
        assert w.store.violations(w.steps.arrivals) == []


async def test_of_a_loud_tenant_the_others_notice_nothing() -> None:
    async with world(max_active_runs_per_shard_actor=100, max_group_commit=20) as w:
        quiet = UUID(int=8)
        w.store.definitions[quiet, FLOW] = THREE
        shard = await w.owning()
        w.wake(shard, warm := w.store.accept(quiet))
        await w.ended(warm)
        w.store.appends.clear()
        loud = [w.store.accept() for _ in range(1000)]
        w.wake(shard, *loud)
        w.wake(shard, one := w.store.accept(quiet))
        await w.ended(one)
        before = [item.run_id for batch in w.store.appends for item in batch]
        assert before.index(one.run_id) <= 21
        await w.clock.go_on(30)
        await w.ended(*loud)
        assert w.store.violations() == []


async def test_a_tenant_has_only_so_many_steps_open() -> None:
    async with world(definition(call("act")), max_open_steps_per_tenant=3) as w:
        w.steps.holds = True
        shard = await w.owning()
        wakes = [w.store.accept() for _ in range(10)]
        w.wake(shard, *wakes)
        await settle()
        for _ in wakes:
            assert len(w.steps.open) <= 3
            w.steps.end_one()
            await settle()
        await w.ended(*wakes)
        assert w.steps.most_open == 3


async def test_stopping_lets_steps_end_and_gives_the_shards_back() -> None:
    async with world(definition(call("act"))) as w:
        w.steps.holds = True
        shard = await w.owning()
        w.wake(shard, one := w.store.accept())
        await settle()
        stopping = asyncio.create_task(shard.stop())
        await settle()
        w.steps.end_one()
        await settle()
        await w.clock.go_on(1)
        await stopping
        w.shards.remove(shard)
        assert w.store.run(one).status is RunStatus.COMPLETED
        assert {holder for _, holder in w.store.epochs.values()} == {None}
