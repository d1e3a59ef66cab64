"""Reading series as the API does: merged over the dimensions that are not asked for, within limits."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from cluster.adapters.streams import PointStore, TableLog
from models.domain.errors import InvalidInput, LimitExceeded, NotFound
from models.domain.identity import TenantScope
from models.domain.limits import Limits
from storage.metric_points import PointSeries, read_series
from storage.postgres import Database
from streams.aggregate import Aggregator
from tests.integration.streams.world import BEGIN, END, World
from tests.servers.postgres import PostgresServer


async def filled(world: World) -> TenantScope:
    tenant = world.tenants[0]
    world.tenants = [tenant]
    await world.define(tenant, "delays")
    await world.some_events(300)
    await Aggregator(TableLog(world.engine), PointStore(world.engine)).catch_up(0)
    return TenantScope(tenant)


async def series(world: World, scope: TenantScope, metric: str, step: int, *by: str) -> list[PointSeries]:
    async with world.engine.read() as conn:
        return await read_series(conn, scope, metric, BEGIN, END, step, by)


async def test_points_add_up_over_windows_and_dimensions(world: World) -> None:
    scope = await filled(world)
    for step in (10, 60, 3600):
        for by in ((), ("type",), ("source", "type")):
            found = await series(world, scope, "events", step, *by)
            assert sum(point["count"] for one in found for point in one.points) == 300
            assert [one.dimensions for one in found] == sorted(
                (one.dimensions for one in found), key=lambda names: tuple(names[name] for name in by)
            )
            for one in found:
                assert list(one.dimensions) == list(by)
                starts = [point["start"] for point in one.points]
                assert starts == sorted(set(starts))
    (whole,) = await series(world, scope, "delays", 3600)
    apart = await series(world, scope, "delays", 3600, "airport")
    assert {one.dimensions["airport"] for one in apart} == {"", "EWR", "JFK", "LGA"}
    for place, point in enumerate(whole.points):
        parts = [one.points[place] for one in apart]
        assert point["count"] == sum(part["count"] for part in parts)
        assert point["sum"] == pytest.approx(sum(part["sum"] for part in parts))
        assert point["min"] == min(part["min"] for part in parts)
        assert point["max"] == max(part["max"] for part in parts)
        assert point["min"] <= point["p50"] <= point["p90"] <= point["p99"] <= point["max"]
        assert max(part["uniques"] for part in parts) <= point["uniques"] <= point["count"]


async def test_a_span_has_the_windows_that_begin_in_it(world: World) -> None:
    scope = await filled(world)
    async with world.engine.read() as conn:
        (one,) = await read_series(conn, scope, "events", BEGIN + timedelta(hours=1), BEGIN + timedelta(hours=2), 3600)
        assert [point["start"] for point in one.points] == [BEGIN + timedelta(hours=1)]
        assert await read_series(conn, scope, "events", END, END + timedelta(days=9), 3600) == []


async def test_what_is_not_there_is_told(world: World) -> None:
    scope = await filled(world)
    with pytest.raises(NotFound):
        await series(world, scope, "nothing", 60)
    for by in (("nothing",), ("type", "type")):
        with pytest.raises(InvalidInput):
            await series(world, scope, "events", 60, *by)
    async with world.engine.read() as conn:
        limits = dataclasses.replace(Limits(), max_metric_cells=10)
        with pytest.raises(LimitExceeded, match="max_metric_cells"):
            await read_series(conn, scope, "events", BEGIN, END, 10, (), limits)


async def test_a_tenant_sees_its_own_points_only(world: World, postgres: PostgresServer) -> None:
    tenant = world.tenants[0]
    await world.ingest(tenant, [world.event()])
    await Aggregator(TableLog(world.engine), PointStore(world.engine)).catch_up(0)
    app = Database(world.dsn.replace("tidewire_engine", "tidewire_app").replace("engine-", "app-"), application="test")
    await app.open()
    try:
        for scoped, points in (([tenant], 1), ([world.tenants[1]], 0), ([], 0)):
            async with app.read(scoped) as conn:
                found = await read_series(conn, TenantScope(tenant), "events", BEGIN, END, 3600)
                assert len(found) == points
    finally:
        await app.close()
