"""Settings of a streams worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """Times in seconds.

    `servers` is host:port, several by commas. `slot` tells workers of one group apart and stays the same over
    restarts. `fetch_wait`: how long a broker may hold a fetch that finds nothing. A partition from which nothing was
    heard for `silence` is read from the log itself, by a worker that it belonged to at once, by any other when it has
    not moved for `abandoned`. Records that came together are folded in one transaction of `batch_rows` events at most;
    `inbox_records` of a partition may wait. A runner that hears nothing from one of its partitions for `stuck` is
    started anew.
    """

    servers: str = ""
    topic: str = "tidewire.log"
    group: str = "tidewire-metrics"
    slot: str = "0"
    runner: Literal["faust", "plain"] = "faust"
    fetch_wait: float = 0.05
    inbox_records: int = 4
    batch_rows: int = 20_000
    silence: float = 2.5
    abandoned: float = 4.0
    care_interval: float = 0.5
    settle_interval: float = 2.0
    stuck: float = 20.0
    most_stuck: float = 300.0
    start_timeout: float = 60.0
    stop_timeout: float = 10.0
    most_backoff: float = 5.0
