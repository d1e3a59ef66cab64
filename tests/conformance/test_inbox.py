"""NotificationRepository."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from models.domain.errors import NotFound
from models.domain.ids import uuid7
from serve import records as r
from tests.storage_kit import NOW, Api, new_tenant


async def arrived(api: Api, tenant: UUID, user: UUID, count: int) -> list[UUID]:
    """Notifications, newest first."""
    ids = [uuid7(NOW + timedelta(seconds=n)) for n in range(count)]
    async with api.engine.unit_of_work() as conn:
        await conn.executemany(
            "INSERT INTO notifications (tenant_id, id, user_id, severity, title, created_at) "
            "VALUES ($1, $2, $3, 'info', 'Late', $4)",
            [(tenant, one, user, NOW) for one in ids],
        )
    return ids[::-1]


async def pushed(api: Api, tenant: UUID) -> list[object]:
    async with api.engine.read() as conn:
        rows = await conn.fetch(
            "SELECT payload FROM outbox WHERE tenant_id = $1 AND topic = 'push' ORDER BY seq", tenant
        )
    return [row["payload"] for row in rows]


async def test_pages_and_the_number_of_unread(api: Api, tenant: r.NewAccount) -> None:
    ids = await arrived(api, tenant.tenant_id, tenant.user_id, 7)
    await arrived(api, tenant.tenant_id, uuid4(), 2)
    first, unread = await api.notifications.list(tenant.tenant_id, tenant.user_id, False, None, 4)
    second, _ = await api.notifications.list(tenant.tenant_id, tenant.user_id, False, first.next, 4)
    assert [n.id for n in (*first.items, *second.items)] == ids
    assert (unread, second.next) == (7, None)
    assert first.items[0] == r.Notification(ids[0], "info", "Late", "", None, None, NOW, None)


async def test_reading_one(api: Api, tenant: r.NewAccount) -> None:
    place, user = tenant.tenant_id, tenant.user_id
    ids = await arrived(api, place, user, 3)
    assert await api.notifications.read(place, user, ids[1], NOW) == 2
    assert await api.notifications.read(place, user, ids[1], NOW + timedelta(hours=1)) == 2
    page, unread = await api.notifications.list(place, user, True, None, 10)
    assert ([n.id for n in page.items], unread) == ([ids[0], ids[2]], 2)
    everything, _ = await api.notifications.list(place, user, False, None, 10)
    assert everything.items[1].read_at == NOW
    assert await pushed(api, place) == [
        {"channel": f"inbox:{place}.{user}", "data": {"read": str(ids[1]), "unread": 2}}
    ]


async def test_reading_all(api: Api, tenant: r.NewAccount) -> None:
    place, user = tenant.tenant_id, tenant.user_id
    await arrived(api, place, user, 3)
    await arrived(api, place, uuid4(), 1)
    assert await api.notifications.read_all(place, user, NOW) == 3
    assert await api.notifications.read_all(place, user, NOW) == 0
    assert await pushed(api, place) == [{"channel": f"inbox:{place}.{user}", "data": {"read": "all", "unread": 0}}]


async def test_other_inboxes_are_closed(api: Api, tenant: r.NewAccount) -> None:
    other = await new_tenant(api)
    (one,) = await arrived(api, tenant.tenant_id, tenant.user_id, 1)
    for place, user in ((tenant.tenant_id, other.user_id), (other.tenant_id, tenant.user_id)):
        with pytest.raises(NotFound):
            await api.notifications.read(place, user, one, NOW)
    assert await api.notifications.read(tenant.tenant_id, tenant.user_id, one, NOW) == 0
