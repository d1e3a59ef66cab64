"""Runs that people operated: what the scenarios of the language do not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.domain.dsl import protocol as p
from models.domain.dsl import protocol_messages as m
from tests.unit.domain.dsl_documents import with_tasks
from tests.unit.domain.dsl_engine.host import NEVER, Host, fails, lost, ok

CALL = "call: http, with: {method: post, endpoint: 'https://a.example/x'}"
CHECK = "{verify: [{ask: {call: http, with: {method: get, endpoint: 'https://a.example/ask'}}}]}"


def operated() -> Iterator[tuple[str, Host]]:
    """Each by its name, played."""
    yield "paused and resumed", _paused()
    yield "cancelled with cleanup", _cleaned({"undo": ok(1, after=2)})
    yield "cancelled with a cleanup that fails", _cleaned({"undo": fails()})
    for name, policy, script in (
        ("retried", "retry", {"a": [lost(), ok(1)]}),
        ("stopped", "stop", {"a": lost()}),
        ("checked, happened", CHECK, {"a": lost(), "ask": ok({"happened": True, "output": 5})}),
        ("checked, did not happen", CHECK, {"a": [lost(), ok(2)], "ask": ok({"happened": False})}),
    ):
        task = f"- a: {{{CALL}, metadata: {{unknownOutcome: {policy}}}}}"
        yield f"unknown outcome {name}", Host(with_tasks(task), {}, script).run()
    yield "unknown outcome decided", _decided()
    yield "a step performed again after a crash", _repeated()
    yield "a signal that nothing waits for", _signalled()
    yield "moved, and not moved", _moved()
    yield "an approval that escalates", _approved()


def _paused() -> Host:
    host = Host(with_tasks(f"- a: {{{CALL}}}\n- w: {{wait: PT9S}}"), {}, {"a": ok(1, after=5)}).run(until=1)
    host.send(p.SuspendRequested(host.now, "lunch"))
    host.run(until=20)
    host.send(p.ResumeRequested(host.now))
    return host.run()


def _cleaned(script: dict[str, Any]) -> Host:
    document: Any = with_tasks(f"- a: {{{CALL}}}")
    document["document"]["metadata"] = {"finally": with_tasks(f"- undo: {{{CALL}}}")["do"]}
    host = Host(document, {"order": 7}, {"a": NEVER, **script}).run(until=1)
    host.send(p.CancelRequested(host.now, "wrong order"))
    return host.run()


def _decided() -> Host:
    host = Host(with_tasks(f"- a: {{{CALL}, metadata: {{unknownOutcome: verify}}}}"), {}, {"a": lost()}).run()
    host.send(p.OutcomeDecided(2, True, {"id": 1}, host.now, "ann@example.com"))
    return host


def _repeated() -> Host:
    host = Host(with_tasks(f"- a: {{{CALL}}}"), {}, {"a": ok(1, after=5)}).run(until=1)
    host.send(p.StepRepeated(2, host.now))
    return host.run()


def _signalled() -> Host:
    host = Host(with_tasks("- w: {wait: PT9S}"), {}).run(until=1)
    event = {
        "specversion": "1.0", "id": "1", "source": "/v1/runs/1", "type": "dev.tidewire.signal.go",
        "time": "2026-01-01T00:00:01Z", "data": None,
    }  # fmt: skip
    host.send(m.EventReceived(1, event, host.now))
    return host.run()


def _moved() -> Host:
    host = Host(with_tasks("- w: {wait: PT9S}"), {}).run(until=1)
    host.send(p.VersionChanged("1.0.0", "2.0.0", host.now, "there is nothing like it"))
    host.send(p.VersionChanged("1.0.0", "1.1.0", host.now))
    return host.run()


def _approved() -> Host:
    ask = (
        "- ask: {call: approval, with: {title: Go?, assignee: {role: operator}, due: PT2M, "
        "escalation: [{after: PT1M, to: {role: owner}}]}}"
    )
    host = Host(with_tasks(ask), {}).run(until=90)
    answer = {"decision": "approve", "data": None, "comment": "", "by": None, "at": "2026-01-01T00:01:30Z"}
    host.send(p.TaskAnswered(2, answer, host.now))
    return host
