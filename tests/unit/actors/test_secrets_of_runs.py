"""What runs see of secrets: references of their own, also in a run that begins with what another one knew."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from actors.interpreter import Interpreter
from models.domain.clock import ManualClock
from models.domain.dsl.expressions import InProcessJq
from models.domain.dsl.protocol import AppendJournal, Command, Continued, RunInfo, StartStep
from models.domain.dsl.reruns import Origin, seed
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from models.domain.secrets import SecretReferences

LIMITS, REF, NOW = Limits(), WorkflowRef("ops", "flow", "1.0.0"), ManualClock().now()
REFERENCES = SecretReferences(b"key")
ENGINE = Interpreter(LIMITS, InProcessJq(), REFERENCES)
OLD, NEW = UUID(int=1), UUID(int=2)
HTTP = {"call": "http", "with": {"method": "post", "endpoint": "https://a.example", "body": "${ . }"}}
FLOW: dict[str, Any] = {
    "document": {"dsl": "1.0.3", "namespace": "ops", "name": "flow", "version": "1.0.0"},
    "use": {"secrets": ["crm", "other"]},
    "do": [{"make": {"set": {"text": '${ "x" + $secrets.crm.token }'}}}, {"send": HTTP}],
}


def entries_of(commands: list[Command]) -> list[Entry]:
    return [entry for one in commands if isinstance(one, AppendJournal) for entry in one.entries]


def found_in(value: Any, run: UUID) -> list[tuple[str, ...]]:
    return [one.path for one in REFERENCES.find(json.dumps(value), run)]


def request_of(commands: list[Command]) -> dict[str, Any]:
    (step,) = [one for one in commands if isinstance(one, StartStep)]
    return step.request


def test_a_run_sees_references_of_its_own() -> None:
    workflow = ENGINE.compile(FLOW)
    state, commands = ENGINE.start(workflow, RunInfo(OLD, REF), {}, NOW)
    assert found_in(request_of(commands), OLD) == [("crm", "token")]
    again, _ = ENGINE.replay(workflow, RunInfo(OLD, REF), {}, entries_of(commands), NOW)
    assert again == state
    assert set(again.info.secrets) == {"crm", "other"}


def test_a_run_that_begins_with_the_entries_of_another() -> None:
    workflow = ENGINE.compile(FLOW)
    _, commands = ENGINE.start(workflow, RunInfo(OLD, REF), {}, NOW)
    copied = ENGINE.adopt(workflow, entries_of(commands), OLD, NEW)
    info = ENGINE.seeing(workflow, RunInfo(NEW, REF))
    entries = seed(workflow, info, {}, copied, Origin("/do/1/send"), NOW, str(OLD), LIMITS)
    state, _ = ENGINE.replay(workflow, RunInfo(NEW, REF), {}, entries, NOW)
    _, begun = ENGINE.advance(workflow, state, Continued(NOW))
    assert found_in(request_of(begun), NEW) == [("crm", "token")]
    assert found_in([entry.data for entry in (*entries, *entries_of(begun))], OLD) == []


def test_what_is_no_reference_of_the_other_run_stays_text() -> None:
    text = f"a {SecretReferences(b'other').of(OLD, [('crm',)])['crm']} b {REFERENCES.of(NEW, [('crm',)])['crm']}"
    assert REFERENCES.moved({"x": [text, 1, None]}, OLD, NEW) == {"x": [text, 1, None]}


def test_without_secrets_nothing_is_copied() -> None:
    workflow = ENGINE.compile({**FLOW, "use": {}})
    _, commands = ENGINE.start(workflow, RunInfo(OLD, REF), {}, NOW)
    entries = entries_of(commands)
    assert ENGINE.adopt(workflow, entries, OLD, NEW) is entries
