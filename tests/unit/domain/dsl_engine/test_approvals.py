"""`call: approval`: what is asked, whom it goes to, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.domain.dsl import protocol as p
from models.domain.dsl.validation import check_definition
from models.domain.human_tasks import TaskClosed, TaskMoved, TaskOpened, TaskStatus, task_id
from models.domain.journal import EntryType
from models.domain.runs import RunStatus
from tests.unit.domain.dsl_documents import with_tasks
from tests.unit.domain.dsl_engine.host import BEGIN, RUN, Host

ASK = """
- pay:
    call: approval
    with:
      title: ${ "Pay " + .who }
      body: Please look.
      assignee: {role: admin}
      due: {hours: 4}
      escalation:
        - {after: {hours: 1}, to: {user: chief@example.com}}
        - {after: {hours: 2}, to: {role: owner}}
"""
ANSWER = {
    "decision": "approve", "data": {"amount": 5}, "comment": "fine", "by": {"user": "a@b.c"},
    "at": "2026-01-01T00:10:00Z",
}  # fmt: skip


def asked(tasks: str = ASK, input: Any = None) -> Host:
    return Host(with_tasks(tasks), {"who": "Ada"} if input is None else input).begin()


def answer(host: Host, seq: int | None = None, **changes: Any) -> None:
    opened = [one for one in host.tasks if isinstance(one, TaskOpened)]
    host.send(p.TaskAnswered(opened[-1].seq if seq is None else seq, {**ANSWER, **changes}, host.now))


def test_asks_once_and_waits() -> None:
    host = asked()
    [opened] = host.tasks
    assert isinstance(opened, TaskOpened)
    assert opened.id == task_id(RUN, opened.seq, opened.at)
    assert opened.ask["title"] == "Pay Ada"
    assert opened.ask["decisions"] == ["approve", "reject"]
    assert opened.ask["due"] == (BEGIN + timedelta(hours=4)).isoformat()
    assert host.state.status is RunStatus.WAITING
    assert host.state.wake_at == BEGIN + timedelta(hours=1)
    [told] = host.notifications
    assert (told.to, told.link, told.title) == ("role:admin", f"/tasks/{opened.id}", "Pay Ada")


def test_the_answer_is_the_output() -> None:
    host = asked()
    answer(host)
    assert host.output == ANSWER
    assert host.tasks[-1] == TaskClosed(3, "/do/0/pay", (), TaskStatus.ANSWERED, host.now)
    assert host.timers == {}


def test_a_second_answer_and_one_for_another_question_change_nothing() -> None:
    host = asked()
    answer(host, seq=99)
    assert host.state.status is RunStatus.WAITING
    answer(host)
    before = list(host.journal)
    answer(host, decision="reject")
    assert host.journal == before


def test_goes_to_the_next_and_then_to_the_last() -> None:
    host = asked().run(until=3 * 3600)
    moved = [one for one in host.tasks if isinstance(one, TaskMoved)]
    assert [(one.to, one.number) for one in moved] == [({"user": "chief@example.com"}, 1), ({"role": "owner"}, 2)]
    assert [one.to for one in host.notifications] == ["role:admin", "user:chief@example.com", "role:owner"]
    assert len({one.key for one in host.notifications}) == 3
    assert [entry.data["escalation"] for entry in host.of("pay", EntryType.TASK_ESCALATED)] == [1, 2]
    answer(host)
    assert host.output["decision"] == "approve"


def test_overdue_is_a_timeout_that_can_be_caught() -> None:
    host = Host(with_tasks("""
- careful:
    try:
      - ask: {call: approval, with: {title: Go?, assignee: {role: owner}, due: PT1M}}
    catch:
      errors: {with: {type: https://serverlessworkflow.io/spec/1.0.0/errors/timeout}}
      do:
        - late: {set: {late: true}}
""")).run()
    assert host.output == {"late": True}
    assert host.seconds == 60
    assert [one.status for one in host.tasks if isinstance(one, TaskClosed)] == [TaskStatus.EXPIRED]


def test_overdue_may_be_a_decision() -> None:
    host = asked("""
- ask:
    call: approval
    with: {title: Go?, assignee: {role: owner}, due: PT1M, decisions: [go, stop], onTimeout: stop}
""").run()
    assert host.output["decision"] == "stop"
    assert host.output["by"] is None


def test_a_cancelled_branch_closes_its_question_and_a_retry_asks_anew() -> None:
    host = Host(with_tasks("""
- again:
    try:
      - both:
          fork:
            branches:
              - ask: {call: approval, with: {title: Go?, assignee: {role: owner}}}
              - soon:
                  do:
                    - w: {wait: PT1S}
                    - broken: {raise: {error: {type: https://example.com/no, status: 500}}}
    catch:
      retry: {delay: PT1S, limit: {attempt: {count: 1}}}
""")).run(until=2.5)
    assert [type(one).__name__ for one in host.tasks] == ["TaskOpened", "TaskClosed", "TaskOpened"]
    first, second = host.tasks[0], host.tasks[2]
    assert isinstance(first, TaskOpened)
    assert isinstance(second, TaskOpened)
    assert (first.task, first.path) == (second.task, second.path)
    assert first.id != second.id
    answer(host, seq=first.seq)
    assert host.state.status is RunStatus.WAITING


def test_cancelling_the_run_closes_the_question() -> None:
    host = asked()
    host.send(p.CancelRequested(host.now))
    assert host.tasks[-1] == TaskClosed(3, "/do/0/pay", (), TaskStatus.CANCELLED, host.now)


def test_the_timeout_of_the_task_closes_the_question() -> None:
    host = asked("""
- ask:
    call: approval
    timeout: {after: PT1M}
    with: {title: Go?, assignee: {role: owner}, due: PT1H}
""").run()
    assert host.error["status"] == 408
    assert isinstance(host.tasks[-1], TaskClosed)
    assert host.tasks[-1].status is TaskStatus.EXPIRED
    assert host.timers == {}


def test_what_an_expression_gives_is_checked_when_it_is_known() -> None:
    host = asked(ASK.replace("{role: admin}", '{role: "${ .who }"}'))
    assert host.error["type"].endswith("/validation")
    assert "/assignee" in host.error["detail"]
    assert host.tasks == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"assignee": {"role": "boss"}}, "/assignee"),
        ({"assignee": {"user": "a@b.c", "role": "owner"}}, "/assignee"),
        ({"due": "soon"}, "/due"),
        ({"decisions": []}, "/decisions"),
        ({"decisions": ["a", "a"]}, "/decisions"),
        ({"decisions": ["fault"]}, "/decisions/0"),
        ({"onTimeout": "maybe"}, "/onTimeout"),
        ({"form": {"type": "strange"}}, "/form"),
        ({"escalation": {"after": "PT1H"}}, "/escalation"),
        ({"escalation": [{"after": "PT1H", "to": {"role": "boss"}}]}, "/escalation/0/to"),
        ({"due_at": 1}, "/due_at"),
    ],
)
def test_faults_have_their_place(change: dict[str, Any], pointer: str) -> None:
    arguments = {"title": "Go?", "assignee": {"role": "owner"}, **change}
    document = with_tasks("- a: {set: {x: 1}}")
    document["do"] = [{"ask": {"call": "approval", "with": arguments}}]
    assert [fault.pointer for fault in check_definition(document)] == [f"/do/0/ask/with{pointer}"]


def test_expressions_stand_for_anything_that_may_be() -> None:
    document = with_tasks("- a: {set: {x: 1}}")
    arguments = {
        "title": "${ .t }", "assignee": "${ .who }", "due": "${ .due }", "decisions": ["${ .a }", "${ .b }"],
        "onTimeout": "later", "escalation": {"after": "${ .x }", "to": {"user": "${ .chief }"}},
        "form": {"properties": {"price": {"title": "${ not jq"}}},
    }  # fmt: skip
    document["do"] = [{"ask": {"call": "approval", "with": arguments}}]
    assert check_definition(document) == []
