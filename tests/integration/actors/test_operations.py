"""Operating runs over a real PostgreSQL: the API's ports write, shards do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from cluster.adapters.api_operations import ApiDeadLetters, ApiJobs, ApiOperations
from models.domain.clock import SystemClock
from models.domain.dsl.problems import problem
from models.domain.dsl.protocol import StartStep
from models.domain.errors import Conflict, NotFound
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.ports import Wake
from models.domain.runs import Run
from models.domain.steps import Failed, Outcome, Succeeded, Uncertain
from serve import operation_records as o
from serve import records as r
from serve.rerun_planner import RerunAsked, RerunPlanner
from tests.integration.actors.kit import QUICK, World, call, document, until, world
from tests.servers.postgres import PostgresServer
from tests.storage_kit import new_version


@dataclass
class Scripted:
    """Answers by the name of the task; `gates` hold answers back until they are set."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)

    async def run(self, tenant_id: UUID, step: StartStep) -> Outcome:
        name = step.task.rsplit("/", 1)[-1]
        self.calls.append((name, step.idempotency_key))
        if name in self.gates:
            await self.gates[name].wait()
        return self.outcomes.get(name, Succeeded({"task": name}))

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


@dataclass
class Office:
    """A world with the API's ports for operating runs, and steps that are scripted."""

    w: World
    steps: Scripted
    operations: ApiOperations
    jobs: ApiJobs
    letters: ApiDeadLetters
    clock: SystemClock = field(default_factory=SystemClock)

    async def started(self, definition: Mapping[str, Any], count: int = 1) -> tuple[r.NewAccount, list[Wake]]:
        account = await self.w.tenant(definition)
        return account, await self.w.accept(account, count)

    async def send(self, wake: Wake, kind: str, data: Mapping[str, Any] | None = None) -> None:
        await self.operations.send(wake.tenant_id, wake.run_id, kind, data or {}, self.clock.now())

    async def run(self, wake: Wake) -> Run:
        return await self.w.api.runs.get(wake.tenant_id, wake.run_id)

    async def is_now(self, wake: Wake, status: str) -> None:
        await self.w.until_row("SELECT status = $2 FROM runs WHERE id = $1", wake.run_id, status)

    async def types(self, wake: Wake) -> list[str]:
        rows = await self.w.rows("SELECT type FROM journal WHERE run_id = $1 ORDER BY seq", wake.run_id)
        return [row["type"] for row in rows]

    async def rerun(self, wake: Wake, asked: RerunAsked) -> Wake:
        plan = await RerunPlanner(self.operations, Limits()).plan(wake.tenant_id, wake.run_id, asked, self.clock.now())
        [answer] = await self.w.api.runs.accept([plan])
        assert isinstance(answer, r.AcceptedRun)
        found = Wake(wake.tenant_id, answer.run_id, answer.shard)
        self.w.accepted.append(found)
        return found

    async def reruns_of(self, wakes: Sequence[Wake]) -> list[dict[str, Any]]:
        ids = [wake.run_id for wake in wakes]
        return await self.w.rows(
            "SELECT r.id, r.status, o.rerun_of FROM run_origins o JOIN runs r ON r.id = o.run_id "
            "WHERE o.rerun_of = ANY($1)", ids,
        )  # fmt: skip


@pytest.fixture
async def office(postgres: PostgresServer) -> AsyncIterator[Office]:
    async with world(postgres) as w:
        steps = Scripted()
        w.target = steps  # type: ignore[assignment]
        yield Office(
            w, steps, ApiOperations(w.api.app, QUICK), ApiJobs(w.api.app), ApiDeadLetters(w.api.app, QUICK)
        )


TWO = document(call("a"), call("b"))


async def test_a_paused_run_stays_paused_over_a_crash_and_goes_on_when_resumed(office: Office) -> None:
    office.steps.gates["a"] = asyncio.Event()
    _, [run] = await office.started(TWO)
    shard = office.w.shard()
    await until(lambda: office.steps.names() == ["a"])
    await office.send(run, "pause", {"reason": "lunch"})
    await office.is_now(run, "suspended")
    office.steps.gates["a"].set()
    await office.w.until_row(
        "SELECT count(*) = 1 FROM journal WHERE run_id = $1 AND type = 'task.completed'", run.run_id
    )
    await office.w.kill(shard)
    office.w.shard()
    await asyncio.sleep(1.5)
    assert office.steps.names() == ["a"]
    await office.send(run, "resume")
    await office.w.ended([run])
    assert office.steps.names() == ["a", "b"]
    assert await office.types(run) == [
        "run.started", "task.started", "run.suspended", "task.completed", "run.resumed", "task.started",
        "task.completed", "run.completed",
    ]  # fmt: skip
    assert await office.w.value("SELECT count(*) FROM run_inbox") == 0
    assert await office.w.violations() == []


async def test_what_was_under_way_in_a_paused_run_is_asked_for_when_it_is_resumed(office: Office) -> None:
    office.steps.gates["a"] = asyncio.Event()
    _, [run] = await office.started(document(call("a", "stop"), call("b")))
    shard = office.w.shard()
    await until(lambda: office.steps.names() == ["a"])
    await office.send(run, "pause")
    await office.is_now(run, "suspended")
    await office.w.kill(shard)
    office.w.shard()
    await office.send(run, "resume")
    await office.is_now(run, "faulted")
    assert office.steps.names() == ["a"]
    assert "task.outcome_unknown" in await office.types(run)


async def test_a_run_that_is_paused_before_it_begins_calls_nobody(office: Office) -> None:
    _, [run] = await office.started(TWO)
    await office.send(run, "pause")
    office.w.shard()
    await office.is_now(run, "suspended")
    assert office.steps.calls == []
    await office.send(run, "resume")
    await office.is_now(run, "completed")
    assert await office.types(run) == [
        "run.started", "run.suspended", "run.resumed", "task.started", "task.completed", "task.started",
        "task.completed", "run.completed",
    ]  # fmt: skip


async def test_a_wish_that_changes_nothing_goes_away_as_well(office: Office) -> None:
    _, [run] = await office.started(document({"w": {"wait": {"seconds": 60}}}))
    office.w.shard()
    await office.is_now(run, "waiting")
    before = await office.types(run)
    await office.send(run, "resume")
    await office.w.until_row("SELECT count(*) = 0 FROM run_inbox")
    assert await office.types(run) == before


async def test_a_signal_reaches_a_run_that_sleeps(office: Office) -> None:
    listen = {"l": {"listen": {"to": {"one": {"with": {"type": "dev.tidewire.signal.go"}}}}}}
    _, [run] = await office.started(document(listen))
    office.w.shard()
    await office.is_now(run, "waiting")
    event = {"specversion": "1.0", "id": "1", "source": "/v1/runs/1", "type": "dev.tidewire.signal.go"}
    await office.send(run, "event", {**event, "time": "2026-01-01T00:00:00Z", "data": {"by": "ann"}})
    await office.is_now(run, "completed")
    assert (await office.run(run)).output == [{"by": "ann"}]


async def test_a_wish_to_a_run_that_has_ended_is_refused_with_its_state(office: Office) -> None:
    _, [run] = await office.started(TWO)
    office.w.shard()
    await office.is_now(run, "completed")
    with pytest.raises(Conflict, match="completed"):
        await office.send(run, "pause")
    with pytest.raises(NotFound):
        await office.operations.send(run.tenant_id, uuid7(), "pause", {}, office.clock.now())


async def test_a_cancelled_run_cleans_up_even_when_its_shard_dies_meanwhile(office: Office) -> None:
    cleaning: Any = document(call("a"))
    cleaning["document"] = {**cleaning["document"], "metadata": {"finally": [call("undo")]}}
    office.steps.gates = {"a": asyncio.Event(), "undo": asyncio.Event()}
    _, [run] = await office.started(cleaning)
    shard = office.w.shard()
    await until(lambda: office.steps.names() == ["a"])
    await office.w.api.runs.request_cancel(run.tenant_id, run.run_id, office.clock.now())
    await until(lambda: office.steps.names() == ["a", "undo"])
    await office.w.kill(shard)
    office.steps.gates["undo"].set()
    office.w.shard()
    await office.w.ended([run])
    assert office.steps.names() == ["a", "undo", "undo"]
    assert len({key for name, key in office.steps.calls if name == "undo"}) == 1
    assert (await office.run(run)).status == "cancelled"
    assert await office.w.violations() == []


async def test_a_person_decides_about_a_step_whose_outcome_is_unknown(office: Office) -> None:
    office.steps.outcomes["a"] = Uncertain(problem("communication", "no answer"))
    _, [run] = await office.started(document(call("a", "verify"), call("b")))
    office.w.shard()
    await office.is_now(run, "waiting")
    [step] = await office.operations.undecided(run.tenant_id, run.run_id)
    assert (step.step, step.task) == (2, "/do/0/a")
    await office.send(run, "outcome", {"step": 2, "happened": True, "output": {"id": 7}, "by": "ann"})
    await office.is_now(run, "completed")
    assert office.steps.names() == ["a", "b"]
    assert await office.operations.undecided(run.tenant_id, run.run_id) == []


async def test_a_run_begins_again_at_the_failed_step(office: Office) -> None:
    office.steps.outcomes["b"] = Failed(problem("communication", "down"))
    account, [run] = await office.started(TWO)
    shard = office.w.shard()
    await office.is_now(run, "faulted")
    del office.steps.outcomes["b"]
    again = await office.rerun(run, RerunAsked("/do/1/b"))
    await office.w.ended([again])
    assert office.steps.names() == ["a", "b", "b"]
    assert (await office.run(again)).output == {"task": "b"}
    page = await office.w.api.runs.list(account.tenant_id, r.RunFilter(rerun_of=run.run_id), None, 10)
    assert [one.id for one in page.items] == [again.run_id]
    with pytest.raises(Conflict, match="never began"):
        await office.rerun(run, RerunAsked("/do/7/x"))
    await office.w.kill(shard)
    assert await office.w.violations() == []


async def test_a_waiting_run_moves_to_another_version_or_says_why_not(office: Office) -> None:
    waiting = {"w": {"wait": {"seconds": 60}}}
    account, [run, other] = await office.started(document(waiting, call("a")), 2)
    for version, tasks in (("1.1.0", [waiting, call("b")]), ("2.0.0", [call("b")])):
        changed: Any = document(*tasks)
        changed["document"] = {**changed["document"], "version": version}
        await _put(office, account, changed)
    office.w.shard()
    await office.is_now(run, "waiting")
    planner = RerunPlanner(office.operations, Limits())
    await planner.check_move(run.tenant_id, run.run_id, "1.1.0", office.clock.now())
    with pytest.raises(Conflict, match="/do/0/w is not there"):
        await planner.check_move(run.tenant_id, run.run_id, "2.0.0", office.clock.now())
    await office.send(run, "move", {"version": "1.1.0"})
    await office.w.until_row("SELECT version = '1.1.0' FROM runs WHERE id = $1", run.run_id)
    await office.send(other, "move", {"version": "2.0.0"})
    await office.w.until_row(
        "SELECT data->>'reason' LIKE '%/do/0/w%' FROM journal WHERE run_id = $1 AND type = 'run.move_refused'",
        other.run_id,
    )
    assert (await office.run(other)).workflow.version == "1.0.0"
    assert (await office.types(run))[-1] == "run.moved"


async def _put(office: Office, account: r.NewAccount, definition: Any) -> None:
    version = replace(new_version(definition["document"]["version"]), definition=definition)
    await office.w.api.workflows.put(account.tenant_id, version, account.user_id, office.clock.now())


async def test_dead_letters_are_edited_retried_and_discarded(office: Office) -> None:
    office.steps.outcomes["b"] = Failed(problem("communication", "down"))
    account, wakes = await office.started(TWO, 3)
    office.w.shard()
    await office.w.ended(wakes)
    tenant, user = account.tenant_id, account.user_id
    page = await office.letters.list(tenant, o.LetterFilter(), None, 10)
    assert {(one.task, one.attempts, one.error["detail"]) for one in page.items} == {("/do/1/b", 1, "down")}
    first, second = wakes[:2]
    letter = await office.letters.get(tenant, first.run_id)
    assert letter.step_input == {"task": "a"}
    await office.letters.edit(tenant, first.run_id, {"step_input": {"x": 1}}, user, office.clock.now())
    await office.letters.discard(tenant, second.run_id, user, office.clock.now())
    with pytest.raises(Conflict):
        await office.letters.edit(tenant, second.run_id, None, user, office.clock.now())
    del office.steps.outcomes["b"]
    await make_job(office, account, "retry", o.RunsWanted("faulted", open_letters=True))
    await office.w.until_row(
        "SELECT count(*) = 2 FROM runs WHERE cause->>'kind' = 'rerun' AND status = 'completed'"
    )
    edited = await office.w.value(
        "SELECT j.data->'input' FROM journal j JOIN run_origins o ON o.run_id = j.run_id WHERE o.rerun_of = $1 "
        "AND j.type = 'task.started' AND j.task = '/do/1/b'", first.run_id,
    )  # fmt: skip
    assert edited == {"x": 1}
    assert (await office.letters.get(tenant, first.run_id)).state == "retried"
    assert (await office.letters.list(tenant, o.LetterFilter(), None, 10)).items == []


async def make_job(office: Office, account: r.NewAccount, kind: str, wanted: o.RunsWanted, **spec: Any) -> o.Job:
    where = {"status": wanted.status} if kind == "rerun" else {}
    # Runs of this very millisecond are not meant.
    now = office.clock.now() + timedelta(milliseconds=2)
    new = o.NewJob(uuid7(), kind, {"where": where, **spec}, wanted)
    return await office.jobs.add(account.tenant_id, new, account.user_id, now)


async def test_many_runs_are_run_again_once_each_though_shards_die(office: Office) -> None:
    account, wakes = await office.started(TWO, 120)
    shard = office.w.shard()
    await office.w.ended(wakes)
    job = await make_job(office, account, "rerun", o.RunsWanted("completed"), task="/do/1/b")
    assert job.total == 120
    await office.w.until_row("SELECT done > 0 FROM jobs WHERE id = $1", job.id)
    await office.w.kill(shard)
    office.w.shard()
    await office.w.until_row("SELECT state = 'done' FROM jobs WHERE id = $1", job.id)
    await office.w.until_row("SELECT count(*) = 0 FROM runs WHERE ended_at IS NULL")
    found = await office.reruns_of(wakes)
    assert len(found) == len({row["rerun_of"] for row in found}) == 120
    assert {row["status"] for row in found} == {"completed"}
    done = await office.jobs.get(account.tenant_id, job.id)
    assert (done.done, done.skipped) == (120, 0)
    assert office.steps.names().count("a") == 120


async def test_a_job_tells_why_it_left_runs_out_and_can_be_stopped(office: Office) -> None:
    account, wakes = await office.started(TWO, 3)
    job = await make_job(office, account, "rerun", o.RunsWanted(), task="/do/9/zzz")
    stopped = await make_job(office, account, "rerun", o.RunsWanted())
    await office.jobs.stop(account.tenant_id, stopped.id, office.clock.now())
    office.w.shard()
    await office.w.until_row("SELECT state = 'done' FROM jobs WHERE id = $1", job.id)
    done = await office.jobs.get(account.tenant_id, job.id)
    assert (done.done, done.skipped, len(done.reasons)) == (0, 3, 3)
    assert "never began /do/9/zzz" in done.reasons[0]["reason"]
    assert (await office.jobs.get(account.tenant_id, stopped.id)).done == 0
    with pytest.raises(Conflict):
        await office.jobs.stop(account.tenant_id, job.id, office.clock.now())
    assert await office.reruns_of(wakes) == []


async def test_a_dry_run_calls_nobody_and_counts_nowhere(office: Office) -> None:
    tell = {"n": {"call": "notify", "with": {"to": "all", "title": "Done"}}}
    emit = {"e": {"emit": {"event": {"with": {"source": "https://e.x", "type": "t"}}}}}
    account = await office.w.tenant(document(call("a"), call("b"), {"w": {"wait": {"hours": 5}}}, tell, emit))
    asked = r.AcceptRun(
        account.tenant_id, uuid7(), "ops", "flow", None, {}, {"kind": "api", "dryRun": True}, office.clock.now(),
        origin=o.RunOrigin(outputs={"/do/0/a": {"pinned": 1}}),
    )  # fmt: skip
    [answer] = await office.w.api.runs.accept([asked])
    assert isinstance(answer, r.AcceptedRun)
    office.w.shard()
    run = Wake(account.tenant_id, answer.run_id, answer.shard, answer.new)
    await office.is_now(run, "completed")
    assert office.steps.calls == []
    rows = await office.w.rows(
        "SELECT task, data->'output' AS output FROM journal WHERE run_id = $1 AND type = 'task.completed' ORDER BY seq",
        run.run_id,
    )
    assert rows[0]["output"] == {"pinned": 1}
    assert rows[1]["output"]["wouldCall"]["request"]["uri"] == "https://api.example/do"
    assert await office.w.value("SELECT count(*) FROM notifications") == 0
    assert await office.w.value("SELECT count(*) FROM outbox WHERE topic = 'events'") == 0
    assert await office.w.value("SELECT count(*) FROM events") == 0
    assert (await office.w.api.runs.list(account.tenant_id, r.RunFilter(), None, 10)).items == []
    shown = await office.w.api.runs.list(account.tenant_id, r.RunFilter(dry_run=True), None, 10)
    assert [one.id for one in shown.items] == [run.run_id]


async def test_a_long_run_goes_on_from_its_snapshot_exactly(office: Office) -> None:
    loop = {"l": {"for": {"in": "[range(2500)]"}, "do": [{"s": {"set": {"n": 1}}}]}}
    _, [run] = await office.started(document(loop, {"w": {"wait": {"seconds": 60}}}, call("a")))
    shard = office.w.shard()
    await office.is_now(run, "waiting")
    last = (await office.run(run)).last_seq
    seq = await office.w.value("SELECT seq FROM run_snapshots WHERE run_id = $1", run.run_id)
    assert last > 5_000
    assert last - QUICK.snapshot_entries - 600 < seq <= last
    await office.w.kill(shard)
    # What is before the snapshot is not read any more.
    await office.send(run, "pause")
    office.w.shard()
    await office.is_now(run, "suspended")
    await office.w.api.runs.request_cancel(run.tenant_id, run.run_id, office.clock.now())
    await office.w.ended([run])
    assert await office.w.value("SELECT count(*) FROM run_snapshots") == 0
    assert await office.w.violations() == []
