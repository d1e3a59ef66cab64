"""Writes the rows of mails: what is in them is sealed, for it holds links that open accounts."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID

from models.domain.ids import uuid7
from models.domain.ports import Sealer
from serve.mail.ports import Message, NewMail
from serve.mail.texts import Values, as_html, as_text, letter


class Letters:
    """Makes mails whose links lead to the pages at `base`."""

    def __init__(self, sealer: Sealer, base: str) -> None:
        self._sealer = sealer
        self._base = base.rstrip("/")

    def link(self, page: str, token: str = "") -> str:
        """A page of the web app; the token is in the fragment, which browsers send to nobody."""
        return f"{self._base}/{page}#token={token}" if token else f"{self._base}/{page}"

    def write(self, kind: str, recipient: str, values: Values, now: datetime, lasts: timedelta) -> NewMail:
        """A mail that is worth sending for so long. `kind` is one of texts.KINDS."""
        mail_id = uuid7(now)
        # Kinds that stand in for each other must be of one size: the values of both are always in it.
        plain = json.dumps({"sign_in": self.link("login"), "lasts": duration(lasts), **values}).encode()
        return NewMail(mail_id, kind, recipient, self._sealer.seal(plain, context(mail_id)), now, now + lasts)


def read(mail_id: UUID, kind: str, recipient: str, sealed: bytes, sealer: Sealer) -> Message:
    """The mail as a person reads it; InvalidInput when it was sealed with a key that is not known any more."""
    written = letter(kind, json.loads(sealer.open(sealed, context(mail_id))))
    return Message(mail_id, recipient, written.subject, as_text(written), as_html(written))


def link_in(mail_id: UUID, kind: str, sealed: bytes, sealer: Sealer) -> str:
    """The link of a mail, for an operator who hands it over by other means."""
    return letter(kind, json.loads(sealer.open(sealed, context(mail_id)))).link


def context(mail_id: UUID) -> str:
    """What the content of a mail is sealed for."""
    return f"mail:{mail_id}"


def duration(lasts: timedelta) -> str:
    """`2 days`, `1 hour`, `30 minutes`."""
    seconds = int(lasts.total_seconds())
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return f"{seconds} seconds"
