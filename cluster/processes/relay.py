"""The process `relay`: from the log to Kafka, to live channels and to search; and mails to the mail server."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from cluster.adapters.mails import PostgresMails
from cluster.adapters.relay import RelayDeps, run_relay
from cluster.crash.watch import watch_of
from cluster.processes.running import announced, stop_on_signals
from cluster.runtime import Runtime
from models.domain.clock import SystemClock
from models.domain.limits import Limits
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
            mailing = asyncio.create_task(postman(runtime, database).run(), name="postman")
            try:
                await run_relay(RelayDeps(database, redis, kafka, watch=watch), stop)
            finally:
                mailing.cancel()
                with suppress(asyncio.CancelledError):
                    await mailing
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
