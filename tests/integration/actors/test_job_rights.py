"""A job goes on only as long as whoever made it may do what it does."""

from __future__ import annotations

from models.domain.ids import uuid7
from serve import operation_records as o
from storage import identity
from tests.integration.actors.test_operations import TWO, Office, make_job, office

__all__ = ["office"]


async def test_a_job_stops_when_who_made_it_may_not_go_on(office: Office) -> None:
    account, wakes = await office.started(TWO, 40)
    shard = office.w.shard()
    await office.w.ended(wakes)
    await office.w.kill(shard)
    place, clerk, boss = account.tenant_id, account.user_id, uuid7()
    async with office.w.api.app.unit_of_work([place]) as conn:
        await identity.add_user(conn, boss, f"{boss}@example.com", None)
        await identity.add_member(conn, place, boss, "owner")
        await conn.execute("UPDATE memberships SET role = 'operator' WHERE user_id = $1", clerk)
    job = await make_job(office, account, "rerun", o.RunsWanted("completed"), task="/do/1/b")
    denied = "INSERT INTO grants VALUES ($1, $2, 'user', $3, 'deny', 'run:*', 'workflow', 'ops/flow', now(), $2)"
    async with office.w.api.app.unit_of_work([place]) as conn:
        await conn.execute(denied, place, boss, str(clerk))
    office.w.shard()
    await office.w.until_row("SELECT state = 'stopped' FROM jobs WHERE id = $1", job.id)
    stopped = await office.jobs.get(place, job.id)
    assert stopped.done == 0
    assert "may not do it any more" in stopped.reasons[0]["reason"]
    assert await office.reruns_of(wakes) == []
    async with office.w.api.app.unit_of_work([place]) as conn:
        await conn.execute("DELETE FROM grants")
    again = await make_job(office, account, "rerun", o.RunsWanted("completed"), task="/do/1/b")
    await office.w.until_row("SELECT state = 'done' FROM jobs WHERE id = $1", again.id)
