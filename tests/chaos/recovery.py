"""How long it took from the death of an owner until its runs went on, read from the journal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """A journal row with the shard of its run; times in seconds since 1970."""

    at: float
    shard: int
    epoch: int
    born: float


def steps(runs: Iterable[Row], journal: Iterable[Row]) -> list[Step]:
    """In the order in which they happened."""
    by_id = {run["id"]: run for run in runs}
    found = [
        Step(row["at"].timestamp(), run["shard"], row["epoch"], run["created_at"].timestamp())
        for row in journal
        if (run := by_id.get(row["run_id"])) is not None
    ]
    return sorted(found, key=lambda step: step.at)


def recoveries(deaths: Sequence[float], done: Sequence[Step]) -> list[float]:
    """For each death after which shards went on under a new epoch: seconds to the first step of a run that was open
    before it. A death of an owner without open runs shows nothing and is left out."""
    first: dict[tuple[int, int], Step] = {}
    for step in done:
        if step.born < step.at:
            first.setdefault((step.shard, step.epoch), step)
    found = []
    for number, death in enumerate(sorted(deaths)):
        until = sorted(deaths)[number + 1] if number + 1 < len(deaths) else float("inf")
        after = [
            step.at - death for (_, epoch), step in first.items() if epoch > 1 and death < step.at < until
            and step.born < death
        ]  # fmt: skip
        if after:
            found.append(min(after))
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
