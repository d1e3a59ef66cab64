"""Sends audit entries to the addresses that tenants named: in order, each at least once, failing ones ever later."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from models.domain.audit_delivery import body_of, headers_of, wait_seconds
from models.domain.clock import Clock
from models.domain.errors import TidewireError
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, OutboundHttp, Sealer
from storage import audit, audit_streams
from storage.postgres import Database

_log = logging.getLogger("tidewire.audit")
_PAUSE, _SECONDS, _AT_ONCE = 1.0, 15.0, 20


class AuditSender:
    """Reads the chains themselves: what is committed is sent, however often this process dies meanwhile.

    `outbound` refuses private addresses. One sender for an instance; a second one would send things twice.
    """

    def __init__(self, database: Database, outbound: OutboundHttp, sealer: Sealer, clock: Clock, limits: Limits):
        self._database = database
        self._outbound = outbound
        self._sealer = sealer
        self._clock = clock
        self._limits = limits

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                more = await self.run_once()
            except (TidewireError, OSError, TimeoutError) as error:
                _log.warning("audit streams cannot be looked at now: %s", type(error).__name__)
                more = 0
            if not more:
                await asyncio.sleep(_PAUSE)

    async def run_once(self) -> int:
        """How many batches were taken by their receivers."""
        async with self._database.read() as conn:
            due = await audit_streams.due(conn, self._clock.now(), _AT_ONCE)
        return sum(await asyncio.gather(*map(self._send, due)))

    async def _send(self, stream: audit_streams.AuditStream) -> bool:
        tenant_id, now = stream.tenant_id, self._clock.now()
        async with self._database.read() as conn:
            rows = await audit.after(conn, tenant_id, stream.sent_seq, 2**62, self._limits.max_audit_batch)
        if not rows:
            return False
        body = body_of([(row.entry, row.hash) for row in rows], tenant_id, now)
        fault = await self._fault(stream, f"audit-{tenant_id}-{rows[0].seq}-{rows[-1].seq}", body)
        async with self._database.unit_of_work() as conn:
            if fault is None:
                await audit_streams.sent(conn, tenant_id, rows[-1].seq)
            else:
                again = now + timedelta(seconds=wait_seconds(stream.failures))
                await audit_streams.failed(conn, tenant_id, fault, again)
        return fault is None

    async def _fault(self, stream: audit_streams.AuditStream, message_id: str, body: bytes) -> str | None:
        try:
            secret = self._sealer.open(stream.secret_sealed, f"{stream.tenant_id}/audit-stream").decode()
            headers = headers_of(secret, message_id, self._clock.now(), body)
            answer = await self._outbound.send(
                HttpRequest("POST", stream.url, headers, body, _SECONDS, False, message_id)
            )
        except TidewireError as error:
            return error.detail
        except (OSError, TimeoutError, ValueError) as error:
            return type(error).__name__
        return None if 200 <= answer.status < 300 else f"It answered {answer.status}."
