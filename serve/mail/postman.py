"""Sends the mails that wait: each at least once, again with growing pauses when the server is away, never for ever."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from models.domain.clock import Clock
from models.domain.errors import TidewireError, Unavailable
from models.domain.ports import Sealer
from serve.mail.letters import read
from serve.mail.ports import ClaimedMail, Mailer, MailQueue

_log = logging.getLogger("tidewire.mail")
_PAUSE = 1.0
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 3_600.0
_TIDY_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Sent:
    """What one look at the queue did."""

    sent: int = 0
    failed: int = 0


class Postman:
    """One sender; several may run, for each mail is claimed by one of them."""

    def __init__(self, queue: MailQueue, mailer: Mailer, sealer: Sealer, clock: Clock) -> None:
        self._queue = queue
        self._mailer = mailer
        self._sealer = sealer
        self._clock = clock

    async def run_once(self) -> Sent:
        """Sends what is due; Unavailable when the queue is away."""
        answers = [await self._deliver(mail) for mail in await self._queue.claim(self._clock.now())]
        return Sent(answers.count(True), answers.count(False))

    async def run(self) -> None:
        """Until cancelled."""
        tidied = -_TIDY_SECONDS
        while True:
            try:
                await self.run_once()
                if self._clock.monotonic() - tidied >= _TIDY_SECONDS:
                    await self._queue.forget(self._clock.now())
                    tidied = self._clock.monotonic()
            except (TidewireError, OSError, TimeoutError) as error:
                _log.warning("mails cannot be looked at now: %s", type(error).__name__)
            await asyncio.sleep(_PAUSE)

    async def _deliver(self, mail: ClaimedMail) -> bool:
        try:
            await self._mailer.send(read(mail.id, mail.kind, mail.recipient, mail.sealed, self._sealer))
        except Unavailable as error:
            return await self._again(mail, wait(mail.tries), error.detail)
        except Exception as error:
            # Refused, or not to be made: it does not stop the others, and its expiry is the end of it.
            return await self._again(mail, _LONGEST_WAIT, getattr(error, "detail", type(error).__name__))
        await self._queue.sent(mail.id, self._clock.now())
        return True

    async def _again(self, mail: ClaimedMail, seconds: float, fault: str) -> bool:
        # Neither the address nor the text: logs are read by more people than mails.
        _log.warning("mail %s (%s) was not sent, try %d: %s", mail.id, mail.kind, mail.tries, fault)
        await self._queue.failed(mail.id, self._clock.now() + timedelta(seconds=seconds), fault)
        return False


class NoMailServer:
    """Tidies up and tells that mails wait; used while no mail server is set."""

    def __init__(self, queue: MailQueue, clock: Clock) -> None:
        self._queue = queue
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        _log.warning("no mail server is set (TIDEWIRE_SMTP_URL); `tidewire mails` shows the links of mails that wait")
        while True:
            try:
                await self._queue.forget(self._clock.now())
            except (TidewireError, OSError, TimeoutError) as error:
                _log.warning("mails cannot be looked at now: %s", type(error).__name__)
            await asyncio.sleep(_TIDY_SECONDS)


def wait(tries: int) -> float:
    """Seconds until the next try: 5, 10, 20, ... up to an hour."""
    return float(min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (tries - 1)))
