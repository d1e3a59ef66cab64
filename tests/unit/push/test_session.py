"""One client: connecting, subscribing, refreshing, and everything it may get wrong."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.domain.push import inbox_channel, metrics_channel, runs_channel
from serve.push import codes
from tests.unit.push.fakes import ANNA, OTHER_TENANT, RUNS, TENANT, Bench, ask, make_bench

# ---------------------------------------------------------------- connecting


async def test_a_client_connects_and_is_told_how_long(bench: Bench) -> None:
    session, wire = await bench.session(None)
    reply = await ask(session, wire, connect={"token": "anna", "name": "js"})
    connect = reply["connect"]
    assert connect["client"]
    assert (connect["expires"], connect["ttl"], connect["ping"], connect["pong"]) == (True, 300, 25, True)
    assert session.principal == ANNA


@pytest.mark.parametrize(("token", "code"), [("", codes.UNAUTHORIZED.code), ("expired", codes.TOKEN_EXPIRED.code)])
async def test_a_token_that_can_be_renewed_is_an_error(bench: Bench, token: str, code: int) -> None:
    session, wire = await bench.session(None)
    reply = await ask(session, wire, connect={"token": token})
    assert reply["error"]["code"] == code
    assert wire.closed is None
    assert session.principal is None


async def test_a_wrong_token_ends_it(bench: Bench) -> None:
    _, wire = await bench.session("forged")
    assert wire.closed == codes.INVALID_TOKEN


async def test_too_many_sockets_of_a_user(bench: Bench) -> None:
    bench.door.full = True
    _, wire = await bench.session("anna")
    assert wire.closed == codes.CONNECTION_LIMIT


@pytest.mark.parametrize(
    "message",
    [
        "", " ", "\n", "x", "[]", "1", '"x"', "null", '{"id":', '{"id":-1,"ping":{}}', '{"id":4294967296,"ping":{}}',
        '{"id":"1","ping":{}}', '{"id":1.5,"ping":{}}', '{"id":1,"subscribe":{}}', '{"id":1,"subscribe":{"channel":5}}',
        '{"id":1,"subscribe":{"channel":"x","offset":-1}}', '{"id":1,"subscribe":[]}',
        '{"id":1,"connect":{"token":7}}',
        '{"id":1,"connect":{"token":"anna"}}', '{"ping":{}}', '{"id":1,"subscribe":{"channel":"' + "x" * 256 + '"}}',
        '{"id":1,"ping":{}}\n{', b"\xff", "\ud800", "[" * 5000, '{"id":1,"history":{"channel":1}}',
        "\n".join(['{"id":1,"ping":{}}'] * 257),
    ],
)  # fmt: skip
async def test_malformed_frames_end_it(bench: Bench, message: str | bytes) -> None:
    session, wire = await bench.session()
    await session.handle(message)
    assert wire.closed == codes.BAD_FRAME
    assert session.closed


@pytest.mark.parametrize("command", [{"ping": {}}, {"subscribe": {"channel": RUNS}}, {"refresh": {"token": "anna"}}])
async def test_nothing_comes_before_connect(bench: Bench, command: dict[str, Any]) -> None:
    session, wire = await bench.session(None)
    await session.handle(json.dumps({"id": 1, **command}))
    assert wire.closed == codes.BAD_FRAME


_FRAMES = st.lists(
    st.sampled_from(
        ["{}", '{"id":1,"ping":{}}', '{"id":2,"unsubscribe":{"channel":"x"}}',
         '{"id":3,"rpc":{}}', '{"id":4}', "{", '{"send":{}}',
         json.dumps({"id": 5, "subscribe": {"channel": RUNS, "recover": True, "offset": 3, "epoch": "e"}}),
         json.dumps({"id": 6, "history": {"channel": RUNS, "limit": -1}}), '{"id":7,"refresh":{"token":"x"}}']
    ) | st.text(max_size=8),
    max_size=6,
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_FRAMES)
async def test_any_frame_is_answered_or_ends_it(lines: list[str]) -> None:
    bench = make_bench()
    try:
        session, wire = await bench.session()
        await session.handle("\n".join(lines))
        for message in wire.messages:
            assert message.keys() & {"id", "push"} or message == {}
    finally:
        await bench.close()


# ---------------------------------------------------------------- commands


async def test_several_commands_are_answered_in_one_frame(bench: Bench) -> None:
    session, wire = await bench.session()
    frames = wire.frames
    await session.handle('{"id":2,"ping":{}}\n{"id":3,"ping":{}}\n')
    assert wire.take() == [{"id": 2, "ping": {}}, {"id": 3, "ping": {}}]
    assert wire.frames == frames + 1


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ({"publish": {"channel": RUNS, "data": 1}}, codes.PERMISSION_DENIED),
        ({"rpc": {"method": "x"}}, codes.NOT_AVAILABLE),
        ({"presence": {"channel": RUNS}}, codes.NOT_AVAILABLE),
        ({"presence_stats": {"channel": RUNS}}, codes.NOT_AVAILABLE),
        ({"sub_refresh": {"channel": RUNS}}, codes.NOT_AVAILABLE),
        ({"something": {}}, codes.METHOD_NOT_FOUND),
    ],
)
async def test_what_is_not_offered_is_an_error(bench: Bench, command: dict[str, Any], error: codes.ReplyError) -> None:
    session, wire = await bench.session()
    assert (await ask(session, wire, **command))["error"]["code"] == error.code


async def test_send_has_no_reply_and_so_it_ends_it(bench: Bench) -> None:
    session, wire = await bench.session()
    await session.handle('{"send":{"data":1}}')
    assert wire.closed == codes.SEND_NOT_AVAILABLE


async def test_commands_a_second_are_limited() -> None:
    bench = make_bench(max_commands_per_second=5)
    session, wire = await bench.session()
    for _ in range(4):
        await session.handle('{"id":2,"ping":{}}')
    assert wire.closed is None
    bench.clock.advance(1)
    for _ in range(5):
        await session.handle('{"id":2,"ping":{}}')
    assert wire.closed is None
    await session.handle('{"id":2,"ping":{}}')
    assert wire.closed == codes.TOO_MANY_REQUESTS
    await bench.close()


# ---------------------------------------------------------------- channels


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        (runs_channel(OTHER_TENANT), codes.PERMISSION_DENIED),
        (metrics_channel(OTHER_TENANT), codes.PERMISSION_DENIED),
        (inbox_channel(TENANT, OTHER_TENANT), codes.PERMISSION_DENIED),
        (inbox_channel(OTHER_TENANT, ANNA.user_id), codes.PERMISSION_DENIED),
        (f"inbox:{TENANT}", codes.PERMISSION_DENIED),
        (f"runs:{str(TENANT).upper()[:-1]}X", codes.PERMISSION_DENIED),
        (f"runs:{TENANT}.{ANNA.user_id}", codes.PERMISSION_DENIED),
        (f" runs:{TENANT}", codes.UNKNOWN_CHANNEL),
        (f"journal:{TENANT}", codes.UNKNOWN_CHANNEL),
        ("", codes.UNKNOWN_CHANNEL),
        ("runs", codes.PERMISSION_DENIED),
    ],
)
@pytest.mark.parametrize("command", ["subscribe", "history"])
async def test_channels_of_others_are_refused(
    bench: Bench, channel: str, error: codes.ReplyError, command: str
) -> None:
    session, wire = await bench.session()
    assert (await ask(session, wire, **{command: {"channel": channel}}))["error"]["code"] == error.code
    assert bench.log.reads == 0


@pytest.mark.parametrize("channel", [RUNS, metrics_channel(TENANT), inbox_channel(TENANT, ANNA.user_id)])
async def test_own_channels_are_given(bench: Bench, channel: str) -> None:
    _, _, reply = await bench.subscribed(channel)
    assert reply["subscribe"] == {"recoverable": True, "positioned": True, "epoch": "e1", "offset": 0}


async def test_a_role_that_may_do_nothing_gets_nothing(bench: Bench) -> None:
    bench.door.known["anna"] = replace(ANNA, role="stranger")
    _, _, reply = await bench.subscribed()
    assert reply["error"]["code"] == codes.PERMISSION_DENIED.code


async def test_a_channel_is_subscribed_once(bench: Bench) -> None:
    session, wire, _ = await bench.subscribed()
    reply = await ask(session, wire, subscribe={"channel": RUNS})
    assert reply["error"]["code"] == codes.ALREADY_SUBSCRIBED.code


async def test_channels_of_a_socket_are_limited() -> None:
    bench = make_bench(limits={"max_channels_per_socket": 1})
    session, wire, _ = await bench.subscribed()
    reply = await ask(session, wire, subscribe={"channel": metrics_channel(TENANT)})
    assert reply["error"]["code"] == codes.LIMIT_EXCEEDED.code
    await bench.close()


async def test_publications_come_and_stop_after_unsubscribe(bench: Bench) -> None:
    session, wire, _ = await bench.subscribed()
    bench.log.publish(RUNS, {"n": 1}, {"n": 2})
    await bench.settle()
    assert [m["push"]["pub"] for m in wire.take()] == [{"data": {"n": 1}, "offset": 1}, {"data": {"n": 2}, "offset": 2}]
    assert await ask(session, wire, unsubscribe={"channel": RUNS}) == {"id": 7, "unsubscribe": {}}
    bench.log.publish(RUNS, {"n": 3})
    await bench.settle()
    assert wire.take() == []
    assert bench.hub.channels == 0


async def test_newlines_in_data_do_not_break_the_frame(bench: Bench) -> None:
    _, wire, _ = await bench.subscribed()
    (told,) = bench.log.publish(RUNS, 1, tell=False)
    item = replace(told, publication=replace(told.publication, data=b'{"a":\n 1,\n "b": "x\\ny"}'))
    bench.hub.apply([item])
    assert [m["push"]["pub"]["data"] for m in wire.take()] == [{"a": 1, "b": "x\ny"}]


async def test_a_log_that_is_away_is_a_temporary_error() -> None:
    bench = make_bench(join_timeout=0.01)
    bench.log.away = True
    _, _, reply = await bench.subscribed()
    assert reply["error"] == {"code": 100, "message": "internal server error", "temporary": True}
    await bench.close()


async def test_a_socket_that_closes_while_it_subscribes_is_forgotten(bench: Bench) -> None:
    session, wire = await bench.session()
    bench.log.gate.clear()
    asking = asyncio.create_task(session.handle(json.dumps({"id": 2, "subscribe": {"channel": RUNS}})))
    await asyncio.sleep(0)
    session.leave_all()
    bench.log.gate.set()
    await asking
    await bench.hub.check_positions()
    assert bench.hub.channels == 0
    assert wire.take() == []


# ---------------------------------------------------------------- recovery


async def test_a_client_gets_exactly_what_it_missed(bench: Bench) -> None:
    _, _, first = await bench.subscribed()
    epoch = first["subscribe"]["epoch"]
    bench.log.publish(RUNS, "a", "b", "c")
    await bench.settle()
    _, _, reply = await bench.subscribed(recover=True, epoch=epoch, offset=1)
    result = reply["subscribe"]
    assert (result["was_recovering"], result["recovered"], result["offset"]) == (True, True, 3)
    assert result["publications"] == [{"data": "b", "offset": 2}, {"data": "c", "offset": 3}]


@pytest.mark.parametrize(("epoch", "offset"), [("another", 3), ("e1", 9)], ids=["of another epoch", "beyond the end"])
async def test_a_position_that_cannot_be_recovered_is_told(bench: Bench, epoch: str, offset: int) -> None:
    bench.log.publish(RUNS, "a", "b", "c")
    _, _, reply = await bench.subscribed(recover=True, epoch=epoch, offset=offset)
    result = reply["subscribe"]
    assert (result["was_recovering"], result["recovered"], result["publications"]) == (True, False, [])
    assert (result["epoch"], result["offset"]) == ("e1", 3)


async def test_a_client_may_ask_to_be_refused_instead(bench: Bench) -> None:
    bench.log.publish(RUNS, "a")
    session, _, reply = await bench.subscribed(recover=True, epoch="another", offset=1, flag=2)
    assert reply["error"]["code"] == codes.UNRECOVERABLE_POSITION.code
    assert session.subscriptions == set()


# ---------------------------------------------------------------- refresh and time


async def test_a_new_token_makes_the_connection_last(bench: Bench) -> None:
    session, wire = await bench.session()
    before = session.expires_at
    bench.clock.advance(200)
    reply = await ask(session, wire, refresh={"token": "anna"})
    assert reply["refresh"]["ttl"] == 300
    assert session.expires_at == before + 200


@pytest.mark.parametrize(
    ("token", "why"),
    [("", codes.BAD_FRAME), ("forged", codes.INVALID_TOKEN), ("ben", codes.INVALID_TOKEN), ("expired", codes.EXPIRED)],
)
async def test_a_token_that_is_no_good_ends_it(bench: Bench, token: str, why: codes.Disconnect) -> None:
    session, wire = await bench.session()
    await session.handle(json.dumps({"id": 2, "refresh": {"token": token}}))
    assert wire.closed == why


async def test_a_smaller_role_loses_its_channels(bench: Bench) -> None:
    session, wire, _ = await bench.subscribed()
    bench.door.known["anna"] = replace(ANNA, role="stranger")
    await session.handle('{"id":2,"refresh":{"token":"anna"}}')
    told = wire.take()
    assert {"push": {"channel": RUNS, "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}} in told
    assert bench.hub.channels == 0


async def test_a_pong_behind_slow_commands_is_not_late(bench: Bench) -> None:
    session, _ = await bench.session()
    session.pinged_at = bench.clock.monotonic()
    bench.log.gate.clear()
    asking = asyncio.create_task(session.handle(json.dumps({"id": 2, "subscribe": {"channel": RUNS}})))
    await asyncio.sleep(0)
    bench.clock.advance(60)
    assert session.busy
    bench.log.gate.set()
    await asking
    assert not session.busy
    assert session.pinged_at == bench.clock.monotonic()
    await session.handle("{}")
    assert session.pinged_at is None


async def test_what_waits_is_written_before_the_connection_ends(bench: Bench) -> None:
    session, wire = await bench.session()
    await session.handle('{"id":2,"ping":{}}\n{"send":{}}')
    assert wire.take() == [{"id": 2, "ping": {}}]
    assert wire.closed == codes.SEND_NOT_AVAILABLE


# ---------------------------------------------------------------- history


@pytest.mark.parametrize(
    ("request_", "offsets"),
    [
        ({}, []),
        ({"limit": 2}, [1, 2]),
        ({"limit": -1}, [1, 2, 3, 4, 5]),
        ({"limit": 2, "reverse": True}, [5, 4]),
        ({"limit": 2, "since": {"offset": 2, "epoch": "e1"}}, [3, 4]),
        ({"limit": 2, "since": {"offset": 4, "epoch": "e1"}, "reverse": True}, [3, 2]),
        ({"limit": 9, "since": {"offset": 5, "epoch": "e1"}}, []),
        ({"limit": 0, "since": {"offset": 2, "epoch": "e1"}}, []),
    ],
)
async def test_history(bench: Bench, request_: dict[str, Any], offsets: list[int]) -> None:
    bench.log.publish(RUNS, *"abcde")
    session, wire = await bench.session()
    reply = await ask(session, wire, history={"channel": RUNS, **request_})
    assert [p["offset"] for p in reply["history"]["publications"]] == offsets
    assert (reply["history"]["offset"], reply["history"]["epoch"]) == (5, "e1")


@pytest.mark.parametrize("since", [{"offset": 1, "epoch": "e0"}, {"offset": 1, "epoch": "e1"}])
@pytest.mark.parametrize("keep", [0, 2])
async def test_history_that_is_gone_is_told(bench: Bench, since: dict[str, Any], keep: int) -> None:
    bench.log.publish(RUNS, *"abcde")
    bench.log.trim(RUNS, keep)
    session, wire = await bench.session()
    reply = await ask(session, wire, history={"channel": RUNS, "limit": 9, "since": since})
    assert reply["error"]["code"] == codes.UNRECOVERABLE_POSITION.code


async def test_history_never_fills_the_socket() -> None:
    bench = make_bench(limits={"max_socket_queue_bytes": 100})
    bench.log.publish(RUNS, *("x" * 20 for _ in range(9)))
    session, wire = await bench.session()
    reply = await ask(session, wire, history={"channel": RUNS, "limit": 9})
    assert len(reply["history"]["publications"]) == 2
    await bench.close()
