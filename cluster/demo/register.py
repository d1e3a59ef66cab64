"""What each carrier's tenant gets: metrics, workflows, a connection to the incident desk, the delay model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from cluster.demo.client import CarrierClient
from models.learned.bundles import pack_folder

CONNECTION = "incident-desk"
_FOLDER = Path(__file__).parent / "workflows"
_ORIGIN = [{"name": "origin", "pointer": "/origin"}]
METRICS: dict[str, dict[str, Any]] = {
    "departure-delay": {
        "type": "nycflights.flight.departed",
        "value": "/delay",
        "dimensions": _ORIGIN,
        "unique": "/tail",
        "description": "Minutes between scheduled and real departure; uniques are aircraft",
    },
    "predicted-delay": {
        "type": "nycflights.flight.predicted",
        "value": "/minutes",
        "dimensions": _ORIGIN,
        "description": "Minutes that the model expects, 45 minutes before the scheduled time",
    },
    "cancelled-flights": {
        "type": "nycflights.flight.cancelled",
        "dimensions": _ORIGIN,
        "description": "Flights that did not leave",
    },
}


async def connect(client: CarrierClient, desk_url: str, desk_token: str) -> None:
    """Tells the tenant where the incident desk is in this run of the demo."""
    await client.put(
        f"/v1/connections/{CONNECTION}",
        {
            "base_url": desk_url,
            "auth": {"kind": "bearer", "token": desk_token},
            "quota": {"requests": 120, "per_seconds": 60},
            "breaker": {"failures": 20, "reset_seconds": 10},
        },
    )

async def register(client: CarrierClient, model: Path) -> None:
    """Puts metrics, model and workflows; what is there already stays as it is."""
    archive = await asyncio.to_thread(pack_folder, model)
    await client.send("POST", "/v1/models", content=archive, headers={"content-type": "application/zip"})
    for name, definition in METRICS.items():
        await client.put(f"/v1/metrics/{name}", definition)
    for file in sorted(_FOLDER.glob("*.yaml")):
        await client.put("/v1/workflows", file.read_text(), "application/yaml")
