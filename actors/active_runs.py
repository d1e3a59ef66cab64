"""The runs that a shard actor holds in memory: at most so many, shared fairly between tenants."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from actors.active_run import ActiveRun
from actors.ports import RunKey


class ActiveRuns:
    """By key and by shard. When all places are taken, the tenant with the most runs gives one up that has not begun;
    it is in PostgreSQL and comes back when there is room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._runs: dict[RunKey, ActiveRun] = {}
        self._by_shard: defaultdict[int, dict[RunKey, ActiveRun]] = defaultdict(dict)
        self._of_tenant: Counter[UUID] = Counter()
        self._unstarted: defaultdict[UUID, dict[RunKey, ActiveRun]] = defaultdict(dict)
        self._left: list[set[RunKey]] = []

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, key: RunKey) -> bool:
        return key in self._runs

    def __iter__(self) -> Iterator[ActiveRun]:
        return iter(self._runs.values())

    def get(self, key: RunKey) -> ActiveRun | None:
        """The run when it is in memory."""
        return self._runs.get(key)

    def of_shard(self, shard: int) -> list[ActiveRun]:
        """The runs of a shard."""
        return list(self._by_shard[shard].values()) if shard in self._by_shard else []

    def has_place_for(self, tenant: UUID) -> bool:
        """Whether a run of the tenant may come in, maybe in exchange for another tenant's."""
        return len(self._runs) < self._most or self._victim(tenant) is not None

    def add(self, run: ActiveRun) -> ActiveRun | None:
        """Takes the run in; the caller has asked `has_place_for`. Returns the run that has to leave for it, if any."""
        victim = self._victim(run.new.tenant_id) if len(self._runs) >= self._most else None
        self._runs[run.key] = run
        self._by_shard[run.shard][run.key] = run
        self._of_tenant[run.new.tenant_id] += 1
        if run.state is None:
            self._unstarted[run.new.tenant_id][run.key] = run
        return victim

    def tenants_waiting(self) -> list[UUID]:
        """Tenants with runs that have not had a turn yet."""
        return list(self._unstarted)

    def unstarted(self, tenant: UUID) -> int:
        """How many runs of the tenant have not had a turn yet."""
        return len(self._unstarted.get(tenant, ()))

    def begin(self, run: ActiveRun) -> None:
        """The run takes its first turn: it is not given up for others any more."""
        self._forget_unstarted(run)

    def remove(self, run: ActiveRun) -> None:
        """The run has ended, or is somebody else's, or sleeps."""
        if self._runs.pop(run.key, None) is None:
            return
        tenant = run.new.tenant_id
        shard = self._by_shard[run.shard]
        shard.pop(run.key, None)
        if not shard:
            del self._by_shard[run.shard]
        self._of_tenant[tenant] -= 1
        if not self._of_tenant[tenant]:
            del self._of_tenant[tenant]
        self._forget_unstarted(run)
        for watch in self._left:
            watch.add(run.key)

    def watch_leaving(self) -> set[RunKey]:
        """A set that from now on collects the keys of runs that leave; end it with `unwatch`."""
        watch: set[RunKey] = set()
        self._left.append(watch)
        return watch

    def unwatch(self, watch: set[RunKey]) -> None:
        """Ends a watch."""
        self._left = [one for one in self._left if one is not watch]

    def _forget_unstarted(self, run: ActiveRun) -> None:
        waiting = self._unstarted.get(run.new.tenant_id)
        if waiting is not None:
            waiting.pop(run.key, None)
            if not waiting:
                del self._unstarted[run.new.tenant_id]

    def _victim(self, tenant: UUID) -> ActiveRun | None:
        own = self._of_tenant[tenant]
        if own * len(self._of_tenant) >= self._most:
            return None
        loudest = max(self._unstarted, key=lambda one: self._of_tenant[one], default=None)
        if loudest is None or loudest == tenant or self._of_tenant[loudest] <= own + 1:
            return None
        return next(reversed(self._unstarted[loudest].values()))
