"""The command `tidewire`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from cluster.cli_audit import add_audit_commands
from cluster.cli_keys import add_key_commands
from cluster.cli_mails import add_mail_command
from cluster.cli_operations import add_commands
from cluster.cli_secrets import add_secret_commands
from cluster.cli_tasks import add_task_commands
from cluster.cli_tenants import add_tenant_commands
from cluster.settings import InvalidSettings, Settings, from_environment
from models.domain.errors import InvalidInput, TidewireError

if TYPE_CHECKING:
    from cluster.api_client import ApiClient
    from cluster.runtime import Runtime

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Durable workflows, live metrics, models and push.",
)  # fmt: skip
workflows = typer.Typer(no_args_is_help=True, help="Workflows of your tenant.")
runs = typer.Typer(no_args_is_help=True, help="Runs of your tenant.")
models = typer.Typer(no_args_is_help=True, help="Models of your tenant.")
app.add_typer(workflows, name="workflows")
app.add_typer(runs, name="runs")
app.add_typer(models, name="models")

console = Console(width=None if Console().is_terminal else 200)
errors = Console(stderr=True, soft_wrap=True)

Data = Annotated[Path | None, typer.Option(help="Folder of everything this instance keeps.")]
Port = Annotated[int | None, typer.Option(help="Port of the one address.")]
Url = Annotated[str | None, typer.Option(help="Address of the instance.", envvar=None)]


def main() -> None:
    """Runs the command; what goes wrong on purpose is one readable message."""
    try:
        app()
    except TidewireError as error:
        title = getattr(error, "title", "")
        errors.print(f"{title}: {error.detail}" if title else error.detail, style="red", highlight=False, markup=False)
        for fault in getattr(error, "faults", ()):
            errors.print(f"  {fault.pointer}: {fault.detail}".replace(": : ", ": "), highlight=False, markup=False)
        raise SystemExit(2 if isinstance(error, InvalidInput) else 1) from None


def _settings(data: Path | None = None, port: int | None = None, **more: Any) -> Settings:
    return from_environment({"data": data, "port": port, **more})


def _client(url: str | None) -> ApiClient:
    from cluster.api_client import ApiClient

    return ApiClient(url or _settings().url)


@app.command()
def up(
    data: Data = None,
    port: Port = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    demo: Annotated[bool | None, typer.Option("--demo/--no-demo", help="Replay real flights.")] = None,
    demo_speed: Annotated[float | None, typer.Option(help="How many times faster than real time.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Start everything and keep it running; Ctrl-C stops it."""
    from cluster.up import up as run

    settings = _settings(data, port, host=host, demo=demo, demo_speed=demo_speed, log_level=log_level)
    raise typer.Exit(run(settings, console, _demo_link))


async def _demo_link(runtime: Runtime) -> str | None:
    if not runtime.settings.demo:
        return None
    from cluster.demo.link import sign_in_link

    return await sign_in_link(runtime)


@app.command()
def status(url: Url = None, data: Data = None) -> None:
    """Whether the instance is ready, part by part; its processes too when its data folder is on this machine."""
    from cluster.phases import phases

    for part, phase in phases(_settings(data).data).items():
        _part(part, phase, "ready")
    found = _client(url).get("/readyz", allow=(503,))
    for part, state in found["parts"].items():
        _part(f"API sees {part}", state, "ok")
    console.print(found["status"])
    raise typer.Exit(0 if found["status"] == "ok" else 1)


def _part(name: str, state: str, good: str) -> None:
    console.print(f"{'[green]ok[/]' if state == good else '[red]--[/]'}  {name}  {'' if state == good else state}")


@app.command("check-config")
def check_config(data: Data = None, port: Port = None) -> None:
    """Show the settings, or every fault in them."""
    settings = _settings(data, port)
    table = Table(show_header=False, box=None)
    for name in Settings.__dataclass_fields__:
        table.add_row(f"TIDEWIRE_{name.upper()}", _shown(name, getattr(settings, name)))
    console.print(table)


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "(embedded)" if name in ("database_url", "redis_url", "kafka", "objects") else "(none)"
    if name in ("database_url", "redis_url", "smtp_url"):
        return "(set)"
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) or "(none)" if isinstance(value, tuple) else str(value)


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to this version (`up` does it by itself)."""
    from cluster import instance
    from cluster.parts import prepare_database
    from cluster.runtime import prepare

    settings = _settings(data)
    if settings.database_url is None:
        raise InvalidSettings("Set TIDEWIRE_DATABASE_URL: the embedded database is migrated by `tidewire up`.")
    with instance.locked(settings.data):
        asyncio.run(prepare_database(prepare(settings)))
    console.print("The database is up to date.")


@app.command()
def login(
    email: Annotated[str, typer.Option(prompt=True)],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True)],
    url: Url = None,
) -> None:
    """Sign in; the tokens are kept in a file that only you can read."""
    _client(url).login(email, password)
    console.print("Signed in.")


@workflows.command("list")
def list_workflows(url: Url = None) -> None:
    """All workflows."""
    table = Table("Workflow", "Version", "Enabled", "Title", box=None)
    for one in _client(url).pages("/v1/workflows"):
        table.add_row(f"{one['namespace']}/{one['name']}", one["latest_version"], str(one["enabled"]), one["title"])
    console.print(table)


@workflows.command("put")
def put_workflow(file: Path, url: Url = None) -> None:
    """Store a version of a workflow from a YAML or JSON file."""
    media = "application/json" if file.suffix == ".json" else "application/yaml"
    stored = _client(url).send("PUT", "/v1/workflows", _read(file), media)
    verb = "Stored" if stored["created"] else "Already there:"
    console.print(f"{verb} {stored['namespace']}/{stored['name']} {stored['version']}", highlight=False)


@workflows.command("validate")
def validate_workflow(file: Path, url: Url = None) -> None:
    """Check a file without storing it."""
    media = "application/json" if file.suffix == ".json" else "application/yaml"
    found = _client(url).send("POST", "/v1/workflows/validate", _read(file), media)
    for fault in found["errors"]:
        where = f"{file}:{fault['line']}:{fault['column']}" if fault.get("line") else str(file)
        told = f"{where}: {fault['pointer']}: {fault['detail']}".replace(": : ", ": ")
        console.print(told, highlight=False, markup=False)
    raise typer.Exit(0 if found["valid"] else 1)


@runs.command("list")
def list_runs(
    status: str | None = None, q: Annotated[str | None, typer.Option(help="Search text.")] = None, url: Url = None
) -> None:
    """The newest runs."""
    table = Table(Column("Run", no_wrap=True), "Workflow", "Status", "Created", box=None)
    wanted = {key: value for key, value in {"status": status, "q": q, "limit": 50}.items() if value is not None}
    for run in _client(url).get("/v1/runs", wanted)["items"]:
        ref = run["workflow"]
        table.add_row(run["id"], f"{ref['namespace']}/{ref['name']} {ref['version']}", run["status"], run["created_at"])
    console.print(table)


@runs.command("show")
def show_run(run_id: str, url: Url = None) -> None:
    """A run and its journal."""
    client = _client(url)
    console.print_json(data=client.get(f"/v1/runs/{run_id}"))
    for entry in client.pages(f"/v1/runs/{run_id}/journal", "after"):
        console.print(f"{entry['seq']:5} {entry['at']}  {entry['type']:16} {entry['task']}", highlight=False)


@runs.command("start")
def start_run(
    workflow: Annotated[str, typer.Argument(help="namespace/name")],
    input: Annotated[str, typer.Option(help="JSON")] = "{}",
    wait: Annotated[float, typer.Option(help="Seconds to wait for its end.")] = 0,
    url: Url = None,
) -> None:
    """Start a run."""
    path = f"/v1/workflows/{workflow}/runs?wait={wait:g}"
    console.print_json(data=_client(url).send("POST", path, input.encode(), "application/json"))


add_commands(runs, app, _client, console)
add_task_commands(app, workflows, _client, console)
add_secret_commands(app, _client, console)
add_audit_commands(app, _settings, console)
add_key_commands(app, _settings, console)
add_tenant_commands(app, _settings, console)
add_mail_command(app, lambda data: _settings(data).data, console)


@models.command("deploy")
def deploy_model(folder: Path, url: Url = None) -> None:
    """Deploy a model folder (manifest and skops pipeline) and point `live` at it."""
    from models.learned.client import deploy_folder

    client = _client(url)
    console.print_json(data=deploy_folder(client.url, client.access_token(), folder))


@models.command("train-demo")
def train_demo(folder: Path) -> None:
    """Train the flight-delay model of the demo into a folder, ready for `models deploy`; takes half a minute."""
    from models.learned.flights.training import write_delay_model

    with console.status("Training on nine months of departures, measuring on the three after ..."):
        written = write_delay_model(folder)
    console.print(f"The model is in {written}. Deploy it with: tidewire models deploy {written}", highlight=False)


@models.command("list")
def list_models(url: Url = None) -> None:
    """All models with their aliases."""
    for model in _client(url).get("/v1/models")["items"]:
        console.print_json(data=model)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from None
