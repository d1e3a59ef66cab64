"""What the commands that operate runs send."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from cluster.cli_operations import add_commands


class Client:
    """Remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, method: str, path: str, body: bytes, media: str) -> Any:
        self.sent.append((f"{method} {path}", body.decode()))
        return {"ok": True}

    def get(self, path: str, query: Any = None) -> Any:
        error = {"type": "x", "status": 500, "detail": "down"}
        ref = {"namespace": "ops", "name": "flow", "version": "1.0.0"}
        return {"items": [{"run_id": "r1", "workflow": ref, "task": "/do/0/a", "attempts": 3, "error": error}]}


@pytest.mark.parametrize(
    ("command", "path", "body"),
    [
        ("runs pause r1 --reason lunch", "/v1/runs/r1/pause", '{"reason": "lunch"}'),
        ("runs resume r1", "/v1/runs/r1/resume", ""),
        ("runs cancel r1", "/v1/runs/r1/cancel", ""),
        ("runs signal r1 approved --data 5", "/v1/runs/r1/signals/approved", "5"),
        ("runs rerun r1", "/v1/runs/r1/rerun", "{}"),
        ("runs rerun r1 --input 3", "/v1/runs/r1/rerun", '{"input": 3}'),
        ("runs rerun r1 --task /do/0/a --input 3", "/v1/runs/r1/rerun", '{"task": "/do/0/a", "step_input": 3}'),
        (
            "runs rerun-many --status faulted --preview", "/v1/runs/rerun",
            '{"where": {"status": "faulted"}, "dry_run": true}',
        ),
        ("runs move r1 2.0.0", "/v1/runs/r1/move", '{"version": "2.0.0", "dry_run": false}'),
        ("runs outcome r1 4 --did-not-happen", "/v1/runs/r1/steps/4/outcome", '{"happened": false, "output": null}'),
        ("runs job j1 --stop", "/v1/jobs/j1/stop", ""),
        ("dead-letters retry r1 --from-start", "/v1/dead-letters/r1/retry", '{"from": "start"}'),
        ("dead-letters retry --name flow", "/v1/dead-letters/retry", '{"where": {"name": "flow"}}'),
        ("dead-letters discard r1", "/v1/dead-letters/r1/discard", ""),
        (
            "dead-letters discard --name flow", "/v1/dead-letters/discard",
            '{"where": {"name": "flow"}, "dry_run": false}',
        ),
    ],
)  # fmt: skip
def test_a_command_is_one_call(command: str, path: str, body: str) -> None:
    assert run(command) == [(f"POST {path}", body)]


def test_dead_letters_are_shown_with_step_and_reason() -> None:
    out = Console(record=True, width=120)
    run("dead-letters list", out)
    assert "r1   ops/flow 1.0.0  /do/0/a  3      down" in out.export_text()


def run(command: str, out: Console | None = None) -> list[tuple[str, str]]:
    client, app, runs = Client(), typer.Typer(), typer.Typer()
    app.add_typer(runs, name="runs")
    add_commands(runs, app, lambda url: client, out or Console(quiet=True))  # type: ignore[arg-type, return-value]
    found = CliRunner().invoke(app, command.split())
    assert found.exit_code == 0, found.output
    return client.sent
