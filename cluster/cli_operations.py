"""The commands that operate runs: `tidewire runs ...`, `tidewire dead-letters ...`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from models.domain.errors import InvalidInput

if TYPE_CHECKING:
    from cluster.api_client import ApiClient

Url = Annotated[str | None, typer.Option(help="Address of the instance.", envvar=None)]
Json = Annotated[str | None, typer.Option(help="JSON")]
Preview = Annotated[bool, typer.Option("--preview", help="Only show what would happen.")]
Version = Annotated[str | None, typer.Option(help="Another version of the workflow.")]
Namespace = Annotated[str | None, typer.Option(help="Only of this namespace.")]
Name = Annotated[str | None, typer.Option(help="Only of this workflow.")]
_JSON = "application/json"


def add_commands(runs: typer.Typer, app: typer.Typer, client: Callable[[str | None], ApiClient], out: Console) -> None:
    """Adds them to the groups of the command line."""
    letters = typer.Typer(no_args_is_help=True, help="Runs that faulted for good.")
    app.add_typer(letters, name="dead-letters")
    commands = _Commands(client, out)
    for name, command in (
        ("pause", commands.pause), ("resume", commands.resume), ("cancel", commands.cancel),
        ("signal", commands.signal), ("rerun", commands.rerun), ("rerun-many", commands.rerun_many),
        ("move", commands.move), ("outcome", commands.outcome), ("job", commands.job),
    ):  # fmt: skip
        runs.command(name)(command)
    letters.command("list")(commands.list_letters)
    letters.command("retry")(commands.retry)
    letters.command("discard")(commands.discard)


class _Commands:
    """One method a command; the first line of its docstring is its help."""

    def __init__(self, client: Callable[[str | None], ApiClient], out: Console) -> None:
        self._client, self._out = client, out

    def _post(self, url: str | None, path: str, body: Any = None) -> Any:
        sent = b"" if body is None else json.dumps(body).encode()
        found = self._client(url).send("POST", path, sent, _JSON)
        self._out.print_json(data=found)
        return found

    def pause(self, run_id: str, reason: str = "", url: Url = None) -> None:
        """Start no new step of a run until it is resumed."""
        self._post(url, f"/v1/runs/{run_id}/pause", {"reason": reason})

    def resume(self, run_id: str, url: Url = None) -> None:
        """Let a paused run go on."""
        self._post(url, f"/v1/runs/{run_id}/resume")

    def cancel(self, run_id: str, url: Url = None) -> None:
        """Stop a run; its cleanup tasks are done first."""
        self._post(url, f"/v1/runs/{run_id}/cancel")

    def signal(self, run_id: str, name: str, data: Json = None, url: Url = None) -> None:
        """Send an event to one run, where a listen may wait for it."""
        self._post(url, f"/v1/runs/{run_id}/signals/{name}", _read(data) if data else None)

    def rerun(
        self,
        run_id: str,
        task: Annotated[str | None, typer.Option(help="Begin at this task, such as /do/2/charge.")] = None,
        version: Version = None,
        input: Json = None,
        preview: Preview = False,
        url: Url = None,
    ) -> None:
        """Run it again, from the start or from a step, on the old or a new version."""
        body = _given(task=task, version=version, dry_run=preview or None)
        if input is not None:
            body["step_input" if task else "input"] = _read(input)
        self._post(url, f"/v1/runs/{run_id}/rerun", body)

    def rerun_many(
        self,
        status: Annotated[str | None, typer.Option(help="Only runs of this status.")] = None,
        namespace: Namespace = None,
        name: Name = None,
        q: Annotated[str | None, typer.Option(help="Only runs that this search finds.")] = None,
        task: Annotated[str | None, typer.Option(help="Begin at this task, such as /do/2/charge.")] = None,
        version: Version = None,
        preview: Preview = False,
        url: Url = None,
    ) -> None:
        """Run many again: a job, see `runs job`."""
        where = _given(status=status, namespace=namespace, name=name, q=q)
        how = _given(task=task, version=version, dry_run=preview or None)
        self._post(url, "/v1/runs/rerun", {"where": where, **how})

    def move(self, run_id: str, version: str, preview: Preview = False, url: Url = None) -> None:
        """Let a waiting run go on with another version."""
        self._post(url, f"/v1/runs/{run_id}/move", {"version": version, "dry_run": preview})

    def outcome(
        self,
        run_id: str,
        step: Annotated[int, typer.Argument(help="The step, as `runs show` tells under undecided.")],
        happened: Annotated[bool, typer.Option("--happened/--did-not-happen")],
        output: Json = None,
        url: Url = None,
    ) -> None:
        """Say whether a step happened whose outcome is unknown."""
        body = {"happened": happened, "output": _read(output) if output else None}
        self._post(url, f"/v1/runs/{run_id}/steps/{step}/outcome", body)

    def job(
        self,
        job_id: str,
        stop: Annotated[bool, typer.Option("--stop", help="Stop it where it is.")] = False,
        url: Url = None,
    ) -> None:
        """How far a job is."""
        if stop:
            self._post(url, f"/v1/jobs/{job_id}/stop")
        else:
            self._out.print_json(data=self._client(url).get(f"/v1/jobs/{job_id}"))

    # ---------------------------------------------------------------- dead letters

    def list_letters(
        self, state: str = "open", namespace: Namespace = None, name: Name = None, url: Url = None
    ) -> None:
        """Runs that faulted after all their retries, with the step and the reason."""
        table = Table(Column("Run", no_wrap=True), "Workflow", "Step", "Tries", "Reason", box=None)
        wanted = _given(state=state, namespace=namespace, name=name, limit=50)
        for one in self._client(url).get("/v1/dead-letters", wanted)["items"]:
            ref, error = one["workflow"], one["error"]
            reason = error.get("detail") or error.get("title") or error["type"]
            flow = f"{ref['namespace']}/{ref['name']} {ref['version']}"
            table.add_row(one["run_id"], flow, one["task"] or "(run)", str(one["attempts"]), reason)
        self._out.print(table)

    def retry(
        self,
        run_id: Annotated[str | None, typer.Argument(help="One run; without, all that the options name.")] = None,
        from_start: Annotated[bool, typer.Option("--from-start", help="Not from the failed step.")] = False,
        version: Version = None,
        namespace: Namespace = None,
        name: Name = None,
        preview: Preview = False,
        url: Url = None,
    ) -> None:
        """Retry one from its failed step, or many as a job."""
        if run_id is not None:
            body = {"from": "start" if from_start else "step", **_given(version=version)}
            self._post(url, f"/v1/dead-letters/{run_id}/retry", body)
            return
        where = _given(namespace=namespace, name=name)
        self._post(url, "/v1/dead-letters/retry", {"where": where, **_given(version=version, dry_run=preview or None)})

    def discard(
        self,
        run_id: Annotated[str | None, typer.Argument(help="One run; without, all that the options name.")] = None,
        namespace: Namespace = None,
        name: Name = None,
        preview: Preview = False,
        url: Url = None,
    ) -> None:
        """Take one off the list, or many as a job; runs and journals stay."""
        if run_id is not None:
            self._post(url, f"/v1/dead-letters/{run_id}/discard")
            return
        where = _given(namespace=namespace, name=name)
        self._post(url, "/v1/dead-letters/discard", {"where": where, "dry_run": preview})


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"This is not JSON: {error}.") from None
