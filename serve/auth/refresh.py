"""Refresh tokens and tickets: random texts of which only hashes are stored."""

from __future__ import annotations

import hashlib
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.domain.errors import Unauthenticated

_CONTEXT = b"tidewire refresh successor"


def new_refresh_token() -> str:
    """256 random bits; the prefix lets secret scanners recognise it."""
    return "twr_" + secrets.token_urlsafe(32)


def new_ticket() -> str:
    """A one-time sign-in ticket."""
    return "twt_" + secrets.token_urlsafe(32)


def new_mfa_token() -> str:
    """Of a sign-in that waits for a second factor."""
    return "twm_" + secrets.token_urlsafe(32)


def new_mail_token() -> str:
    """Of the link in a mail."""
    return "twv_" + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored instead of the token; random texts of this length need no salt."""
    return hashlib.sha256(token.encode()).digest()


def seal_successor(token: str, successor: str) -> bytes:
    """The successor, readable only with the token it follows: a database dump shows neither."""
    nonce = os.urandom(12)
    return nonce + AESGCM(_key(token)).encrypt(nonce, successor.encode(), _CONTEXT)


def open_successor(token: str, sealed: bytes) -> str:
    """The successor sealed for the holder of the token."""
    try:
        return AESGCM(_key(token)).decrypt(sealed[:12], sealed[12:], _CONTEXT).decode()
    except InvalidTag:
        raise Unauthenticated from None


def _key(token: str) -> bytes:
    return hashlib.sha256(_CONTEXT + b"\0" + token.encode()).digest()
