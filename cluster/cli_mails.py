"""Commands about mails that wait: for an operator without a mail server, who hands links over by other means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from models.domain.errors import InvalidInput

if TYPE_CHECKING:
    from cluster.runtime import Runtime
    from storage.mails import WaitingMail

_MOST = 50


def add_mail_command(app: typer.Typer, data_folder: Callable[[Path | None], Path], out: Console) -> None:
    """`tidewire mails`."""

    @app.command()
    def mails(
        data: Annotated[Path | None, typer.Option(help="Folder of everything this instance keeps.")] = None,
    ) -> None:
        """Show the mails that wait, with their links; needs the data folder of the instance."""
        from cluster.runtime import load  # noqa: PLC0415

        folder = data_folder(data)
        if not (folder / "runtime.json").exists():
            raise InvalidInput(f"There is no instance in {folder}. Name its folder with --data.")
        lines = asyncio.run(_waiting(load(folder)))
        for line in lines:
            out.print(line, highlight=False, markup=False, soft_wrap=True)
        if not lines:
            out.print("No mail waits.")


async def _waiting(runtime: Runtime) -> Sequence[str]:
    from models.domain.clock import SystemClock  # noqa: PLC0415
    from serve.mail.letters import link_in  # noqa: PLC0415
    from storage.mails import waiting  # noqa: PLC0415
    from storage.postgres import Database  # noqa: PLC0415
    from storage.sealer import AesGcmSealer  # noqa: PLC0415

    sealer = AesGcmSealer(runtime.sealing_keys)
    database = Database(runtime.dsn("tidewire_engine"), application="tidewire mails", max_size=1)
    await database.open()
    try:
        async with database.read() as conn:
            found = await waiting(conn, SystemClock().now(), _MOST)
    finally:
        await database.close()
    return [_line(one, link_in(one.id, one.kind, one.sealed, sealer)) for one in found]


def _line(mail: WaitingMail, link: str) -> str:
    told = f"{mail.created_at:%Y-%m-%d %H:%M}  {mail.kind:16} {mail.recipient}\n    {link}"
    return f"{told}\n    try {mail.tries}: {mail.fault}" if mail.fault else told
