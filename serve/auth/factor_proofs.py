"""From what a person presents to a proof that can be used up; the database alone decides whether it still can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import InvalidInput
from models.domain.factors import (
    PasskeyProof,
    Proof,
    RecoveryProof,
    TotpProof,
    matching_step,
    plain_recovery_code,
)
from models.domain.limits import Limits
from models.domain.ports import Sealer
from serve.auth.passwords import Passwords
from serve.auth.relying_party import RelyingParty, credential_id_of
from serve.factor_ports import FactorRepository, Passkey


@dataclass(frozen=True, slots=True)
class Presented:
    """What came in: one of the three, or a password where there is no factor."""

    code: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    assertion: Mapping[str, Any] | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


def secret_context(user_id: UUID) -> str:
    """To whom the sealed secret of a TOTP belongs."""
    return f"totp/{user_id}"


class FactorProofs:
    """Checks codes and signatures."""

    def __init__(
        self, factors: FactorRepository, party: RelyingParty, passwords: Passwords, sealer: Sealer, clock: Clock,
        limits: Limits,
    ) -> None:  # fmt: skip
        self._factors = factors
        self._party = party
        self._passwords = passwords
        self._sealer = sealer
        self._clock = clock
        self._limits = limits

    async def of(self, user_id: UUID, presented: Presented, nonce: bytes | None, until: datetime) -> Proof | None:
        """A proof of the user's, None when what is presented is wrong. Without a nonce no passkey is accepted."""
        if presented.code is not None:
            return await self._totp(user_id, presented.code)
        if presented.recovery_code is not None:
            return await self._recovery(user_id, presented.recovery_code)
        if presented.assertion is None or nonce is None:
            return None
        passkey = await self.passkey_of(presented.assertion)
        if passkey is None or passkey.user_id != user_id:
            return None
        return self.signature(presented.assertion, passkey, nonce, until)

    async def passkey_of(self, assertion: Mapping[str, Any]) -> Passkey | None:
        """The passkey that an assertion says it is of."""
        credential_id = credential_id_of(assertion)
        return None if credential_id is None else await self._factors.passkey(credential_id)

    def signature(
        self, assertion: Mapping[str, Any], passkey: Passkey, nonce: bytes, until: datetime
    ) -> PasskeyProof | None:
        """The proof that an assertion is; the count of signatures has to grow, as far as the passkey counts."""
        signed = self._party.signed(assertion, passkey, nonce)
        if signed is None:
            return None
        return PasskeyProof(passkey.credential_id, signed.sign_count, signed.backed_up, nonce, until)

    def open_secret(self, user_id: UUID, sealed: bytes) -> bytes | None:
        """The secret of a TOTP; None when it was not sealed for this user."""
        try:
            return self._sealer.open(sealed, secret_context(user_id))
        except InvalidInput:
            return None

    async def recovery_hash(self, plain: str, salt: bytes) -> bytes:
        """The slow hash that is stored of a recovery code."""
        return await self._passwords.derive(plain, salt)

    async def _totp(self, user_id: UUID, code: str) -> TotpProof | None:
        totp = await self._factors.totp(user_id)
        if totp is None or totp.confirmed_at is None:
            return None
        secret = self.open_secret(user_id, totp.secret_sealed)
        if secret is None:
            return None
        window = self._limits.max_totp_skew_steps
        step = matching_step(secret, code, self._clock.now(), window, totp.last_step)
        return None if step is None else TotpProof(step)

    async def _recovery(self, user_id: UUID, typed: str) -> RecoveryProof | None:
        plain, salt = plain_recovery_code(typed), await self._factors.recovery_salt(user_id)
        if plain is None or salt is None:
            return None
        return RecoveryProof(await self.recovery_hash(plain, salt))
