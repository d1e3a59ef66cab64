"""Mails: their texts, what is sealed, and when a sender tries again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from models.domain.clock import ManualClock
from models.domain.errors import InvalidInput, Unavailable
from serve.mail.letters import Letters, duration, link_in, read
from serve.mail.ports import ClaimedMail, MailRefused, Message, NewMail
from serve.mail.postman import Postman, wait
from serve.mail.smtp import SmtpServer, email_of
from serve.mail.texts import KINDS, as_html, letter
from storage.sealer import AesGcmSealer

SEALER = AesGcmSealer([b"k" * 32])
VALUES = {
    "link": "https://tidewire.example/reset#token=twv_secret", "sign_in": "https://tidewire.example/login",
    "lasts": "1 hour", "tenant": "Harbour <b>", "inviter": "Ada", "role": "editor", "device": "curl",
    "address": "192.0.2.1", "at": "2026-01-01 12:00 UTC",
}  # fmt: skip


def written(clock: ManualClock, kind: str = "reset") -> NewMail:
    return Letters(SEALER, "https://tidewire.example/").write(
        kind, "ada@example.com", VALUES, clock.now(), timedelta(hours=1)
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_subject_a_text_and_escaped_html(kind: str) -> None:
    mail = written(ManualClock(), kind)
    message = read(mail.id, kind, mail.recipient, mail.sealed, SEALER)
    assert message.subject
    assert "\n" not in message.subject
    assert "Tidewire" in message.text
    assert "https://tidewire.example/" in message.text
    assert "<b>" not in message.html
    assert "Harbour &lt;b&gt;" in as_html(letter("invitation", VALUES))


def test_a_link_is_nowhere_in_the_row() -> None:
    mail = written(ManualClock())
    assert b"twv_secret" not in mail.sealed
    assert "sealed" not in repr(mail)
    assert link_in(mail.id, mail.kind, mail.sealed, SEALER) == VALUES["link"]
    other = written(ManualClock())
    with pytest.raises(InvalidInput):
        read(other.id, mail.kind, mail.recipient, mail.sealed, SEALER)


def test_a_line_break_in_an_address_makes_no_header() -> None:
    message = Message(UUID(int=1), "ada@example.com\r\nBcc: all@example.com", "Hello", "text", "html")
    with pytest.raises(ValueError, match=r"linefeed|header"):
        email_of(message, "Tidewire <no-reply@example.com>")


def test_durations_are_told_in_words() -> None:
    told = [duration(timedelta(seconds=seconds)) for seconds in (172_800, 3_600, 5_400, 90)]
    assert told == ["2 days", "1 hour", "90 minutes", "90 seconds"]


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 587, False)),
        ("smtps://u%40x:p%2Fw@mail.example:4650", SmtpServer("mail.example", 4650, True, "u@x", "p/w")),
    ],
)
def test_the_address_of_a_mail_server_is_read(url: str, server: SmtpServer) -> None:
    assert SmtpServer.parse(url) == server
    assert "p/w" not in repr(server)


@pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://x/path", "smtp://u:hunter2@x:port"])
def test_a_wrong_one_is_not_repeated(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        SmtpServer.parse(url)
    assert "hunter2" not in caught.value.detail


class Queue:
    def __init__(self, mails: Sequence[NewMail]) -> None:
        self.mails = {mail.id: mail for mail in mails}
        self.tries = dict.fromkeys(self.mails, 0)
        self.next = {mail.id: mail.created_at for mail in mails}
        self.done: list[UUID] = []

    async def claim(self, now: datetime) -> Sequence[ClaimedMail]:
        due = [one for one in self.mails if self.next[one] <= now and one not in self.done]
        for one in due:
            self.tries[one] += 1
        return [
            ClaimedMail(
                one, self.mails[one].kind, self.mails[one].recipient, self.mails[one].sealed, self.tries[one],
                self.mails[one].created_at, self.mails[one].expires_at,
            )
            for one in due
        ]  # fmt: skip

    async def sent(self, mail_id: UUID, now: datetime) -> None:
        self.done.append(mail_id)

    async def failed(self, mail_id: UUID, again_at: datetime, fault: str) -> None:
        self.next[mail_id] = again_at

    async def forget(self, now: datetime) -> None: ...


class Server:
    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.got: list[Message] = []

    async def send(self, message: Message) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.got.append(message)


async def test_a_mail_is_tried_again_later_and_later() -> None:
    clock = ManualClock()
    queue, server = Queue([written(clock)]), Server(Unavailable("away"), Unavailable("away"))
    postman = Postman(queue, server, SEALER, clock)
    for pause, sent in ((0, 0), (4, 0), (1, 0), (9, 0), (1, 1), (3_600, 0)):
        clock.advance(pause)
        assert (await postman.run_once()).sent == sent, pause
    assert [message.recipient for message in server.got] == ["ada@example.com"]
    assert [wait(tries) for tries in (1, 2, 3, 11, 50)] == [5, 10, 20, 3_600, 3_600]


async def test_one_that_cannot_be_sent_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    first, second = written(clock), written(clock)
    queue, server = Queue([first, second]), Server(MailRefused("no (550)"))
    with caplog.at_level(logging.WARNING, "tidewire.mail"):
        done = await Postman(queue, server, SEALER, clock).run_once()
    assert (done.sent, done.failed) == (1, 1)
    assert queue.done == [second.id]
    assert "ada@example.com" not in caplog.text
    assert "550" in caplog.text
