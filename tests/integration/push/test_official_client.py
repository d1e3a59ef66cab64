"""The official Python client of the Centrifuge protocol works with the gateway, through cuts, floods and wipes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from uuid import uuid4

import pytest
from centrifuge import ClientState, UnauthorizedError

from models.domain.authorization import Effect, Grant
from models.domain.push import inbox_channel, runs_channel
from serve.push.ports import Standing
from tests.integration.push.support import staged, subscribed, until
from tests.servers.valkey import ValkeyServer, running_valkey


async def test_publications_arrive_in_order(valkey: ValkeyServer) -> None:
    async with staged(valkey) as stage:
        client, _ = stage.client()
        _, notes = await subscribed(client, stage.runs)
        for number in range(50):
            await stage.publisher.publish(stage.runs, {"n": number})
        await notes.until(lambda: len(notes.data) >= 50)
        assert notes.data == [{"n": number} for number in range(50)]
        assert notes.offsets == list(range(1, 51))
        await client.disconnect()


async def test_what_was_missed_during_a_cut_is_recovered(valkey: ValkeyServer) -> None:
    async with staged(valkey) as stage:
        client, client_notes = stage.client()
        _, notes = await subscribed(client, stage.runs)
        await stage.publisher.publish(stage.runs, "one")
        await notes.until(lambda: notes.data == ["one"])
        await client.disconnect()
        await stage.publisher.publish(stage.runs, "two", "three")
        await client.connect()
        await notes.until(lambda: len(notes.data) >= 3)
        assert notes.data == ["one", "two", "three"]
        assert notes.offsets == [1, 2, 3]
        again = notes.subscribed[-1]
        assert (again.was_recovering, again.recovered) == (True, True)
        assert len(client_notes.connected) == 2
        await client.disconnect()


async def test_another_gateway_recovers_as_well(valkey: ValkeyServer) -> None:
    async with staged(valkey) as first:
        client, _ = first.client()
        _, notes = await subscribed(client, first.runs)
        await first.publisher.publish(first.runs, "one")
        await notes.until(lambda: notes.data == ["one"])
        async with staged(valkey) as second:
            second.doors.tokens = dict(first.doors.tokens)
            client._address = second.address
            await first.gateway.stop()
            await second.publisher.publish(first.runs, "two")
            await notes.until(lambda: len(notes.data) >= 2)
            assert notes.data == ["one", "two"]
            assert notes.subscribed[-1].recovered
            await client.disconnect()


async def test_a_wiped_log_is_told_as_not_recovered() -> None:
    with running_valkey() as own:
        async with staged(own) as stage:
            client, _ = stage.client()
            _, notes = await subscribed(client, stage.runs)
            await stage.publisher.publish(stage.runs, "one")
            await notes.until(lambda: notes.data == ["one"])
            await stage.redis.flushall()
            await notes.until(lambda: len(notes.subscribed) == 2)
            again = notes.subscribed[-1]
            assert (again.was_recovering, again.recovered) == (True, False)
            await stage.publisher.publish(stage.runs, "two")
            await notes.until(lambda: len(notes.data) >= 2)
            assert notes.data == ["one", "two"]
            await client.disconnect()


async def test_a_killed_valkey_is_told_as_not_recovered_and_goes_on() -> None:
    with running_valkey() as own:
        async with staged(own) as stage:
            client, _ = stage.client()
            _, notes = await subscribed(client, stage.runs)
            await stage.publisher.publish(stage.runs, "one")
            await notes.until(lambda: notes.data == ["one"])
            own.kill()
            own.start()
            await notes.until(lambda: len(notes.subscribed) == 2, 20)
            assert notes.subscribed[-1].recovered is False
            await stage.publisher.publish(stage.runs, "two")
            await notes.until(lambda: len(notes.data) >= 2)
            assert client.state is ClientState.CONNECTED
            await client.disconnect()


async def test_feed_connections_that_are_cut_lose_nothing(valkey: ValkeyServer) -> None:
    async with staged(valkey) as stage:
        client, _ = stage.client()
        _, notes = await subscribed(client, stage.runs)
        for number in range(30):
            await stage.publisher.publish(stage.runs, number)
            if number % 7 == 3:
                await stage.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await notes.until(lambda: len(notes.data) >= 30)
        assert notes.data == list(range(30))
        assert len(notes.subscribed) == 1
        await client.disconnect()


@pytest.mark.parametrize("kind", ["runs", "inbox"])
async def test_channels_of_others_are_refused(valkey: ValkeyServer, kind: str) -> None:
    async with staged(valkey) as mine, staged(valkey) as theirs:
        other = theirs.principal
        channel = runs_channel(other.tenant_id) if kind == "runs" else inbox_channel(other.tenant_id, other.user_id)
        client, _ = mine.client()
        _, notes = await subscribed(client, channel)
        assert notes.unsubscribed == [103]
        await theirs.publisher.publish(channel, "secret")
        _, own = await subscribed(client, mine.runs)
        await mine.publisher.publish(mine.runs, "own")
        await own.until(lambda: own.data)
        assert notes.data == []
        await client.disconnect()


# ---------------------------------------------------------------- tokens and sessions


async def test_a_wrong_token_is_final(valkey: ValkeyServer) -> None:
    async with staged(valkey) as stage:
        client, notes = stage.client("forged")
        await client.connect()
        await notes.until(lambda: notes.disconnected)
        assert notes.disconnected == [(3500, "invalid token")]


async def test_an_expired_token_is_replaced(valkey: ValkeyServer) -> None:
    async def fresh() -> str:
        return "anna"

    async with staged(valkey) as stage:
        client, notes = stage.client("expired", get_token=fresh)
        await client.connect()
        await notes.until(lambda: notes.connected)
        assert notes.disconnected == []
        await client.disconnect()


async def test_a_connection_outlives_its_first_token(valkey: ValkeyServer) -> None:
    asked = 0

    async def fresh() -> str:
        nonlocal asked
        asked += 1
        return "anna"

    async with staged(valkey, expiry_grace=0) as stage:
        stage.doors.tokens["short"] = (stage.principal, 1.2)
        client, notes = stage.client("short", get_token=fresh)
        _, subscription = await subscribed(client, stage.runs)
        await asyncio.sleep(2.5)
        assert asked == 1
        assert len(notes.connected) == 1
        await stage.publisher.publish(stage.runs, "still here")
        await subscription.until(lambda: subscription.data)
        await client.disconnect()


async def test_a_connection_that_is_not_refreshed_expires(valkey: ValkeyServer) -> None:
    async with staged(valkey, expiry_grace=0) as stage:
        stage.doors.tokens["short"] = (stage.principal, 0.5)
        client, notes = stage.client("short")
        await client.connect()
        await notes.until(lambda: (3005, "connection expired") in notes.connecting, 4)
        await client.disconnect()


async def test_a_session_that_ends_is_disconnected_within_a_second(valkey: ValkeyServer) -> None:
    async with staged(valkey, session_check_interval=0.5) as stage:
        client, notes = stage.client()
        await subscribed(client, stage.runs)
        begun = time.monotonic()
        stage.doors.fallen[stage.principal] = Standing.OVER
        await notes.until(lambda: notes.disconnected)
        assert time.monotonic() - begun < 1.0
        assert notes.disconnected == [(3503, "force disconnect")]
        # The token is valid for minutes, but not for this session any more.
        again, refused = stage.client()
        await again.connect()
        await refused.until(lambda: refused.disconnected)
        assert refused.disconnected == [(3500, "invalid token")]


async def test_a_changed_role_comes_back_with_a_new_token(valkey: ValkeyServer) -> None:
    async def fresh() -> str:
        return "promoted"

    async with staged(valkey) as stage:
        stage.doors.tokens["promoted"] = (replace(stage.principal, role="editor"), 300)
        client, notes = stage.client(get_token=fresh)
        _, subscription = await subscribed(client, stage.runs)
        stage.doors.fallen[stage.principal] = Standing.CHANGED
        await subscription.until(lambda: len(subscription.subscribed) == 2)
        assert (3014, "state invalidated") in notes.connecting
        await stage.publisher.publish(stage.runs, "seen")
        await subscription.until(lambda: subscription.data == ["seen"])
        await client.disconnect()


async def test_a_grant_takes_and_gives_channels_of_open_sockets_within_a_second(valkey: ValkeyServer) -> None:
    async with staged(valkey, session_check_interval=0.5) as stage:
        client, notes = stage.client()
        _, subscription = await subscribed(client, stage.runs)
        begun = time.monotonic()
        hidden = Grant(uuid4(), "role", "viewer", Effect.DENY, "run:read", "workflow", "ops/secret")
        stage.doors.grants, stage.doors.version = [hidden], 1
        await subscription.until(lambda: subscription.unsubscribed)
        assert time.monotonic() - begun < 1.0
        assert notes.disconnected == []
        again, _ = stage.client()
        _, refused = await subscribed(again, stage.runs)
        assert refused.unsubscribed == [103]
        stage.doors.gone.add(stage.principal)
        third, gone = stage.client()
        await third.connect()
        await gone.until(lambda: gone.disconnected)
        for one in (client, again, third):
            await one.disconnect()


async def test_a_client_without_a_token_is_unauthorized(valkey: ValkeyServer) -> None:
    async def none() -> str:
        raise UnauthorizedError

    async with staged(valkey) as stage:
        client, notes = stage.client("", get_token=none)
        await client.connect()
        await notes.until(lambda: notes.disconnected)


async def test_sockets_of_a_user_are_limited(valkey: ValkeyServer) -> None:
    async with staged(valkey, limits={"max_sockets_per_user": 2}) as stage:
        clients = [stage.client() for _ in range(3)]
        for client, notes in clients:
            await client.connect()
            await notes.until(lambda notes=notes: notes.connected or notes.disconnected)
        assert clients[2][1].disconnected == [(3504, "connection limit")]
        await clients[0][0].disconnect()
        await until(lambda: stage.gateway.stats()["sockets"] == 1)
        client, notes = stage.client()
        await client.connect()
        await notes.until(lambda: notes.connected)
        for each, _ in [*clients, (client, notes)]:
            await each.disconnect()


async def test_a_gateway_that_stops_sends_clients_elsewhere(valkey: ValkeyServer) -> None:
    async with staged(valkey) as stage:
        client, notes = stage.client()
        await client.connect()
        await notes.until(lambda: notes.connected)
        await stage.gateway.stop()
        await notes.until(lambda: (3001, "shutdown") in notes.connecting)
        await client.disconnect()


async def test_history_of_a_channel(valkey: ValkeyServer) -> None:
    async with staged(valkey) as stage:
        await stage.publisher.publish(stage.runs, "a", "b", "c")
        client, _ = stage.client()
        subscription, _ = await subscribed(client, stage.runs)
        found = await subscription.history(limit=2, reverse=True)
        assert [p.data for p in found.publications] == ["c", "b"]
        assert found.offset == 3
        await client.disconnect()
