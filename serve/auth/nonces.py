"""Nonces for passkeys to sign. The caller carries them in a sealed token, so that asking leaves nothing behind here."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from models.domain.clock import Clock
from models.domain.errors import InvalidInput, Unauthenticated
from models.domain.ports import Sealer

PREFIX = "twn_"
NONCE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Nonce:
    """What is to be signed, until when; `token` carries it to the caller and back."""

    value: bytes
    until: datetime
    token: str


class Nonces:
    """Makes nonces for one purpose and one subject each, and knows its own."""

    def __init__(self, sealer: Sealer, clock: Clock, seconds: int) -> None:
        self._sealer, self._clock, self._seconds = sealer, clock, seconds

    def make(self, purpose: str, subject: str = "") -> Nonce:
        """A new one."""
        value, until = os.urandom(NONCE_BYTES), self._clock.now() + timedelta(seconds=self._seconds)
        plain = orjson.dumps([value.hex(), until.timestamp()])
        sealed = self._sealer.seal(plain, _context(purpose, subject))
        return Nonce(value, until, PREFIX + base64.urlsafe_b64encode(sealed).decode())

    def open(self, token: str, purpose: str, subject: str = "") -> Nonce:
        """Unauthenticated for one that is not ours, was made for something or somebody else, or is too old."""
        try:
            sealed = base64.b64decode(token.removeprefix(PREFIX), altchars=b"-_", validate=True)
            value, until = orjson.loads(self._sealer.open(sealed, _context(purpose, subject)))
        except (InvalidInput, binascii.Error, ValueError):
            raise _refused() from None
        nonce = Nonce(bytes.fromhex(value), datetime.fromtimestamp(until, UTC), token)
        if nonce.until <= self._clock.now():
            raise _refused()
        return nonce


def _context(purpose: str, subject: str) -> str:
    return f"passkey nonce/{purpose}/{subject}"


def _refused() -> Unauthenticated:
    return Unauthenticated("This took too long, or was not begun here. Begin again.")
