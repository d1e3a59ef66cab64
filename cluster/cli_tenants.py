"""What the operator says about tenants: `tidewire tenants ...`, beside the instance's data folder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from models.domain.errors import InvalidInput
from models.domain.plans import PLANS, QUOTAS, RATES, Plan, check_changes, plan_of

if TYPE_CHECKING:
    from cluster.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Folder of everything this instance keeps.")]
Settle = Callable[[Path | None], "Settings"]


def add_tenant_commands(app: typer.Typer, settle: Settle, out: Console) -> None:
    """`tidewire tenants plan`."""
    tenants = typer.Typer(no_args_is_help=True, help="Tenants of this instance, for its operator.")
    app.add_typer(tenants, name="tenants")
    commands = _Commands(settle, out)
    tenants.command("plan")(commands.plan)
    tenants.command("plans")(commands.plans)


class _Commands:
    """What the commands do."""

    def __init__(self, settle: Settle, out: Console) -> None:
        self._settle = settle
        self._out = out

    def plans(self) -> None:
        """The plans there are: units a minute, and quotas."""
        table = Table("Plan", *RATES, *QUOTAS, box=None)
        for plan in PLANS.values():
            table.add_row(plan.name, *_row(plan))
        self._out.print(table)

    def plan(
        self,
        tenant: Annotated[str, typer.Argument(help="The name of the tenant.")],
        plan: Annotated[str, typer.Argument(help=f"One of {', '.join(PLANS)}.")],
        change: Annotated[
            list[str] | None, typer.Option(help="A limit that differs, as runs=1000; null for no end. Again for more.")
        ] = None,
        data: Data = None,
    ) -> None:
        """Give a tenant a plan; it holds within seconds."""
        if plan not in PLANS:
            raise InvalidInput(f"There is no plan {plan}; there are {', '.join(PLANS)}.")
        changes = check_changes(dict(map(_change, change or ())))
        asyncio.run(_set(self._settle(data), tenant, plan, changes))
        table = Table(*RATES, *QUOTAS, box=None)
        table.add_row(*_row(plan_of(plan, changes)))
        self._out.print(f"{tenant} has the plan {plan}.")
        self._out.print(table)


def _row(plan: Plan) -> list[str]:
    quotas = (plan.quota(name) for name in QUOTAS)
    rates = (plan.tenant, plan.user, plan.api_key)
    return [*(f"{rate.limit:,}" for rate in rates), *("-" if one is None else f"{one:,}" for one in quotas)]


def _change(written: str) -> tuple[str, Any]:
    name, _, value = written.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        raise InvalidInput(f"{written} is not like runs=1000.") from None


async def _set(settings: Settings, tenant: str, plan: str, changes: dict[str, Any]) -> None:
    from cluster.runtime import load
    from storage import usage
    from storage.postgres import Database

    try:
        runtime = load(settings.data)
    except FileNotFoundError:
        raise InvalidInput(f"There is no instance in {settings.data}; name its folder with --data.") from None
    database = Database(runtime.dsn("tidewire_engine"), application="tidewire tenants", max_size=1)
    await database.open()
    try:
        async with database.unit_of_work() as conn:
            await usage.set_plan(conn, tenant, plan, changes)
    finally:
        await database.close()
