"""Secrets at rest."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.errors import InvalidInput
from storage.sealer import AesGcmSealer

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


@given(st.binary(max_size=300), st.text(max_size=50))
def test_what_was_sealed_opens(plain: bytes, context: str) -> None:
    sealer = AesGcmSealer([OLD])
    sealed = sealer.seal(plain, context)
    assert sealer.open(sealed, context) == plain
    assert sealer.seal(plain, context) != sealed
    assert len(plain) < 4 or plain not in sealed


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    sealer = AesGcmSealer([OLD, NEW])
    sealed = bytearray(sealer.seal(b"secret", "a"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidInput):
        sealer.open(bytes(sealed), "a")


@pytest.mark.parametrize("cut", [0, 1, 4, 5, 16, 17, 32])
def test_what_is_too_short_is_refused(cut: int) -> None:
    sealer = AesGcmSealer([OLD])
    with pytest.raises(InvalidInput):
        sealer.open(sealer.seal(b"secret", "a")[:cut], "a")


def test_a_secret_opens_only_in_its_place() -> None:
    sealer = AesGcmSealer([OLD])
    with pytest.raises(InvalidInput):
        sealer.open(sealer.seal(b"secret", "connection:1:crm"), "connection:2:crm")


def test_keys_change_without_losing_secrets() -> None:
    old, both, new = AesGcmSealer([OLD]), AesGcmSealer([NEW, OLD]), AesGcmSealer([NEW])
    sealed = old.seal(b"secret", "a")
    assert both.open(sealed, "a") == b"secret"
    assert not both.is_current(sealed)
    fresh = both.seal(b"secret", "a")
    assert both.is_current(fresh)
    assert new.open(fresh, "a") == b"secret"
    with pytest.raises(InvalidInput):
        new.open(sealed, "a")


@pytest.mark.parametrize("keys", [[], [b"short"], [OLD, os.urandom(31)]])
def test_a_bad_key_ring_is_refused(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="key"):
        AesGcmSealer(keys)


def test_it_does_not_show_its_keys() -> None:
    assert repr(AesGcmSealer([OLD])) == "AesGcmSealer(1 keys)"
