"""The demo's tenants on a real PostgreSQL: made once, signed in to by tickets, never somebody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cluster.adapters.api import ApiIdentity
from cluster.demo.tenants import FIRST, DemoTenants
from models.domain.clock import SystemClock
from models.domain.errors import Conflict
from models.domain.ids import uuid7
from models.learned.flights.source import read_airlines
from serve.auth.refresh import token_hash
from storage import identity
from storage.postgres import Database
from tests.servers.postgres import PostgresServer

SECRET = b"a secret of the instance"


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[Database]:
    opened = Database(postgres.dsn(await postgres.create_database(), "tidewire_app"), application="test", max_size=3)
    await opened.open()
    yield opened
    await opened.close()


async def test_a_second_start_finds_what_the_first_one_made(database: Database) -> None:
    found = []
    for _ in range(2):
        tenants = DemoTenants(database, SECRET)
        carriers = tenants.carriers(list(read_airlines().items()))
        await tenants.ensure(carriers)
        found.append(carriers)
    assert found[0] == found[1]
    memberships = await ApiIdentity(database, SystemClock()).memberships(found[0][0].user_id)
    assert len(memberships) == 16
    assert {one.display_name for one in memberships} >= {"United Air Lines Inc.", "JetBlue Airways"}


async def test_another_secret_is_another_demo(database: Database) -> None:
    first, second = (DemoTenants(database, secret) for secret in (SECRET, b"other"))
    await first.ensure(first.carriers([(FIRST, "United")]))
    with pytest.raises(Conflict):
        await second.ensure(second.carriers([(FIRST, "United")]))


async def test_a_tenant_that_somebody_made_is_not_taken(database: Database) -> None:
    async with database.unit_of_work() as conn:
        await identity.add_tenant(conn, uuid7(), "demo-ua", "Somebody's", 7)
    tenants = DemoTenants(database, SECRET)
    with pytest.raises(Conflict):
        await tenants.ensure(tenants.carriers([(FIRST, "United")]))


async def test_a_ticket_works_once_and_there_is_no_password(database: Database) -> None:
    tenants = DemoTenants(database, SECRET)
    [carrier] = tenants.carriers([(FIRST, "United")])
    await tenants.ensure([carrier])
    ticket = await tenants.ticket(carrier)
    port, clock = ApiIdentity(database, SystemClock()), SystemClock()
    assert await port.use_ticket(token_hash(ticket), clock.now()) == (carrier.user_id, carrier.tenant_id)
    assert await port.use_ticket(token_hash(ticket), clock.now()) is None
    user = await port.user(carrier.user_id)
    assert user is not None
    assert user.password_hash is None
