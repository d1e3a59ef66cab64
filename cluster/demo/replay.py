"""Sends the flights at a chosen speed, and goes on where it was after a restart."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from cluster.demo.desk import Ledger
from cluster.demo.material import Material, Moment, Records
from models.domain.clock import Clock
from models.domain.errors import Unavailable
from models.domain.events import format_time
from models.learned.flights.features import CATEGORIES, FEATURES
from models.learned.flights.source import START

_log = logging.getLogger("tidewire.demo")
_TICK = 0.5
_MOST = 500
_TYPES = {
    Moment.BOARDING: "nycflights.flight.boarding",
    Moment.DEPARTED: "nycflights.flight.departed",
    Moment.CANCELLED: "nycflights.flight.cancelled",
}


@dataclass(frozen=True, slots=True)
class Position:
    """The next event of the timeline, and how many times the year has been round."""

    next: int
    lap: int = 0


class PositionFile:
    """Where the replay is, on disk; a crash may repeat some events, which are known by their ids."""

    def __init__(self, file: Path, first: int) -> None:
        self._file = file
        self._first = first

    def read(self) -> Position:
        """The position kept, or the beginning."""
        try:
            kept = json.loads(self._file.read_text())
            return Position(int(kept["next"]), int(kept["lap"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Position(self._first)

    def write(self, position: Position) -> None:
        """All of it or nothing."""
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps({"next": position.next, "lap": position.lap}))
        os.replace(draft, self._file)


class Pace:
    """How far the timeline should be by now. After a pause of ours it goes on from there, without a rush."""

    def __init__(self, timeline: Records, speed: float, clock: Clock) -> None:
        self._timeline = timeline
        self._speed = speed
        self._clock = clock
        self._began = 0.0
        self._from = 0.0

    def restart(self, position: int) -> None:
        """Counts from this event, now."""
        self._began = self._clock.monotonic()
        self._from = float(self._timeline[position]["at"])

    def due(self, position: int, most: int) -> int:
        """The first event that is not due yet, at most `most` further on."""
        passed = (self._clock.monotonic() - self._began) * self._speed / 60
        window = self._timeline[position : position + most]["at"]
        return position + int(np.searchsorted(window, self._from + passed, "right"))


class Replay:
    """`send` takes a carrier's code and its events; it may raise Unavailable, then the same is sent again."""

    def __init__(
        self, material: Material, send: Callable[[str, Sequence[Mapping[str, Any]]], Any], positions: PositionFile,
        ledger: Ledger, speed: float, clock: Clock,
    ) -> None:  # fmt: skip
        self._material = material
        self._send = send
        self._positions = positions
        self._ledger = ledger
        self._clock = clock
        self._pace = Pace(material.timeline, speed, clock)

    async def run(self, stop: asyncio.Event) -> None:
        """Until it is asked to stop; the year begins anew after its end."""
        position = self._positions.read()
        if not 0 <= position.next < len(self._material):
            position = Position(0, position.lap + 1)
        self._pace.restart(position.next)
        while not stop.is_set():
            position = await self.run_once(position)
            try:
                await asyncio.wait_for(stop.wait(), _TICK)
            except TimeoutError:
                continue

    async def run_once(self, position: Position) -> Position:
        """Sends what is due; the new position, which is on disk."""
        until = self._pace.due(position.next, _MOST)
        if until == position.next:
            return position
        now = self._clock.now()
        said = self._said(position.next, until)
        events = _by_carrier(event_of(flight, moment, position.lap, now) for flight, moment in said)
        try:
            await asyncio.gather(*(self._send(carrier, some) for carrier, some in events.items()))
        except Unavailable as error:
            _log.info("waiting: %s", error.detail)
            self._pace.restart(position.next)
            return position
        self._count(said)
        new = Position(until, position.lap) if until < len(self._material) else Position(0, position.lap + 1)
        self._positions.write(new)
        if new.next == 0:
            self._pace.restart(0)
        return new

    def _said(self, start: int, end: int) -> list[tuple[Any, Moment]]:
        """Which flight says what in this stretch of the timeline; each is read from disk here, once."""
        flights = self._material.flights
        return [
            (flights[entry["flight"]], Moment(int(entry["moment"]))) for entry in self._material.timeline[start:end]
        ]

    def _count(self, said: Sequence[tuple[Any, Moment]]) -> None:
        for flight, moment in said:
            carrier = flight["carrier"].decode()
            if moment is Moment.DEPARTED:
                self._ledger.note(carrier, "departed", float(flight["delay"]))
            elif moment is Moment.CANCELLED:
                self._ledger.note(carrier, "cancelled")


def _by_carrier(events: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        found.setdefault(event["data"]["carrier"], []).append(event)
    return found


def event_of(flight: Any, moment: Moment, lap: int, now: datetime) -> dict[str, Any]:
    """What a flight says, as a CloudEvent of now; its id is the same whenever it is sent."""
    scheduled = START + timedelta(minutes=float(flight["scheduled"]))
    carrier, number, origin = (flight[name].decode() for name in ("carrier", "flight_number", "origin"))
    data: dict[str, Any] = {
        "flight": f"{carrier} {number}",
        "carrier": carrier,
        "origin": origin,
        "destination": flight["destination"].decode(),
        "tail": flight["tail"].decode(),
        "scheduled": scheduled.strftime("%Y-%m-%d %H:%M UTC"),
    }
    if moment is Moment.BOARDING:
        data["features"] = {name: _feature(flight[name], name) for name in FEATURES}
    elif moment is Moment.DEPARTED:
        data["delay"] = float(flight["delay"])
    return {
        "specversion": "1.0",
        "id": f"{carrier}{number}-{origin}-{scheduled:%Y%m%dT%H%M}-{moment.name.lower()}-{lap}",
        "source": f"/nycflights/{origin}",
        "type": _TYPES[moment],
        "subject": data["flight"],
        "time": format_time(now),
        "datacontenttype": "application/json",
        "data": data,
    }


def _feature(value: Any, name: str) -> Any:
    if name in CATEGORIES:
        return value.decode()
    return None if math.isnan(value) else round(float(value), 4)
