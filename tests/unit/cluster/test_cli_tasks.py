"""What the commands about tasks and queues send and show."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from cluster.cli_tasks import add_task_commands
from models.domain.errors import InvalidInput

TASK = {
    "id": "t1", "title": "Pay?", "assignee": {"role": "admin"}, "due_at": "2026-01-02T00:00:00Z",
    "decisions": ["approve", "reject"],
}  # fmt: skip


class Client:
    """Remembers what was sent."""

    url = "http://here"

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def send(self, method: str, path: str, body: bytes, media: str) -> Any:
        self.sent.append((f"{method} {path}", json.loads(body)))
        return {"page": "/answer/abc", "assignee": {"user": "b@example.com"}}

    def get(self, path: str, query: Any = None) -> Any:
        self.sent.append((f"GET {path}", query))
        if path == "/v1/usage/queue":
            return {"waiting": 1200, "held": 3, "running": 4, "oldest_age": 61.5, "share": 0.25, "tenants_waiting": 4}
        return {"items": [TASK]}

    def pages(self, path: str) -> Any:
        self.sent.append((f"GET {path}", None))
        yield {"key": "", "running": 1, "waiting": 2, "refused": 0, "due_at": None}


def run(command: str) -> tuple[Client, Any]:
    client, app, workflows = Client(), typer.Typer(), typer.Typer()
    app.add_typer(workflows, name="workflows")
    add_task_commands(app, workflows, lambda url: client, Console(width=200))  # type: ignore[arg-type, return-value]
    return client, CliRunner().invoke(app, command.split())


@pytest.mark.parametrize(
    ("command", "path", "body"),
    [
        (
            "tasks answer t1 approve --data [1]", "/v1/tasks/t1/answer",
            {"decision": "approve", "data": [1], "comment": ""},
        ),
        ("tasks assign t1 role:owner", "/v1/tasks/t1/assign", {"assignee": {"role": "owner"}}),
        ("tasks assign t1 b@example.com", "/v1/tasks/t1/assign", {"assignee": {"user": "b@example.com"}}),
        ("tasks link t1 Ada --seconds 600", "/v1/tasks/t1/links", {"name": "Ada", "expires_in": 600}),
    ],
)  # fmt: skip
def test_what_is_sent(command: str, path: str, body: Any) -> None:
    client, result = run(command)
    assert result.exit_code == 0, result.output
    assert client.sent == [(f"POST {path}", body)]


@pytest.mark.parametrize(
    ("command", "path", "shown"),
    [
        ("tasks list --mine", "/v1/tasks", "role admin"),
        ("tasks show t1", "/v1/tasks/t1", "Pay?"),
        ("workflows flow ops/flow", "/v1/workflows/ops/flow/flow", "(all)"),
        ("usage", "/v1/usage/queue", "25.0% of the next starts"),
    ],
)
def test_what_is_shown(command: str, path: str, shown: str) -> None:
    client, result = run(command)
    assert result.exit_code == 0, result.output
    assert client.sent[0][0] == f"GET {path}"
    assert shown in result.output


def test_data_must_be_json() -> None:
    client, result = run("tasks answer t1 approve --data {x")
    assert isinstance(result.exception, InvalidInput)
    assert client.sent == []
