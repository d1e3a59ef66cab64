"""What the commands about secrets send, and that they show no value."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from cluster.cli_secrets import add_secret_commands


class Client:
    """Remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def send(self, method: str, path: str, body: bytes, media: str) -> Any:
        self.sent.append((f"{method} {path}", body))
        return {"name": "crm", "created": len(self.sent) == 1}

    def get(self, path: str, query: Any = None) -> Any:
        assert path == "/v1/secrets"
        return {"items": [{"name": "crm", "updated_at": "2026-01-01T00:00:00Z"}]}


def run(*arguments: str, given: str = "") -> tuple[str, list[tuple[str, bytes]]]:
    client, shown, app = Client(), io.StringIO(), typer.Typer()
    add_secret_commands(app, lambda url: client, Console(file=shown))  # type: ignore[arg-type, return-value]
    app.command("other")(lambda: None)
    done = CliRunner().invoke(app, ["secrets", *arguments], input=given)
    assert done.exit_code == 0, done.output
    return shown.getvalue() + done.output, client.sent


@pytest.mark.parametrize(
    ("given", "value"),
    [("hunter2\n", "hunter2"), ('{"password": "hunter2"}', {"password": "hunter2"}), ("123", "123"), ('"x"', '"x"')],
)
def test_put(given: str, value: Any) -> None:
    shown, ((path, body),) = run("put", "crm", given=given)
    assert (path, json.loads(body)) == ("PUT /v1/secrets/crm", {"value": value})
    assert "crm kept." in shown
    assert "hunter2" not in shown


def test_list_and_delete() -> None:
    assert "crm" in run("list")[0]
    assert run("delete", "crm")[1] == [("DELETE /v1/secrets/crm", b"")]
