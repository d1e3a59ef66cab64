"""From the queue in the database to a real mail server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from cluster.adapters.mails import PostgresMails
from models.domain.clock import ManualClock
from models.domain.limits import Limits
from serve.mail.letters import Letters
from serve.mail.postman import Postman
from serve.mail.smtp import SmtpMailer, SmtpServer
from storage import mails
from storage.sealer import AesGcmSealer
from tests.servers.postgres import PostgresServer
from tests.servers.system import free_port
from tests.storage_kit import NOW, Api, opened

SEALER = AesGcmSealer([bytes(32)])


class Inbox:
    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        return answer


@contextmanager
def server(inbox: Inbox) -> Iterator[SmtpServer]:
    port = free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield SmtpServer("127.0.0.1", port, False)
    finally:
        controller.stop()


@pytest.fixture
async def api(postgres: PostgresServer) -> AsyncIterator[Api]:
    async with opened(postgres, await postgres.create_database()) as ports:
        yield ports


async def test_a_mail_gets_there_once_it_is_taken_and_its_link_is_forgotten(api: Api) -> None:
    clock, inbox = ManualClock(NOW), Inbox()
    inbox.answers = ["451 later"]
    link = {"link": "https://tidewire.example/reset-password#token=twv_secret"}
    mail = Letters(SEALER, "https://tidewire.example").write(
        "reset", "ada@example.com", link, NOW, timedelta(hours=1)
    )
    async with api.app.unit_of_work() as conn:
        await mails.add(conn, mails.NewMail(mail.id, mail.kind, mail.recipient, mail.sealed, NOW, mail.expires_at))
    queue = PostgresMails(api.engine, Limits())
    with server(inbox) as where:
        postman = Postman(queue, SmtpMailer(where, "Tidewire <no-reply@example.com>"), SEALER, clock)
        assert (await postman.run_once()).failed == 1
        clock.advance(5)
        assert (await postman.run_once()).sent == 1
        clock.advance(3_000)
        assert (await postman.run_once()).sent == 0
    [got] = inbox.mails
    assert (got["To"], got["From"]) == ("ada@example.com", "Tidewire <no-reply@example.com>")
    assert "twv_secret" in got.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    async with api.engine.read() as conn:
        row = await conn.fetchrow("SELECT sealed, sent_at, tries FROM mails")
    assert (row["sealed"], row["tries"]) == (None, 2)
    await queue.forget(NOW + timedelta(days=8))
    async with api.engine.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM mails") == 0
