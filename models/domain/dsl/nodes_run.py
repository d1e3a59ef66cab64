"""Nodes of `run`: another workflow, a script, and processes that this installation does not run."""

from __future__ import annotations

from dataclasses import dataclass

from models.domain.dsl.nodes import Step, Task
from models.domain.dsl.templates import Template


@dataclass(frozen=True, slots=True)
class Process:
    """What a process is started with."""

    stdin: Template | None
    arguments: Template | None
    environment: Template | None


@dataclass(slots=True, eq=False, kw_only=True)
class RunWorkflow(Task):
    """Starts a run of another workflow; `version` None is the latest."""

    namespace: str
    workflow: str
    version: str | None
    arguments: Template | None
    is_awaited: bool
    returns: str


@dataclass(slots=True, eq=False, kw_only=True)
class RunScript(Step):
    """Runs a script; `code` or `source`."""

    language: str
    code: Template | None
    source: Template | None
    process: Process
    is_awaited: bool
    returns: str


@dataclass(slots=True, eq=False, kw_only=True)
class RunForbidden(Task):
    """A container or a shell command."""

    runner: str
