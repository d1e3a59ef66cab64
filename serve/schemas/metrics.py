"""Bodies of the metric routes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from serve.schemas.common import Name, Reply, Request, Time

Pointer = Annotated[str, Field(max_length=500, pattern=r"^(/([^/~]|~[01])*)*$", examples=["/delay"])]


class Dimension(Request):
    """A value of the event's data to group by."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$", examples=["airport"])]
    pointer: Pointer


class MetricRequest(Request):
    """What to count: events of a type, a value in their data, values to group by, a value to count uniques of."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "com.example.flight.departed",
                "value": "/delay",
                "dimensions": [{"name": "airport", "pointer": "/origin"}],
                "unique": "/tailnum",
                "description": "Departure delay in minutes",
            }
        }
    )

    type: Annotated[str, Field(min_length=1, max_length=1024)]
    value: Pointer | None = None
    dimensions: Annotated[list[Dimension], Field(max_length=4)] = Field(default_factory=list)
    unique: Pointer | None = None
    description: Annotated[str, Field(max_length=500)] = ""


class Metric(Reply):
    """A metric of the tenant; built-in ones come with every tenant."""

    name: Name
    type: str
    value: str | None
    dimensions: list[Dimension]
    unique: str | None
    description: str
    built_in: bool


class Metrics(Reply):
    """All metrics of the tenant."""

    items: list[Metric]
    next: None = None


class Point(Reply):
    """One window; percentiles are within 1 %, uniques exact below 1,024 and within some 3 % above."""

    start: Time
    count: int
    sum: float
    min: float | None
    max: float | None
    avg: float | None
    p50: float | None
    p90: float | None
    p99: float | None
    uniques: int | None


class Series(Reply):
    """The points of one combination of dimension values, oldest first."""

    dimensions: dict[str, str]
    points: list[Point]


class MetricSeries(Reply):
    """What happened in a span of time."""

    metric: str
    step: Literal[10, 60, 3600]
    series: list[Series]
