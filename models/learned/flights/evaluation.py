"""How good predictions of delays are, each figure beside what needs no model at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from models.learned.flights.source import Numbers

LATE_MINUTES = 15.0
_THRESHOLD = 0.5
_WARNING = 0.3


def evaluate(actual: Numbers, minutes: Numbers, probability: Numbers, trained_on: Numbers) -> dict[str, Any]:
    """Figures over held-out departures. `actual` and `minutes` are delays in minutes, `probability` is that of late.

    The baselines know the delays that training saw (`trained_on`) and nothing of the flight: they always tell the
    median delay, and call every flight late.
    """
    late = actual > LATE_MINUTES
    return {
        "held_out_departures": len(actual),
        "mae_minutes": _rounded(np.abs(actual - minutes).mean()),
        "mae_minutes_of_median": _rounded(np.abs(actual - np.median(trained_on)).mean()),
        "mae_minutes_of_mean": _rounded(np.abs(actual - trained_on.mean()).mean()),
        "late_after_minutes": LATE_MINUTES,
        "late_base_rate": _rounded(late.mean()),
        "late_auc": _rounded(roc_auc_score(late, probability)),
        "late_auc_of_base_rate": 0.5,
        "late_at_probability_0.5": _at(late, probability, _THRESHOLD),
        "late_at_probability_0.3": _at(late, probability, _WARNING),
    }


def _at(late: Any, probability: Numbers, threshold: float) -> dict[str, float]:
    called = probability >= threshold
    hits = float((called & late).sum())
    return {
        "precision": _rounded(hits / max(1, called.sum())),
        "recall": _rounded(hits / max(1, late.sum())),
        "called_late": _rounded(called.mean()),
    }


def _rounded(value: Any) -> float:
    return round(float(value), 4)
