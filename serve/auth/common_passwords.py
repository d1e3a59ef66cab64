"""Passwords that are guessed first: those of known breaches and top lists, shipped as a file and asked without network.

The file: a header in plain text with the sources and their licences, an empty line, then the first 5 bytes of the SHA-1
of each entry, sorted. A password that is not on the list is refused by mistake once in ten million.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from importlib.resources import files

from models.domain.errors import Fault, InvalidInput

_FILE = "common_passwords.bin"
_WIDTH = 5
_SHORTEST = 6
_END = b"\n\n"
# What people add at the end to please a rule: `password` is not better as `Password1!`.
_ADDED = "0123456789!@#$%^&*?.,-_+="


class CommonPasswords:
    """The list; its 400 kB are read when the first password is asked about."""

    def __init__(self, packed: bytes | None = None) -> None:
        self._packed = packed

    def __contains__(self, password: str) -> bool:
        packed = self._load()
        return any(_has(packed, _digest(form)) for form in _forms(password))

    def __len__(self) -> int:
        return len(self._load()) // _WIDTH

    def check(self, password: str, email: str, pointer: str = "/password") -> None:
        """InvalidInput for a password that is on the list, or is made of the address."""
        plain, address = password.strip().casefold(), email.strip().casefold()
        if plain.rstrip(_ADDED) in {address, address.partition("@")[0], "tidewire"} - {""}:
            raise _refused("This password is too easy to guess.", pointer, "must not be your address or our name")
        if password in self:
            raise _refused(
                "This password is known from breaches, so it is tried first.", pointer,
                "is on the list of passwords that everybody tries; take another one, or several words",
            )  # fmt: skip

    def _load(self) -> bytes:
        if self._packed is None:
            self._packed = files("serve.auth").joinpath(_FILE).read_bytes().partition(_END)[2]
        return self._packed


def pack(passwords: Iterable[str]) -> bytes:
    """The list without its header."""
    return b"".join(sorted({_digest(one.casefold()) for one in passwords if len(one) >= _SHORTEST}))


def _forms(password: str) -> Iterator[str]:
    plain = password.strip().casefold()
    yield plain
    base = plain.rstrip(_ADDED)
    if base != plain and len(base) >= _SHORTEST:
        yield base


def _digest(text: str) -> bytes:
    return hashlib.sha1(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()[:_WIDTH]


def _has(packed: bytes, digest: bytes) -> bool:
    low, high = 0, len(packed) // _WIDTH
    while low < high:
        middle = (low + high) // 2
        found = packed[middle * _WIDTH : (middle + 1) * _WIDTH]
        if found == digest:
            return True
        low, high = (middle + 1, high) if found < digest else (low, middle)
    return False


def _refused(detail: str, pointer: str, fault: str) -> InvalidInput:
    return InvalidInput(detail, [Fault(pointer, fault)])
