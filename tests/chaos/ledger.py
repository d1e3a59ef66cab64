"""What clients were told; the system must keep all of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Accepted:
    """A run that the API has promised."""

    id: str
    flow: str
    number: int


@dataclass
class Ledger:
    """What clients were told."""

    runs: list[Accepted] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    cancelled: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    registered: list[tuple[str, str]] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    slowest: float = 0.0
    refused: int = 0
