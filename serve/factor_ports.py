"""What the API needs to know and change about second factors; cluster/adapters/api_factors.py provides it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from models.domain.factors import Enrolled, Proof
from serve.records import NewSession


@dataclass(frozen=True, slots=True)
class Totp:
    """A TOTP; it counts only when it is confirmed. `last_step` is the step whose code was used last."""

    secret_sealed: bytes = field(repr=False)
    last_step: int
    created_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Passkey:
    """`public_key` is a COSE key; `backed_up`: it lives on more than one device."""

    id: UUID
    user_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: Sequence[str]
    backed_up: bool
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewChallenge:
    """A sign-in that has proved `factors` and waits for one more; `nonce` is what a passkey is to sign."""

    hash: bytes = field(repr=False)
    user_id: UUID
    tenant_id: UUID
    factors: Sequence[str]
    user_agent: str
    nonce: bytes = field(repr=False)
    expires_at: datetime
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """A sign-in that waits and still may be tried."""

    user_id: UUID
    tenant_id: UUID
    factors: Sequence[str]
    user_agent: str
    nonce: bytes = field(repr=False)
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """What a user has, as the settings show it."""

    totp: Totp | None
    passkeys: Sequence[Passkey]
    enrolled: Enrolled
    recovery_created_at: datetime | None


class FactorRepository(Protocol):
    """Second factors of users. Nothing here is given a plain secret or code. What works once is used by one change of
    its row: of many that race, one wins."""

    async def enrolled(self, user_id: UUID) -> Enrolled: ...

    async def overview(self, user_id: UUID) -> Overview: ...

    async def totp(self, user_id: UUID) -> Totp | None:
        """Confirmed or not."""

    async def put_totp(self, user_id: UUID, secret_sealed: bytes, now: datetime) -> None:
        """To be confirmed; Conflict when there is a confirmed one."""

    async def confirm_totp(
        self, user_id: UUID, session_id: UUID, secret_sealed: bytes, step: int, marks: Collection[str], now: datetime
    ) -> bool:
        """Confirms this very secret, uses the step up, and marks the session as proved by `marks`."""

    async def delete_totp(self, user_id: UUID) -> None:
        """NotFound when there is none; Conflict when it is the last factor and a tenant of the user requires one."""

    async def passkeys(self, user_id: UUID) -> Sequence[Passkey]:
        """Oldest first."""

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """Whosesoever it is."""

    async def add_passkey(
        self, passkey: Passkey, session_id: UUID, nonce: bytes, until: datetime, marks: Collection[str], now: datetime
    ) -> bool:
        """Marks the session too; False when the nonce was used before. Conflict, LimitExceeded."""

    async def rename_passkey(self, user_id: UUID, passkey_id: UUID, name: str) -> Passkey:
        """NotFound when the user has no such one."""

    async def delete_passkey(self, user_id: UUID, passkey_id: UUID) -> None:
        """NotFound; Conflict when it is the last factor and a tenant of the user requires one."""

    async def recovery_salt(self, user_id: UUID) -> bytes | None:
        """None when there are no codes."""

    async def replace_recovery_codes(
        self, user_id: UUID, hashes: Collection[bytes], salt: bytes, now: datetime
    ) -> None:
        """Conflict when the user has no factor that they could stand in for."""

    async def add_challenge(self, challenge: NewChallenge, now: datetime) -> None: ...

    async def challenge(self, challenge_hash: bytes, now: datetime) -> Challenge | None:
        """None for one that is unknown, used, expired, or was tried too often."""

    async def answer(
        self, challenge_hash: bytes, user_id: UUID, proof: Proof | None, session: NewSession, now: datetime
    ) -> bool:
        """Counts a try. A right proof that nobody used before closes the challenge and opens the session."""

    async def enter(self, user_id: UUID, proof: Proof, session: NewSession, now: datetime) -> bool:
        """Opens a session by a proof alone, if it was not used before."""

    async def prove(
        self, user_id: UUID, session_id: UUID, proof: Proof | None, marks: Collection[str], now: datetime
    ) -> bool:
        """Marks the session as proved now, using the proof up; None where a password proved it. False when the proof
        was used before or the session has ended."""

    async def requirements(self, tenant_id: UUID) -> frozenset[str]:
        """Roles of which the tenant requires a second factor, EVERYONE among them for all."""

    async def set_requirements(self, tenant_id: UUID, roles: Collection[str]) -> None: ...
