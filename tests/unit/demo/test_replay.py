"""The replay: each flight says what it should, when it should, and goes on after any stop where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cluster.demo.desk import Ledger
from cluster.demo.material import Material, Moment, RecordFile, as_records, timeline_of
from cluster.demo.replay import Pace, Position, PositionFile, Replay, event_of
from models.domain.clock import ManualClock
from models.domain.errors import Unavailable
from models.domain.events import parse_event
from models.learned.flights.features import CATEGORIES, FEATURES

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def material(scheduled: Sequence[float], delay: Sequence[float], folder: Path = Path()) -> Material:
    count = len(scheduled)
    texts, numbers = np.array(["UA"] * count, dtype=object), np.full(count, 1.25)
    columns: dict[str, Any] = {name: texts if name in CATEGORIES else numbers for name in FEATURES}
    columns |= {
        "scheduled": np.array(scheduled, dtype=np.float64), "delay": np.array(delay, dtype=np.float64),
        "month": np.full(count, 1.0), "flight_number": np.array([str(n) for n in range(count)], dtype=object),
        "tail": np.array(["N1"] * count, dtype=object),
    }  # fmt: skip
    timeline = timeline_of(columns["scheduled"], columns["delay"])
    return Material(as_records(columns), timeline, folder, 0)


class Receiver:
    """Notes what is sent; away for as long as it is told."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.away = False
        self.got = asyncio.Event()

    async def __call__(self, carrier: str, events: Sequence[Mapping[str, Any]]) -> None:
        if self.away:
            raise Unavailable
        self.events += events
        self.got.set()

    def said(self) -> list[str]:
        return [f"{event['data']['flight'][3:]} {event['type'].rpartition('.')[2]}" for event in self.events]


def replay(stuff: Material, receiver: Receiver, file: Path, clock: ManualClock, speed: float = 60.0) -> Replay:
    made = Replay(stuff, receiver, PositionFile(file, stuff.first), Ledger(), speed, clock)
    made._pace.restart(PositionFile(file, stuff.first).read().next)
    return made


def test_the_timeline_is_in_order_and_long_pauses_are_cut() -> None:
    stuff = material([100, 110, 600], [5, float("nan"), 0])
    said = [(int(one["flight"]), Moment(int(one["moment"]))) for one in stuff.timeline[:]]
    assert said == [
        (0, Moment.BOARDING), (1, Moment.BOARDING), (0, Moment.DEPARTED), (1, Moment.CANCELLED),
        (2, Moment.BOARDING), (2, Moment.DEPARTED),
    ]  # fmt: skip
    assert np.diff(stuff.timeline["at"]).tolist() == [10, 20, 5, 20, 20]


def test_records_of_a_file_are_those_of_the_array(tmp_path: Path) -> None:
    array = material([100, 110, 600], [5, float("nan"), 0]).timeline
    np.save(tmp_path / "records.npy", array)
    records = RecordFile(tmp_path / "records.npy")
    assert len(records) == 6
    assert [records[index] for index in range(6)] == list(array[:])
    for part in (slice(None), slice(2, 4), slice(4, 100), slice(9, 12)):
        assert records[part].tolist() == array[part].tolist()


def test_events_are_cloud_events_with_ids_of_their_own() -> None:
    stuff = material([100, 110], [5, float("nan")])
    made = [
        event_of(stuff.flights[entry["flight"]], Moment(int(entry["moment"])), lap, NOW)
        for lap in (0, 1) for entry in stuff.timeline[:]
    ]  # fmt: skip
    assert len({event["id"] for event in made}) == 8
    for event in made:
        assert parse_event(event, NOW).envelope["time"].startswith("2026-11-24T10:00:00")
    boarding, departed = made[0], made[2]
    assert list(boarding["data"]["features"]) == list(FEATURES)
    assert "delay" not in boarding["data"]
    assert departed["data"]["delay"] == 5.0
    assert departed["data"]["scheduled"] == "2013-01-01 01:40 UTC"


def test_what_is_missing_is_null() -> None:
    stuff = material([100], [0])
    stuff.flights["temp"] = np.nan
    assert event_of(stuff.flights[0], Moment.BOARDING, 0, NOW)["data"]["features"]["temp"] is None


def test_the_pace_follows_the_clock_and_does_not_rush_after_a_pause() -> None:
    clock = ManualClock()
    pace = Pace(np.array([(0.0,), (1.0,), (2.0,), (10.0,)], dtype=[("at", "f8")]), 60.0, clock)
    pace.restart(0)
    assert pace.due(0, 10) == 1
    clock.advance(2)
    assert pace.due(1, 10) == 3
    assert pace.due(0, 2) == 2
    clock.advance(1000)
    pace.restart(3)
    assert pace.due(3, 10) == 4


async def test_what_is_due_is_sent_and_the_place_is_kept(tmp_path: Path) -> None:
    clock, receiver, file = ManualClock(), Receiver(), tmp_path / "position.json"
    stuff = material([100, 110], [5, float("nan")])
    first = replay(stuff, receiver, file, clock)
    position = await first.run_once(Position(0))
    clock.advance(12)
    position = await first.run_once(position)
    assert receiver.said() == ["0 boarding", "1 boarding"]
    assert PositionFile(file, 0).read() == position == Position(2)
    second = replay(stuff, receiver, file, clock)
    clock.advance(100)
    position = await second.run_once(position)
    assert receiver.said() == ["0 boarding", "1 boarding", "0 departed", "1 cancelled"]
    assert position == Position(0, 1)
    assert second._ledger.summary("UA") == {
        "departures": 1, "late": 0, "average_delay": 5.0, "cancelled": 1, "incidents": 0,
    }  # fmt: skip


async def test_while_the_api_is_away_nothing_is_skipped(tmp_path: Path) -> None:
    clock, receiver, file = ManualClock(), Receiver(), tmp_path / "position.json"
    running = replay(material([100, 110], [5, 5]), receiver, file, clock)
    receiver.away = True
    clock.advance(1000)
    assert await running.run_once(Position(0)) == Position(0)
    assert not file.exists()
    receiver.away = False
    position = await running.run_once(Position(0))
    # It goes on at its pace, not with all that was missed at once.
    assert receiver.said() == ["0 boarding"]
    assert position == Position(1)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"next": "x"}', "null"])
def test_a_broken_position_is_the_beginning(tmp_path: Path, text: str) -> None:
    file = tmp_path / "position.json"
    file.write_text(text)
    assert PositionFile(file, 7).read() == Position(7)


async def test_a_stop_ends_it_and_a_place_past_the_end_begins_anew(tmp_path: Path) -> None:
    clock, receiver, file = ManualClock(), Receiver(), tmp_path / "position.json"
    PositionFile(file, 0).write(Position(99, 2))
    running = replay(material([100], [5]), receiver, tmp_path / "other", clock)
    running._positions = PositionFile(file, 0)
    stop = asyncio.Event()
    task = asyncio.create_task(running.run(stop))
    await asyncio.wait_for(receiver.got.wait(), 5)
    stop.set()
    await asyncio.wait_for(task, 5)
    assert receiver.events[0]["id"].endswith("-3")
