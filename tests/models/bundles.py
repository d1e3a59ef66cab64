"""Small model bundles, made as a data scientist makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

from models.learned.predictor import write_folder


def write_model_folder(folder: Path, name: str = "doubler", version: str = "1.0.0", factor: float = 2.0) -> Path:
    """A bundle folder of a model that multiplies its input `x` (FP64, [-1, 1]) by the factor; its output is `y`."""
    rows = np.arange(8.0).reshape(-1, 1)
    pipeline = LinearRegression(fit_intercept=False).fit(rows, factor * rows.ravel())
    # The fit is right to fifteen digits; tests want all of them.
    pipeline.coef_ = np.array([factor])
    return write_folder(
        folder,
        pipeline,
        name=name,
        version=version,
        description=f"Multiplies by {factor:g}",
        inputs=[{"name": "x", "datatype": "FP64", "shape": [-1, 1]}],
        outputs=[{"name": "y", "datatype": "FP64", "shape": [-1]}],
        metrics={"mae": 0.0},
        training={"data": "eight rows made up for the test"},
        example={"x": 3.0},
    )
