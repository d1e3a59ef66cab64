"""`tidewire keys ...`: the keys that sign tokens, for the operator of the instance."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from cluster.settings import Settings
    from serve.auth.signing_keys import StoredKey

Data = Annotated[Path | None, typer.Option(help="Folder of everything this instance keeps.")]


def add_key_commands(app: typer.Typer, settle: Callable[[Path | None], Settings], out: Console) -> None:
    """`tidewire keys rotate` and `tidewire keys list`."""
    keys = typer.Typer(no_args_is_help=True, help="Keys that sign tokens.")
    app.add_typer(keys, name="keys")
    commands = _Commands(settle, out)
    keys.command("rotate")(commands.rotate)
    keys.command("list")(commands.list)


class _Commands:
    """What the commands do."""

    def __init__(self, settle: Callable[[Path | None], Settings], out: Console) -> None:
        self._settle = settle
        self._out = out

    def rotate(
        self,
        at_once: Annotated[
            bool, typer.Option("--at-once", help="A key has leaked: refuse all others now. Everybody signs in again.")
        ] = False,
        data: Data = None,
    ) -> None:
        """Make a new key. It is published now and signs in a quarter of an hour; nobody notices."""
        made = asyncio.run(_rotate(self._settle(data), at_once))
        when = "now; all others are refused" if at_once else "in a quarter of an hour"
        self._out.print(f"The key {made} signs {when}.", highlight=False)

    def list(self, data: Data = None) -> None:
        """All keys, and when they sign and retire."""
        table = Table("Key", "Signs from", "Verifies until", box=None)
        for one in asyncio.run(_list(self._settle(data))):
            until = one.retires_at.isoformat(timespec="seconds") if one.retires_at else "-"
            table.add_row(one.id, one.activates_at.isoformat(timespec="seconds"), until)
        self._out.print(table)


async def _rotate(settings: Settings, at_once: bool) -> str | None:
    from cluster.adapters.signing_keys import StoredSigningKeys  # noqa: PLC0415
    from cluster.runtime import load  # noqa: PLC0415
    from models.domain.clock import SystemClock  # noqa: PLC0415
    from models.domain.limits import Limits  # noqa: PLC0415
    from serve.auth.signing_keys import SigningKeys  # noqa: PLC0415
    from serve.auth.tokens import TokenKeys  # noqa: PLC0415
    from storage.postgres import Database  # noqa: PLC0415
    from storage.sealer import AesGcmSealer  # noqa: PLC0415

    runtime = load(settings.data)
    database = Database(runtime.dsn("tidewire_app"), application="tidewire keys", max_size=1)
    await database.open()
    try:
        keys = TokenKeys.from_json(runtime.secrets.token_keys)
        signing = SigningKeys(
            keys, StoredSigningKeys(database), AesGcmSealer(runtime.sealing_keys), SystemClock(), Limits()
        )
        return await signing.rotate(at_once=at_once)
    finally:
        await database.close()


async def _list(settings: Settings) -> Sequence[StoredKey]:
    from cluster.adapters.signing_keys import StoredSigningKeys  # noqa: PLC0415
    from cluster.runtime import load  # noqa: PLC0415
    from storage.postgres import Database  # noqa: PLC0415

    database = Database(load(settings.data).dsn("tidewire_app"), application="tidewire keys", max_size=1)
    await database.open()
    try:
        return await StoredSigningKeys(database).list()
    finally:
        await database.close()
