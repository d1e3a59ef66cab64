"""The queue of mails over PostgreSQL, as the process that sends them sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from cluster.adapters.mapping import as_
from models.domain.limits import Limits
from serve.mail.ports import ClaimedMail
from storage import mails
from storage.postgres import Database


class PostgresMails:
    """See MailQueue; of the engine role."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    async def claim(self, now: datetime) -> Sequence[ClaimedMail]:
        limits = self._limits
        lease = timedelta(seconds=limits.mail_lease_seconds)
        async with self._database.unit_of_work() as conn:
            found = await mails.claim(conn, now, lease, limits.max_mails_at_once, limits.max_mail_tries)
        return [as_(ClaimedMail, one) for one in found]

    async def sent(self, mail_id: UUID, now: datetime) -> None:
        async with self._database.unit_of_work() as conn:
            await mails.sent(conn, mail_id, now)

    async def failed(self, mail_id: UUID, again_at: datetime, fault: str) -> None:
        async with self._database.unit_of_work() as conn:
            await mails.failed(conn, mail_id, again_at, fault)

    async def forget(self, now: datetime) -> None:
        limits = self._limits
        kept = timedelta(seconds=limits.used_token_seconds)
        async with self._database.unit_of_work() as conn:
            await mails.forget(conn, now, kept, timedelta(seconds=limits.refresh_token_seconds))
