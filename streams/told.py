"""Tells live channels about changed metric points, with their new totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from models.domain.events import format_time
from models.domain.metric_cells import shown
from models.domain.push import metrics_channel
from streams.caches import Definitions
from streams.ports import Change, Told

_POINTS_IN_A_MESSAGE = 200
_encode = msgspec.json.encode


def changed_points(changes: Sequence[Change], definitions: Definitions, shards: Mapping[UUID, int]) -> list[Told]:
    """One message for each tenant, or several when many points have changed."""
    points: dict[UUID, list[dict[str, Any]]] = {}
    for change in changes:
        points.setdefault(change.key.tenant, []).append(_point(change, definitions))
    return [
        Told(tenant, shards[tenant], _payload(tenant, some[begin : begin + _POINTS_IN_A_MESSAGE]))
        for tenant, some in points.items()
        for begin in range(0, len(some), _POINTS_IN_A_MESSAGE)
    ]


def _point(change: Change, definitions: Definitions) -> dict[str, Any]:
    key = change.key
    names = definitions.dimensions(key.tenant, key.metric)
    return {
        "metric": key.metric.partition("@")[0],
        "step": key.step,
        "start": format_time(datetime.fromtimestamp(key.start, UTC)),
        "dimensions": dict(zip(names, key.dimensions, strict=True)),
        **shown(change.cell),
    }


def _payload(tenant: UUID, points: Sequence[Mapping[str, Any]]) -> str:
    return _encode({"channel": metrics_channel(tenant), "data": {"points": points}}).decode()
