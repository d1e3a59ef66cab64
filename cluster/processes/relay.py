"""The process `relay`: from the log to Kafka, to live channels and to search; and mails to the mail server."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from cluster.adapters.audit_sender import AuditSender
from cluster.adapters.mails import PostgresMails
from cluster.adapters.relay import RelayDeps, run_relay
from cluster.crash.watch import watch_of
from cluster.processes.running import announced, stop_on_signals
from cluster.runtime import Runtime
from models.domain.clock import SystemClock
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse, OutboundHttp, Sealer
from serve.mail.postman import NoMailServer, Postman
from storage.kafka import KafkaConfig
from storage.postgres import Database
from storage.redis_client import open_redis

# The embedded broker keeps everything in memory for ever.
_EMBEDDED_BYTES = 64_000_000


async def run(runtime: Runtime) -> None:
    """Until it is asked to stop."""
    stop = stop_on_signals()
    watch = watch_of(runtime)
    database = watch.database(runtime.dsn("tidewire_engine"), "tidewire relay", 4, "relay.cursor.move")
    redis = open_redis(runtime.redis_url, max_connections=4)
    await database.open()
    try:
        async with announced(runtime, "relay"):
            kafka = KafkaConfig(runtime.kafka, forget_after=_EMBEDDED_BYTES if runtime.settings.kafka is None else None)
            outbound = LateOutbound(runtime)
            sender = AuditSender(database, outbound, LateSealer(runtime), SystemClock(), Limits())
            beside = [
                asyncio.create_task(postman(runtime, database).run(), name="postman"),
                asyncio.create_task(sender.run(), name="audit sender"),
            ]
            try:
                await run_relay(RelayDeps(database, redis, kafka, watch=watch), stop)
            finally:
                for task in beside:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
                await outbound.close()
    finally:
        await redis.aclose()
        await database.close()


def postman(runtime: Runtime, database: Database) -> Postman | NoMailServer:
    """What does with mails that wait as the settings say."""
    clock, settings = SystemClock(), runtime.settings
    queue = PostgresMails(database, Limits())
    if settings.smtp_url is None:
        return NoMailServer(queue, clock)
    # 4 MB for the sealed texts, which only a process that sends them carries.
    from serve.mail.smtp import SmtpMailer, SmtpServer  # noqa: PLC0415
    from storage.sealer import AesGcmSealer  # noqa: PLC0415

    mailer = SmtpMailer(SmtpServer.parse(settings.smtp_url), settings.mail_from)
    return Postman(queue, mailer, AesGcmSealer(runtime.sealing_keys), clock)


class LateOutbound:
    """An HTTP client that is made by the first request: most instances send their audit logs nowhere."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._client: OutboundHttp | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """See OutboundHttp.send."""
        if self._client is None:
            from actors.outbound_http import OutboundHttpClient  # noqa: PLC0415
            from models.domain.egress import EgressPolicy  # noqa: PLC0415

            self._client = OutboundHttpClient(EgressPolicy(self._runtime.egress_allow), Limits())
        return await self._client.send(request)

    async def close(self) -> None:
        """Closes its connections, if it ever had any."""
        close = getattr(self._client, "close", None)
        if close is not None:
            await close()


class LateSealer:
    """Opens what is sealed; its library comes with the first."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._sealer: Sealer | None = None

    def seal(self, plain: bytes, context: str) -> bytes:
        """See Sealer.seal."""
        return self._made().seal(plain, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        """See Sealer.open."""
        return self._made().open(sealed, context)

    def _made(self) -> Sealer:
        if self._sealer is None:
            from storage.sealer import AesGcmSealer  # noqa: PLC0415

            self._sealer = AesGcmSealer(self._runtime.sealing_keys)
        return self._sealer
