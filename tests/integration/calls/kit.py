"""Workflows whose calls go out for real: engine, step runner and the calls of a session host, in one process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson

from actors.call_host import CallHost
from actors.call_step import CALL_KINDS, CallStep
from actors.http_step import HttpStep
from actors.interpreter import Interpreter
from actors.jq_sandbox import JqSandbox
from actors.outbound_http import OutboundHttpClient
from actors.secret_values import SecretValues
from actors.step_runner import StepRunner
from actors.wire import pack, read_call, read_object
from cluster.wiring import performers
from models.domain.clock import SystemClock
from models.domain.dsl.engine import RunState
from models.domain.dsl.expressions import InProcessJq
from models.domain.dsl.protocol import (
    AppendJournal,
    Command,
    Event,
    RunInfo,
    StartStep,
    StepFailed,
    StepKind,
    StepSucceeded,
)
from models.domain.dsl.validation import check_definition
from models.domain.egress import EgressPolicy
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse, OutboundCall
from models.domain.runs import RunStatus, WorkflowRef
from models.domain.secrets import SecretReferences, secret_context
from models.domain.steps import Failed, Succeeded, Uncertain
from storage.sealer import AesGcmSealer

TENANT = UUID(int=7)
KEY = b"a key for tests"
SEALER = AesGcmSealer([bytes(range(32))])


@dataclass
class MemorySecrets:
    """A SecretStore."""

    kept: dict[str, bytes] = field(default_factory=dict)

    async def sealed(self, tenant_id: UUID, names: Collection[str]) -> Mapping[str, bytes]:
        return {name: self.kept[name] for name in names if name in self.kept}

    def put(self, name: str, value: Any) -> None:
        self.kept[name] = SEALER.seal(orjson.dumps(value), secret_context(TENANT, name))


class Packed:
    """A CallGateway that packs what goes in and out, as the way to an actor does."""

    def __init__(self, host: CallHost) -> None:
        self._host = host

    async def call(self, tenant_id: UUID, call: OutboundCall) -> dict[str, Any]:
        return read_object(pack(await self._host.call(tenant_id, read_call(pack(call)))))


@dataclass
class Ran:
    """How a run went."""

    state: RunState
    journal: list[Entry]

    @property
    def output(self) -> Any:
        assert self.state.status is RunStatus.COMPLETED, self.state.error
        return self.state.output

    @property
    def error(self) -> dict[str, Any]:
        assert self.state.status is RunStatus.FAULTED, self.state.output
        assert self.state.error is not None
        return self.state.error

    @property
    def written(self) -> str:
        """All that is kept of it."""
        return json.dumps([entry.data for entry in self.journal])


@dataclass
class Calls:
    """Runs workflows to their end. `through`: the connections that were used."""

    host: CallHost
    outbound: OutboundHttpClient
    secrets: MemorySecrets
    clock: SystemClock
    limits: Limits
    through: list[str]

    async def run(self, definition: Mapping[str, Any], input: Any = None, seconds: float = 20.0) -> Ran:
        """Validates, starts, performs every step, and replays the journal at the end."""
        faults = check_definition(definition)
        assert faults == [], faults
        references = SecretReferences(KEY)

        engine = Interpreter(self.limits, InProcessJq(), references)
        workflow = engine.compile(definition)
        info = RunInfo(uuid4(), WorkflowRef("test", "flow", "1.0.0"))
        calls = Packed(self.host)
        kinds = {StepKind.HTTP: HttpStep(self.outbound, self.host, calls)}  # type: ignore[arg-type]
        kinds |= dict.fromkeys(CALL_KINDS, CallStep(calls))  # type: ignore[arg-type]
        runner = StepRunner(kinds, self.clock, self.limits)  # type: ignore[arg-type]
        journal: list[Entry] = []
        state, commands = engine.start(workflow, info, input, self.clock.now())
        async with asyncio.timeout(seconds):
            while True:
                steps = self._take(commands, journal)
                if not steps:
                    break
                commands = []
                for step in steps:
                    state, more = engine.advance(workflow, state, await self._perform(runner, step))
                    commands += more
        replayed, _ = engine.replay(workflow, info, input, journal, self.clock.now())
        assert replayed == state
        return Ran(state, journal)

    @staticmethod
    def _take(commands: list[Command], journal: list[Entry]) -> list[StartStep]:
        for command in commands:
            if isinstance(command, AppendJournal):
                journal += command.entries
        return [command for command in commands if isinstance(command, StartStep)]

    async def _perform(self, runner: StepRunner, step: StartStep) -> Event:
        match await runner.run(TENANT, step):
            case Succeeded(output):
                return StepSucceeded(step.step, output, self.clock.now())
            case Failed(error) | Uncertain(error):
                return StepFailed(step.step, error, self.clock.now())
            case other:
                raise AssertionError(other)


@asynccontextmanager
async def calling(*ports: int, limits: Limits | None = None):  # type: ignore[no-untyped-def]
    """Calls that may reach these ports of this machine."""
    limits, clock, secrets = limits or Limits(), SystemClock(), MemorySecrets()
    allowed = [f"{host}:{port}" for port in ports for host in ("127.0.0.1", "localhost")]
    policy = EgressPolicy(allowed)
    outbound = OutboundHttpClient(policy, limits)
    values = SecretValues(secrets, SEALER, SecretReferences(KEY), clock)
    jq = JqSandbox(limits)
    through: list[str] = []

    async def send_by(tenant_id: UUID, connection: str, request: HttpRequest) -> HttpResponse:
        through.append(connection)
        return await outbound.send(request)

    host = CallHost(outbound, values, performers(policy, jq, limits), send_by, clock, limits)
    try:
        yield Calls(host, outbound, secrets, clock, limits, through)
    finally:
        jq.close()
        await outbound.close()


def workflow(*tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A definition."""
    head = {"dsl": "1.0.3", "namespace": "test", "name": "flow", "version": "1.0.0"}
    return {"document": head, "do": [{f"t{number}": task} for number, task in enumerate(tasks)], **more}


def get(uri: str, authentication: Any = None, **more: Any) -> dict[str, Any]:
    """A task that gets something over HTTP."""
    endpoint = {"uri": uri, **({"authentication": authentication} if authentication else {})}
    return {"call": "http", "with": {"method": "get", "endpoint": endpoint, **more}}
