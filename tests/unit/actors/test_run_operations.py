"""What shards do about lost outcomes, long runs and dry runs, with everything around them in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.operation_ports import Beginning, Snapshot
from actors.ports import RunKey
from models.domain.dsl.snapshots import FORM
from models.domain.human_tasks import TaskOpened
from models.domain.journal import Entry, EntryType
from models.domain.ports import Wake
from models.domain.runs import RunStatus
from models.domain.steps import Succeeded
from tests.unit.actors.fakes import FakePostgres, World, call, definition, settle, world


def read(name: str, policy: str) -> dict[str, Any]:
    """A step that changes nothing outside."""
    wanted = {"method": "get", "endpoint": "https://api.example/thing"}
    return {name: {"call": "http", "with": wanted, "metadata": {"unknownOutcome": policy}}}


@dataclass
class History:
    """Snapshots as the appends had them, and journals of the fake database."""

    store: FakePostgres
    begun: dict[UUID, Beginning] = field(default_factory=dict)
    form: str = FORM
    pages: list[int] = field(default_factory=list)

    async def beginnings(self, keys: Collection[RunKey]) -> Mapping[UUID, Beginning]:
        return {run: self.begun[run] for _, run in keys if run in self.begun}

    async def snapshots(self, keys: Collection[RunKey]) -> Mapping[UUID, Snapshot]:
        wanted = {run for _, run in keys}
        kept = [one for batch in self.store.appends for one in batch if one.snapshot is not None]
        return {
            one.run_id: Snapshot(one.last, self.form, one.snapshot)
            for one in kept
            if one.run_id in wanted and one.snapshot is not None
        }

    async def page(self, key: RunKey, after: int, limit: int) -> Sequence[Entry]:
        self.pages.append(after)
        found = (await self.store.entries([key])).get(key[1], ())
        return [entry for entry in found if entry.seq > after][:limit]


async def killed_in_a_step(w: World) -> Wake:
    w.steps.holds = True
    first = await w.owning()
    w.wake(first, one := w.store.accept())
    await settle()
    await w.kill(first)
    w.steps.holds = False
    w.shard("shard-0")
    await w.ended(one)
    return one


async def test_a_step_that_is_done_again_after_a_kill_is_shown() -> None:
    async with world(definition(call("act"))) as w:
        one = await killed_in_a_step(w)
        assert w.store.types(one) == [
            "run.started", "task.started", "task.outcome_unknown", "task.completed", "run.completed",
        ]  # fmt: skip
        [shown] = [row for row in w.store.journal if row["type"] == "task.outcome_unknown"]
        assert (shown["data"]["policy"], shown["data"]["step"]) == ("retry", 2)


@pytest.mark.parametrize("policy", ["retry", "stop", "verify"])
async def test_a_read_is_done_again_without_ado(policy: str) -> None:
    async with world(definition(read("look", policy))) as w:
        one = await killed_in_a_step(w)
        assert w.store.run(one).status is RunStatus.COMPLETED
        assert "task.outcome_unknown" not in w.store.types(one)
        assert list(w.steps.arrivals.values()) == [2]


async def test_a_run_whose_outcome_a_person_must_tell_sleeps() -> None:
    async with world(definition(call("act", {"unknownOutcome": "verify"}))) as w:
        w.steps.holds = True
        first = await w.owning()
        w.wake(first, one := w.store.accept())
        await settle()
        await w.kill(first)
        second = w.shard("shard-0")
        await w.clock.go_on(3)
        assert w.store.run(one).status is RunStatus.WAITING
        assert len(second.keeper.runs) == 0
        assert len(w.steps.arrivals) == 1


LOOP = definition(
    {"l": {"for": {"in": "[range(400)]"}, "do": [{"s": {"set": {"n": 1}}}]}}, {"w": {"wait": {"days": 30}}}
)


@pytest.mark.parametrize("form", [FORM, "of another engine"])
async def test_a_long_run_sleeps_and_goes_on_from_its_snapshot(form: str) -> None:
    async with world(LOOP, snapshot_entries=300) as w:
        history = History(w.store, form=form)
        shard = await w.owning(history=history)
        w.wake(shard, one := w.store.accept())
        async with asyncio.timeout(10):
            while w.store.run(one).status is not RunStatus.WAITING:
                await settle(1)
        await settle()
        assert len(shard.keeper.runs) == 0
        assert history.pages == []
        w.clock.advance(timedelta(days=30).total_seconds())
        await w.clock.go_on(3)
        await w.ended(one)
        # The journal was read from the last snapshot on, not from its beginning; or all of it, page by page.
        last = w.store.run(one).last_seq
        if form == FORM:
            assert history.pages == [] or history.pages[0] > last - 600
        else:
            assert history.pages[0] == 0
        assert w.store.violations() == []
        assert w.store.run(one).output == {"n": 1}


async def test_a_dry_run_reaches_nobody_and_does_not_wait() -> None:
    flow = definition(
        call("act"), call("other"), {"w": {"wait": {"days": 3}}},
        {"n": {"call": "notify", "with": {"to": "all", "title": "x"}}},
        {"ask": {"call": "approval", "with": {"title": "Go?", "assignee": {"role": "owner"}}}},
        {"end": {"set": {"said": "${ .decision }"}}},
    )  # fmt: skip
    async with world(flow) as w:
        one = w.store.accept()
        row = w.store.runs[one.tenant_id, one.run_id]
        row.run = replace(row.run, cause={"kind": "api", "dryRun": True})
        history = History(w.store, {one.run_id: Beginning(outputs={"/do/0/act": {"pinned": True}})})
        await w.owning(history=history)
        await w.clock.go_on(1)
        await w.ended(one)
        assert w.store.run(one).output == {"said": "approve"}
        assert (w.steps.arrivals, w.store.notifications) == ({}, [])
        outputs = [row["data"].get("output") for row in w.store.journal if row["type"] == EntryType.TASK_COMPLETED]
        assert outputs[0] == {"pinned": True}
        assert outputs[1]["wouldCall"]["kind"] == "http"


async def test_a_rerun_asks_people_its_own_questions() -> None:
    ask = {"ask": {"call": "approval", "with": {"title": "Go?", "assignee": {"role": "owner"}}}}
    flow = definition({"f": {"fork": {"branches": [ask, call("act")]}}})
    async with world(flow) as w:
        shard = await w.owning()
        w.wake(shard, source := w.store.accept())
        await settle()
        await w.kill(shard)
        one, task = w.store.accept(), "/do/0/f/fork/branches/1/act"
        row = w.store.runs[one.tenant_id, one.run_id]
        row.run = replace(row.run, cause={"kind": "rerun", "of": str(source.run_id), "task": task})
        await w.owning(history=History(w.store, {one.run_id: Beginning(rerun_of=source.run_id, task=task)}))
        await w.clock.go_on(1)
        opened = {
            append.run_id: [one.id for one in append.tasks if isinstance(one, TaskOpened)]
            for batch in w.store.appends
            for append in batch
            if append.tasks
        }
        assert set(opened) == {source.run_id, one.run_id}
        assert opened[source.run_id] != opened[one.run_id]


async def test_what_is_open_in_a_copy_was_never_begun_in_the_rerun() -> None:
    stops = call("beside", {"unknownOutcome": "stop"})
    flow = definition({"f": {"fork": {"branches": [stops, call("act")]}}})
    async with world(flow) as w:
        shard = await w.owning()
        w.wake(shard, source := w.store.accept())
        await w.ended(source)
        one, task = w.store.accept(), "/do/0/f/fork/branches/1/act"
        row = w.store.runs[one.tenant_id, one.run_id]
        row.run = replace(row.run, cause={"kind": "rerun", "of": str(source.run_id), "task": task})
        await w.kill(shard)
        await w.owning(history=History(w.store, {one.run_id: Beginning(rerun_of=source.run_id, task=task)}))
        await w.clock.go_on(1)
        await w.ended(one)
        assert w.store.run(one).status is RunStatus.COMPLETED
        assert sorted(w.steps.arrivals.values()) == [1, 1, 1, 1]
        assert w.store.violations(w.steps.arrivals) == []


async def test_a_rerun_that_cannot_begin_faults_with_the_reason() -> None:
    async with world(definition(call("act"))) as w:
        w.steps.outcome = lambda step: Succeeded({})
        source = w.store.accept()
        one = w.store.accept()
        row = w.store.runs[one.tenant_id, one.run_id]
        row.run = replace(row.run, cause={"kind": "rerun", "of": str(source.run_id), "task": "/do/9/x"})
        begins = Beginning(rerun_of=source.run_id, task="/do/9/x")
        await w.owning(history=History(w.store, {one.run_id: begins}))
        await w.clock.go_on(1)
        await w.ended(one, source)
        error = w.store.run(one).error
        assert error is not None
        assert "never began /do/9/x" in error["detail"]
        assert w.store.run(source).status is RunStatus.COMPLETED
