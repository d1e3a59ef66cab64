"""Hands mails to an SMTP server."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from models.domain.errors import InvalidInput, Unavailable
from serve.mail.ports import MailRefused, Message

_SECONDS = 30.0
_SCHEMES = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mails go. `tls`: from the first byte; without it, STARTTLS is used when the server offers it.

    A password is sent over TLS only.
    """

    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> SmtpServer:
        """`smtp[s]://[user:password@]host[:port]`; InvalidInput does not repeat it."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in _SCHEMES or not parts.hostname or parts.path.strip("/") or parts.query:
            raise InvalidInput("expected smtp[s]://[user:password@]host[:port]")
        return cls(
            parts.hostname, port or _SCHEMES[parts.scheme], parts.scheme == "smtps",
            unquote(parts.username or ""), unquote(parts.password or ""),
        )  # fmt: skip


class SmtpMailer:
    """One connection a mail: mails are rare, and servers close idle connections."""

    def __init__(self, server: SmtpServer, sender: str) -> None:
        self._server = server
        self._sender = sender

    async def send(self, message: Message) -> None:
        """See Mailer."""
        # 5 MB that only a process with mails to send carries.
        import aiosmtplib  # noqa: PLC0415

        server = self._server
        try:
            client = aiosmtplib.SMTP(
                hostname=server.host, port=server.port, use_tls=server.tls, timeout=_SECONDS,
                start_tls=True if server.user and not server.tls else None,
            )  # fmt: skip
            async with client:
                if server.user:
                    await client.login(server.user, server.password)
                await client.send_message(email_of(message, self._sender))
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [one.code for one in error.recipients]
            _raise(min(codes, default=450), error)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Unavailable(f"The mail server did not take the password ({error.code}).") from None
        except aiosmtplib.SMTPResponseException as error:
            _raise(error.code, error)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Unavailable(f"The mail server did not answer ({type(error).__name__}).") from None


def email_of(message: Message, sender: str) -> EmailMessage:
    """The mail with its two forms. Line breaks in headers raise ValueError in the library, so none gets in."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.recipient
    mail["Subject"] = message.subject
    mail["Date"] = formatdate()
    # The same at each try, so that a mail that came twice is seen to be one.
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2].rstrip('>') or 'tidewire'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    return mail


def _raise(code: int, error: Exception) -> None:
    # What servers write beside the code may repeat the address.
    if 500 <= code < 600:
        raise MailRefused(f"The mail server refused the mail ({code}).") from error
    raise Unavailable(f"The mail server put the mail off ({code}).") from error
