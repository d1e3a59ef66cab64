"""The engine as the shard calls it; tests hand in broken ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from models.domain.dsl import engine, snapshots
from models.domain.dsl.engine import RunState, Workflow
from models.domain.dsl.expressions import JqRunner
from models.domain.dsl.protocol import Command, Event, RunInfo
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.secrets import SecretReferences

Step = tuple[RunState, list[Command]]


class Engine(Protocol):
    """A pure state machine, see models/domain/dsl/protocol.py."""

    def compile(self, definition: Mapping[str, Any]) -> Workflow: ...

    def start(self, workflow: Workflow, info: RunInfo, input: Any, at: datetime) -> Step: ...

    def start_suspended(
        self, workflow: Workflow, info: RunInfo, input: Any, at: datetime, reason: str
    ) -> Step: ...

    def advance(self, workflow: Workflow, state: RunState, event: Event) -> Step: ...

    def replay(
        self, workflow: Workflow, info: RunInfo, input: Any, entries: Sequence[Entry], at: datetime
    ) -> Step: ...

    def resume(self, workflow: Workflow, state: RunState, entries: Sequence[Entry]) -> Step: ...

    def restore(self, workflow: Workflow, info: RunInfo, input: Any, snapshot: Mapping[str, Any]) -> RunState: ...

    def seeing(self, workflow: Workflow, info: RunInfo) -> RunInfo: ...

    def adopt(self, workflow: Workflow, entries: Sequence[Entry], old: UUID, new: UUID) -> Sequence[Entry]: ...


class Interpreter:
    """The engine of models/domain/dsl with the limits of this installation; `jq` runs what only jq itself can.

    Without `references`, expressions see no secrets.
    """

    def __init__(self, limits: Limits, jq: JqRunner, references: SecretReferences | None = None) -> None:
        self._limits = limits
        self._jq = jq
        self._references = references

    def compile(self, definition: Mapping[str, Any]) -> Workflow:
        return engine.compile_workflow(definition, self._limits, self._jq)

    def start(self, workflow: Workflow, info: RunInfo, input: Any, at: datetime) -> Step:
        return engine.start(workflow, self.seeing(workflow, info), input, at, self._limits)

    def start_suspended(
        self, workflow: Workflow, info: RunInfo, input: Any, at: datetime, reason: str
    ) -> Step:
        return engine.start_suspended(workflow, self.seeing(workflow, info), input, at, reason, self._limits)

    def advance(self, workflow: Workflow, state: RunState, event: Event) -> Step:
        return engine.advance(workflow, state, event)

    def replay(
        self, workflow: Workflow, info: RunInfo, input: Any, entries: Sequence[Entry], at: datetime
    ) -> Step:
        return engine.replay(workflow, self.seeing(workflow, info), input, entries, at, self._limits)

    def seeing(self, workflow: Workflow, info: RunInfo) -> RunInfo:
        """The facts of the run, with references to the secrets that its expressions use."""
        if self._references is None or not workflow.secret_paths:
            return info
        return replace(info, secrets=self._references.of(info.id, workflow.secret_paths))

    def adopt(self, workflow: Workflow, entries: Sequence[Entry], old: UUID, new: UUID) -> Sequence[Entry]:
        """Entries of another run, so that this one may begin with them: what refers to secrets there does so here."""
        references = self._references
        if references is None or not workflow.secret_paths:
            return entries
        return [replace(entry, data=references.moved(entry.data, old, new)) for entry in entries]

    def resume(self, workflow: Workflow, state: RunState, entries: Sequence[Entry]) -> Step:
        return engine.resume(workflow, state, entries)

    def restore(self, workflow: Workflow, info: RunInfo, input: Any, snapshot: Mapping[str, Any]) -> RunState:
        return snapshots.load(self.seeing(workflow, info), self._limits, input, snapshot)
