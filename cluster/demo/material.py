"""What the demo replays, made once: `python -m cluster.demo.material FOLDER`, in a process that ends after it.

The folder gets flights.npy (one record a departure), timeline.npy (when which of them says what), and delay_model/.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models.domain.errors import Unavailable
from models.learned.flights.features import NOTICE, feature_columns
from models.learned.flights.source import START, read_departures

FLIGHTS = "flights.npy"
TIMELINE = "timeline.npy"
MODEL = "delay_model"
MADE = "made.json"
# To be counted up whenever what is made changes.
_EDITION = 2
# A longer pause between two events, in minutes of the flights' own time, is cut down to this.
_LONGEST_PAUSE = 20.0
# A stormy week, in months that the model was not trained on.
_OPENING = datetime(2013, 12, 5, 5, tzinfo=UTC)


class Moment(IntEnum):
    """What a flight says."""

    BOARDING = 0
    DEPARTED = 1
    CANCELLED = 2


class Records(Protocol):
    """Records by their index; an array is one."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any) -> Any: ...


class RecordFile:
    """Records of a .npy file, read when they are asked for: a mapped file would count as our memory after a while."""

    def __init__(self, path: Path) -> None:
        self._path = path
        mapped = np.load(path, mmap_mode="r")
        self._dtype, self._offset, self._length = mapped.dtype, mapped.offset, len(mapped)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, key: slice | np.integer[Any]) -> Any:
        if not isinstance(key, slice):
            return self._read(int(key), 1)[0]
        start, stop, _ = key.indices(self._length)
        return self._read(start, max(0, stop - start))

    def _read(self, start: int, count: int) -> npt.NDArray[Any]:
        offset = self._offset + start * self._dtype.itemsize
        return np.fromfile(self._path, self._dtype, count, offset=offset)


@dataclass(frozen=True, slots=True)
class Material:
    """What is replayed.

    `timeline` has `at` (minutes of replayed time, pauses cut), `flight` (index) and `moment`, in order; `first` is
    where the replay begins.
    """

    flights: Records
    timeline: Records
    model: Path
    first: int

    def __len__(self) -> int:
        return len(self.timeline)


async def prepared(folder: Path) -> Material:
    """The material in the folder, made in a process of its own when it is not there yet."""
    if _kept(folder).get("edition") != _EDITION:
        made = await asyncio.create_subprocess_exec(sys.executable, "-m", "cluster.demo.material", str(folder))
        try:
            if await made.wait() != 0:
                raise Unavailable("The flights of the demo could not be prepared; the log says why.")
        finally:
            if made.returncode is None:
                made.kill()
                await made.wait()
    return open_material(folder)


def open_material(folder: Path) -> Material:
    """Opens what `make` wrote."""
    flights, timeline = RecordFile(folder / FLIGHTS), RecordFile(folder / TIMELINE)
    return Material(flights, timeline, folder / MODEL, _kept(folder)["first"])


def make(folder: Path) -> None:
    """Reads the flights, trains the model, writes all of it down; takes some 15 seconds and 500 MB."""
    from models.learned.flights.training import write_delay_model  # noqa: PLC0415 - scikit-learn, here only

    folder.mkdir(parents=True, exist_ok=True)
    departures = read_departures()
    columns = feature_columns(departures)
    plain = {
        "scheduled": departures.scheduled, "delay": departures.delay, "month": departures.month,
        "flight_number": departures.flight, "tail": departures.tail,
    }  # fmt: skip
    flights = as_records({**columns, **plain})
    _save(folder / FLIGHTS, flights)
    timeline = timeline_of(departures.scheduled, departures.delay)
    _save(folder / TIMELINE, timeline)
    write_delay_model(folder / MODEL, departures)
    opening = (_OPENING - START).total_seconds() / 60
    first = int(np.argmax(departures.scheduled[timeline["flight"]] >= opening))
    (folder / MADE).write_text(json.dumps({"edition": _EDITION, "first": first}))


def as_records(columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Columns of numbers and short ASCII texts as one array of records."""
    kinds = [(name, "S8" if column.dtype == object else "f4") for name, column in columns.items()]
    kinds = [(name, "f8" if name == "scheduled" else kind) for name, kind in kinds]
    records = np.empty(len(next(iter(columns.values()))), dtype=kinds)
    for name, column in columns.items():
        records[name] = column
    return records


def timeline_of(scheduled: npt.NDArray[Any], delay: npt.NDArray[Any], notice: float = NOTICE) -> npt.NDArray[Any]:
    """Each flight boards `notice` minutes before its time, and departs with its delay or is cancelled at its time."""
    index = np.arange(len(scheduled), dtype=np.uint32)
    left = np.isfinite(delay)
    times = np.concatenate([scheduled - notice, np.where(left, scheduled + np.nan_to_num(delay), scheduled)])
    ends = np.where(left, Moment.DEPARTED, Moment.CANCELLED)
    moments = np.concatenate([np.full(len(index), Moment.BOARDING), ends]).astype(np.uint8)
    order = np.argsort(times, kind="stable")
    found = np.empty(len(order), dtype=[("at", "f8"), ("flight", "u4"), ("moment", "u1")])
    pauses = np.minimum(np.diff(times[order], prepend=times[order[:1]]), _LONGEST_PAUSE)
    found["at"] = np.cumsum(pauses)
    found["flight"] = np.concatenate([index, index])[order]
    found["moment"] = moments[order]
    return found


def _save(path: Path, array: npt.NDArray[Any]) -> None:
    draft = path.with_suffix(".new")
    with draft.open("wb") as out:
        np.save(out, array)
    os.replace(draft, path)


def _kept(folder: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads((folder / MADE).read_text())
    except (OSError, ValueError):
        return {}
    return kept


if __name__ == "__main__":
    make(Path(sys.argv[1]))
