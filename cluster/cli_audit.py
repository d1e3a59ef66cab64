"""`tidewire audit verify`: whether an export, or the log in the database, is as it was written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Console

from models.domain.audit import Break, Chain
from models.domain.errors import InvalidInput, NotFound, TidewireError

if TYPE_CHECKING:
    from cluster.settings import Settings

_BATCH = 1_000


class ChainBroken(TidewireError):
    """The audit log is not as it was written."""


def add_audit_commands(app: typer.Typer, settle: Callable[[Path | None], Settings], out: Console) -> None:
    """`tidewire audit verify`."""
    audit = typer.Typer(no_args_is_help=True, help="The audit logs of tenants.")
    app.add_typer(audit, name="audit")
    commands = _Commands(settle, out)
    audit.callback()(commands.group)
    audit.command("verify")(commands.verify)


class _Commands:
    """What the commands do."""

    def __init__(self, settle: Callable[[Path | None], Settings], out: Console) -> None:
        self._settle = settle
        self._out = out

    def group(self) -> None:
        """The audit logs of tenants."""

    def verify(
        self,
        file: Annotated[Path | None, typer.Argument(help="An export; without it, the database.")] = None,
        head: Annotated[str | None, typer.Option(help="A hash that was kept elsewhere; must be in the chain.")] = None,
        after: Annotated[int, typer.Option(help="The export begins behind this entry.", min=0)] = 0,
        tenant: Annotated[str | None, typer.Option(help="Only this tenant of the database.")] = None,
        data: Annotated[Path | None, typer.Option(help="Folder of everything this instance keeps.")] = None,
    ) -> None:
        """Check every entry against its hash and the one before; tells the first that does not hold."""
        if file is not None:
            chain = verify_lines(_read(file), head, after)
            told = f"Entries {after + 1} to {chain.seq} hold. The last hash is {chain.hash.hex()}."
            self._out.print(told, highlight=False)
            return
        for name, chain in asyncio.run(_verify_database(self._settle(data), tenant, head)):
            self._out.print(f"{name}: {chain.seq} entries hold, to {chain.hash.hex()}.", highlight=False)


def verify_lines(lines: Iterator[str], anchor: str | None = None, after: int = 0) -> Chain:
    """ChainBroken at the first line that does not hold, also when the end or the `anchor` is missing.

    `after`: the export begins behind this entry, whose hash is taken from the first line.
    """
    chain, told, seen = Chain(seq=after), None, anchor is None
    for number, line in enumerate(lines, 1):
        row = _row(number, line)
        if "head" in row:
            told = row["head"]
            continue
        if told is not None:
            raise ChainBroken(f"Line {number}: there is more behind the head.")
        if number == 1 and after:
            chain.hash = _previous(row)
        _hold(chain.follow(row.get("entry"), row.get("hash")), f"Line {number}: ")
        seen = seen or chain.hash.hex() == anchor
    if not isinstance(told, dict) or told.get("seq") != chain.seq or told.get("hash") != chain.hash.hex():
        raise ChainBroken(f"After entry {chain.seq}: the export ends here, but its head says otherwise.")
    if not seen:
        raise ChainBroken("No entry has the hash that was kept elsewhere: entries are missing, or all were made anew.")
    return chain


def _previous(row: dict[str, Any]) -> bytes:
    try:
        return bytes.fromhex(row["entry"]["previous"])
    except (KeyError, TypeError, ValueError):
        raise ChainBroken("Line 1: this is not an entry.") from None


def _row(number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise ChainBroken(f"Line {number}: this is not a line of an export.")
    return row


def _hold(broken: Break | None, where: str = "") -> None:
    if broken is not None:
        raise ChainBroken(f"{where}entry {broken.seq}: {broken.reason}")


def _read(file: Path) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8") as lines:
            yield from lines
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}.") from None


async def _verify_database(settings: Settings, tenant: str | None, anchor: str | None) -> list[tuple[str, Chain]]:
    from cluster.runtime import load  # noqa: PLC0415
    from storage import audit  # noqa: PLC0415
    from storage.postgres import Database  # noqa: PLC0415

    database = Database(load(settings.data).dsn("tidewire_engine"), application="tidewire audit", max_size=1)
    await database.open()
    try:
        async with database.read() as conn:
            places = await audit.tenants(conn, tenant)
        if tenant is not None and not places:
            raise NotFound(f"There is no tenant {tenant} with an audit log.")
        return [(name, await verify_tenant(database, place, name, anchor)) for place, name in places]
    finally:
        await database.close()


async def verify_tenant(database: Any, tenant_id: UUID, name: str, anchor: str | None = None) -> Chain:
    """Reads the whole chain in one snapshot; ChainBroken at the first entry that does not hold."""
    from storage import audit  # noqa: PLC0415

    chain, seen = Chain(tenant=str(tenant_id)), anchor is None
    async with database.read([tenant_id]) as conn:
        head = await audit.head(conn, tenant_id)
        while rows := await audit.after(conn, tenant_id, chain.seq, 2**62, _BATCH):
            for row in rows:
                _hold(chain.follow(json.loads(row.entry), row.hash), f"{name}, ")
                seen = seen or row.hash == anchor
    if (head.seq, head.hash) != (chain.seq, chain.hash):
        raise ChainBroken(f"{name}, entry {chain.seq + 1}: it is missing, the last one should be {head.seq}.")
    if not seen:
        raise ChainBroken(f"{name}: no entry has the hash that was kept elsewhere.")
    return chain
