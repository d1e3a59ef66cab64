"""Messages to runs: events they listen to, ends of runs they await, wishes of people. Stored until they are taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from actors.operation_ports import Snapshot
from actors.ports import InboxMessage, RunAppend, RunKey
from models.domain.dsl.problems import problem
from models.domain.dsl.protocol_messages import StartChild
from models.domain.dsl.snapshots import FORM
from models.domain.ports import Wake
from models.domain.runs import NewRun, RunStatus, WorkflowRef
from models.domain.subscriptions import may_want


@dataclass(slots=True)
class Stored:
    """A message and whom it is for."""

    key: RunKey
    shard: int
    message: InboxMessage


class Inbox:
    """Everything that runs tell each other. `accept` makes a run durable, `cancel` asks one to stop."""

    def __init__(
        self,
        accept: Callable[[NewRun, int], Wake],
        cancel: Callable[[RunKey], int | None],
        knows: Callable[[UUID, WorkflowRef], bool],
    ) -> None:
        self.rows: dict[int, Stored] = {}
        self.subscriptions: dict[tuple[RunKey, int], Sequence[Mapping[str, Any]]] = {}
        self.taken: list[int] = []
        self._accept, self._cancel, self._knows = accept, cancel, knows
        self._number = 0

    def put(self, key: RunKey, shard: int, kind: str, data: Any) -> Wake:
        """One message."""
        self._number += 1
        self.rows[self._number] = Stored(key, shard, InboxMessage(self._number, kind, data))
        return Wake(key[0], key[1], shard)

    def of(self, key: RunKey) -> list[InboxMessage]:
        """The messages of a run, oldest first."""
        return [one.message for one in self.rows.values() if one.key == key]

    def publish(self, tenant: UUID, event: Mapping[str, Any], shard: int) -> list[Wake]:
        """An event, to each run that may want it."""
        wanting = {
            key: None
            for (key, _), filters in self.subscriptions.items()
            if key[0] == tenant and any(_may_want(one, event) for one in filters)
        }
        return [self.put(key, shard, "event", dict(event)) for key in wanting]

    def stored(self, shard: int, item: RunAppend, cause: Mapping[str, Any]) -> list[Wake]:
        """What one run tells with what it appends."""
        told = item.messages
        for message in told.taken:
            self.taken.append(message)
            self.rows.pop(message, None)
        for listen in told.unsubscribes:
            for place in [one for one in self.subscriptions if one[0] == item.key and listen in (None, one[1])]:
                del self.subscriptions[place]
        for one in told.subscribes:
            self.subscriptions[item.key, one.listen] = one.filters
        wakes = [wake for child in told.children for wake in self._start(shard, item, child)]
        for run_id in told.given_up:
            if self._cancel((item.tenant_id, run_id)) is not None:
                wakes.append(Wake(item.tenant_id, run_id, shard))
        if item.ended_at is not None:
            for message in [n for n, one in self.rows.items() if one.key == item.key]:
                del self.rows[message]
            for place in [one for one in self.subscriptions if one[0] == item.key]:
                del self.subscriptions[place]
            if cause.get("kind") == "run" and cause.get("awaited"):
                end = (item.status, item.output, item.error)
                wakes.append(self._ended(shard, item.tenant_id, item.run_id, cause, *end))
        return wakes

    def _start(self, shard: int, item: RunAppend, child: StartChild) -> list[Wake]:
        ref = WorkflowRef(child.namespace, child.name, child.version or "1.0.0")
        if not self._knows(item.tenant_id, ref):
            error = problem("configuration", "There is no such workflow.")
            status = RunStatus.FAULTED
            return [self._ended(shard, item.tenant_id, child.run_id, child.cause, status, None, error)]
        new = NewRun(item.tenant_id, child.run_id, ref, child.input, item.entries[-1].at, dict(child.cause))
        return [self._accept(new, shard)]

    def _ended(
        self, shard: int, tenant: UUID, run: UUID, cause: Mapping[str, Any], status: RunStatus, output: Any, error: Any
    ) -> Wake:
        data = {
            "step": cause["step"], "run": str(run), "status": status.value,
            "output": output if status is RunStatus.COMPLETED else None, "error": error,
        }  # fmt: skip
        return self.put((tenant, UUID(cause["run"])), shard, "ended", data)


class History:
    """Snapshots of long runs, the newest of each."""

    def __init__(self) -> None:
        self.kept: dict[RunKey, Snapshot] = {}

    def keep(self, item: RunAppend) -> None:
        """The snapshot that came with an append, if one did."""
        if item.snapshot is not None:
            self.kept[item.key] = Snapshot(item.last, FORM, orjson.loads(orjson.dumps(item.snapshot)))


def _may_want(spec: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    return spec["type"] in (None, event["type"]) and may_want(spec, event)
