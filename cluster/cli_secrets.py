"""Commands about the secrets that workflows name."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

if TYPE_CHECKING:
    from cluster.api_client import ApiClient

Url = Annotated[str | None, typer.Option(help="Address of the instance.", envvar=None)]
Connect = Callable[[str | None], "ApiClient"]


def add_secret_commands(app: typer.Typer, connect: Connect, out: Console) -> None:
    """`tidewire secrets ...`."""
    secrets = typer.Typer(no_args_is_help=True, help="Secrets that workflows name under use.secrets.")
    app.add_typer(secrets, name="secrets")
    commands = _Commands(connect, out)
    for name, command in (("list", commands.list), ("put", commands.put), ("delete", commands.delete)):
        secrets.command(name)(command)


class _Commands:
    """What the commands do."""

    def __init__(self, connect: Connect, out: Console) -> None:
        self._connect = connect
        self._out = out

    def list(self, url: Url = None) -> None:
        """The names of all secrets; values are never shown."""
        table = Table(Column("Secret", no_wrap=True), "Changed", box=None)
        for one in self._connect(url).get("/v1/secrets")["items"]:
            table.add_row(one["name"], one["updated_at"])
        self._out.print(table)

    def put(self, name: str, url: Url = None) -> None:
        """Makes or replaces a secret: asks for it, or reads it from standard input. A JSON object has members."""
        written = typer.prompt("Value", hide_input=True) if sys.stdin.isatty() else sys.stdin.read().strip("\r\n")
        body = json.dumps({"value": _value(written)}).encode()
        answer = self._connect(url).send("PUT", f"/v1/secrets/{name}", body, "application/json")
        self._out.print(f"{name} {'kept' if answer['created'] else 'replaced'}.")

    def delete(self, name: str, url: Url = None) -> None:
        """Deletes a secret; steps that use it fail from now on."""
        self._connect(url).send("DELETE", f"/v1/secrets/{name}", b"", "application/json")
        self._out.print(f"{name} deleted.")


def _value(written: str) -> Any:
    try:
        found = json.loads(written)
    except ValueError:
        return written
    return found if isinstance(found, dict) else written
