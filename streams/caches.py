"""What a worker remembers between batches. All of it can be dropped at any time: PostgreSQL has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from models.domain.limits import Limits
from models.domain.metric_cells import Cell
from models.domain.metrics import BUILT_IN, CellKey, DimensionKey, Metric, Plan, metric_of
from streams.ports import Change, MetricTransaction


class Definitions:
    """Metrics of all tenants. Once refreshed, complete for every event that was final at that moment."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._horizon = 0
        self._metrics: dict[UUID, dict[str, Metric]] = {}
        self._plans: dict[UUID, Plan] = {}
        self._plain = Plan()
        self._dimensions: dict[tuple[UUID, str], tuple[str, ...]] = {}

    async def refresh(self, transaction: MetricTransaction) -> None:
        """Reads what has changed."""
        horizon, changed = await transaction.definitions(self._horizon)
        for one in changed:
            own = self._metrics.setdefault(one.tenant_id, {})
            if one.name in own and own[one.name].since >= one.since:
                continue
            metric = own[one.name] = metric_of(one.name, one.definition, one.since, self._limits)
            self._dimensions[one.tenant_id, metric.key] = metric.dimensions
            self._plans.pop(one.tenant_id, None)
        self._horizon = max(self._horizon, horizon)

    def plan(self, tenant: UUID) -> Plan:
        """The metrics of a tenant."""
        plan = self._plans.get(tenant)
        if plan is None:
            own = self._metrics.get(tenant)
            plan = self._plans[tenant] = Plan(own.values()) if own else self._plain
        return plan

    def dimensions(self, tenant: UUID, key: str) -> tuple[str, ...]:
        """Names of the dimensions of a metric, by its key."""
        built_in = BUILT_IN.get(key)
        return built_in.dimensions if built_in else self._dimensions[tenant, key]


class CellCache:
    """The cells written last. A cell is written only where its count is still the one remembered here."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._cells: dict[CellKey, Cell] = {}

    def known(self, keys: Iterable[CellKey]) -> dict[CellKey, Cell]:
        """Those of the keys that are remembered."""
        cells = self._cells
        return {key: cells[key] for key in keys if key in cells}

    def keep(self, changes: Sequence[Change]) -> None:
        """Remembers what was written; forgets what was written longest ago."""
        cells = self._cells
        for change in changes:
            cells.pop(change.key, None)
            cells[change.key] = change.cell
        while len(cells) > self._most:
            del cells[next(iter(cells))]

    def clear(self) -> None:
        """Forgets everything."""
        self._cells.clear()


class Vocabulary:
    """Which dimension values are kept apart and which were refused, as far as they were met."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._admitted: dict[DimensionKey, set[str]] = {}
        self._refused: dict[DimensionKey, set[str]] = {}

    def unknown(self, values: Mapping[DimensionKey, set[str]]) -> dict[DimensionKey, set[str]]:
        """Values that PostgreSQL must be asked about."""
        nothing: set[str] = set()
        found = {}
        for key, some in values.items():
            new = some - self._admitted.get(key, nothing) - self._refused.get(key, nothing)
            if new:
                found[key] = new
        return found

    def refused(self, more: Mapping[DimensionKey, set[str]]) -> Mapping[DimensionKey, set[str]]:
        """All refused values, `more` among them."""
        if not more:
            return self._refused
        return {key: self._refused.get(key, set()) | more.get(key, set()) for key in {*self._refused, *more}}

    def learn(self, asked: Mapping[DimensionKey, set[str]], refused: Mapping[DimensionKey, set[str]]) -> None:
        """What PostgreSQL answered, once that is committed."""
        if self._size > self._most:
            self._admitted.clear()
            self._refused.clear()
            self._size = 0
        for key, values in asked.items():
            no = refused.get(key, set())
            self._admitted.setdefault(key, set()).update(values - no)
            if no:
                self._refused.setdefault(key, set()).update(no)
            self._size += len(values)
