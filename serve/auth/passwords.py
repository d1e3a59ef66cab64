"""Passwords: argon2id, in threads, never more at once than the machine has memory for."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw


class Passwords:
    """Hashes and checks passwords; a check takes the same time whether the user exists or not."""

    def __init__(self, at_once: int = 4, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._slots = asyncio.Semaphore(at_once)
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        """The argon2id hash to store."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; None checks against nobody's."""
        async with self._slots:
            right = await asyncio.to_thread(self._verify, stored or self._nobody, password)
        return right and stored is not None

    async def derive(self, text: str, salt: bytes) -> bytes:
        """The argon2id hash of a text with a salt that is known, to find it by; 32 bytes."""
        async with self._slots:
            return await asyncio.to_thread(self._derive, text, salt)

    def _derive(self, text: str, salt: bytes) -> bytes:
        made = self._hasher
        return hash_secret_raw(
            text.encode(), salt, made.time_cost, made.memory_cost, made.parallelism, 32, Type.ID
        )  # fmt: skip

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than those of now."""
        try:
            return self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return False

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
