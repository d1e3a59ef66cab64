"""Commands about people's tasks and about what waits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from models.domain.errors import Fault, InvalidInput

if TYPE_CHECKING:
    from cluster.api_client import ApiClient

Url = Annotated[str | None, typer.Option(help="Address of the instance.", envvar=None)]
Connect = Callable[[str | None], "ApiClient"]


def add_task_commands(app: typer.Typer, workflows: typer.Typer, connect: Connect, out: Console) -> None:
    """`tidewire tasks ...`, `tidewire workflows flow`, `tidewire usage`."""
    tasks = typer.Typer(no_args_is_help=True, help="What runs ask of people.")
    app.add_typer(tasks, name="tasks")
    commands = _Commands(connect, out)
    for name, command in (
        ("list", commands.list), ("show", commands.show), ("answer", commands.answer), ("assign", commands.assign),
        ("link", commands.link),
    ):  # fmt: skip
        tasks.command(name)(command)
    workflows.command("flow")(commands.flow)
    app.command("usage")(commands.usage)


class _Commands:
    """What the commands do."""

    def __init__(self, connect: Connect, out: Console) -> None:
        self._connect = connect
        self._out = out

    def list(
        self,
        mine: Annotated[bool, typer.Option("--mine", help="Only what is with you or your role.")] = False,
        status: Annotated[str, typer.Option(help="open, answered, expired or cancelled.")] = "open",
        url: Url = None,
    ) -> None:
        """The newest tasks."""
        query = {"status": status, "mine": str(mine).lower(), "limit": 100}
        table = Table(Column("Task", no_wrap=True), "Title", "With", "Due", "Decisions", box=None)
        for one in self._connect(url).get("/v1/tasks", query)["items"]:
            table.add_row(one["id"], one["title"], _who(one["assignee"]), one["due_at"], ", ".join(one["decisions"]))
        self._out.print(table)

    def show(self, task_id: str, url: Url = None) -> None:
        """One task."""
        self._out.print_json(data=self._connect(url).get(f"/v1/tasks/{task_id}"))

    def answer(
        self,
        task_id: str,
        decision: str,
        data: Annotated[str | None, typer.Option(help="JSON, where the task has a form.")] = None,
        comment: str = "",
        url: Url = None,
    ) -> None:
        """Answer a task; exactly one answer counts."""
        body = {"decision": decision, "data": None if data is None else _json(data), "comment": comment}
        _post(self._connect(url), f"/v1/tasks/{task_id}/answer", body)
        self._out.print(f"Answered: {decision}", highlight=False, markup=False)

    def assign(
        self,
        task_id: str,
        to: Annotated[str, typer.Argument(help="An email address, or role:<role>.")],
        url: Url = None,
    ) -> None:
        """Give a task to somebody else."""
        assignee = {"role": to[5:]} if to.startswith("role:") else {"user": to}
        moved = _post(self._connect(url), f"/v1/tasks/{task_id}/assign", {"assignee": assignee})
        self._out.print(f"It is with {_who(moved['assignee'])} now.", highlight=False, markup=False)

    def link(
        self,
        task_id: str,
        name: Annotated[str, typer.Argument(help="Who will answer by it.")],
        seconds: Annotated[int | None, typer.Option(help="How long it may be used.")] = None,
        url: Url = None,
    ) -> None:
        """Make a link with which somebody without an account can answer, once."""
        client = self._connect(url)
        made = _post(client, f"/v1/tasks/{task_id}/links", {"name": name, "expires_in": seconds})
        self._out.print(client.url + made["page"], highlight=False, markup=False, soft_wrap=True)

    def flow(self, workflow: Annotated[str, typer.Argument(help="namespace/name")], url: Url = None) -> None:
        """What a workflow's flow control holds back, key by key."""
        table = Table("Key", "Running", "Waiting", "Refused", "Next at", box=None)
        for one in self._connect(url).pages(f"/v1/workflows/{workflow}/flow"):
            counts = (str(one["running"]), str(one["waiting"]), str(one["refused"]))
            table.add_row(one["key"] or "(all)", *counts, one["due_at"] or "")
        self._out.print(table)

    def usage(self, url: Url = None) -> None:
        """What your tenant has waiting, and its share."""
        found = self._connect(url).get("/v1/usage/queue")
        age = "" if found["oldest_age"] is None else f", the oldest for {found['oldest_age']:.0f} s"
        lines = (
            f"{found['waiting']:,} runs wait{age}; {found['held']:,} of them for flow control.",
            f"{found['running']:,} run.",
            f"{found['share']:.1%} of the next starts are yours; {found['tenants_waiting']} tenants have runs waiting.",
        )
        for line in lines:
            self._out.print(line, highlight=False)


def _post(client: ApiClient, path: str, body: dict[str, Any]) -> Any:
    return client.send("POST", path, json.dumps(body).encode(), "application/json")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput("The data is no JSON.", [Fault("/data", str(error))]) from None


def _who(assignee: dict[str, Any]) -> str:
    return assignee.get("user") or f"role {assignee.get('role')}"
