"""Secrets at rest: AES-256-GCM with a ring of keys, so that keys can change while old secrets stay readable.

Sealed bytes: version (1), id of the key (4), nonce (12), ciphertext with tag. The first five and the context are
authenticated with the text.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.domain.errors import InvalidInput

_VERSION = b"\x01"
_HEAD, _NONCE = 5, 12


class AesGcmSealer:
    """Seals with the first key of the ring, opens with any. A key is 32 random bytes."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != 32 for key in keys):
            raise ValueError("a key ring has at least one key, and a key has 32 bytes")
        self._ring = {_key_id(key): AESGCM(key) for key in keys}
        self._active = _key_id(keys[0])

    def __repr__(self) -> str:
        return f"AesGcmSealer({len(self._ring)} keys)"

    def seal(self, plain: bytes, context: str) -> bytes:
        """`context` names tenant and place; the secret opens nowhere else."""
        head, nonce = _VERSION + self._active, os.urandom(_NONCE)
        return head + nonce + self._ring[self._active].encrypt(nonce, plain, head + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """InvalidInput when bytes or context were changed, or when the key is not in the ring."""
        head, nonce, text = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        key = self._ring.get(head[1:]) if head[:1] == _VERSION else None
        if key is None:
            raise InvalidInput("The secret was sealed with a key that is not known here.")
        try:
            return key.decrypt(nonce, text, head + context.encode())
        except (InvalidTag, ValueError):
            raise InvalidInput("The sealed secret was changed.") from None

    def is_current(self, sealed: bytes) -> bool:
        """False when it should be sealed anew, because another key has become the active one."""
        return sealed[1:_HEAD] == self._active


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"tidewire key id\0" + key).digest()[:4]
