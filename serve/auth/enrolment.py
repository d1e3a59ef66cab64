"""The second factors of one's own account: added, named, removed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import Conflict, LimitExceeded, NotFound, Unauthenticated, WrongFactor
from models.domain.factors import (
    RECOVERY_BYTES,
    SECRET_BYTES,
    matching_step,
    plain_recovery_code,
    recovery_code,
    secret_text,
    totp_uri,
    with_factor,
)
from models.domain.identity import Principal
from models.domain.ids import uuid7
from models.domain.limits import Limits
from models.domain.ports import Sealer
from serve.auth.factor_proofs import FactorProofs, secret_context
from serve.auth.nonces import Nonce, Nonces
from serve.auth.relying_party import NAME, RelyingParty
from serve.auth.throttle import FactorThrottle
from serve.factor_ports import FactorRepository, Overview, Passkey
from serve.ports import IdentityRepository

_REGISTER = "registration"
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class NewTotp:
    """A TOTP that is not confirmed yet, shown once: what to type, the address in the QR code, and the code as SVG."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    qr_svg: str = field(repr=False)


class Enrolment:
    """What a user changes about their factors. Who adds one has proved it, so the session counts as proved by it."""

    def __init__(
        self, factors: FactorRepository, identity: IdentityRepository, proofs: FactorProofs, party: RelyingParty,
        nonces: Nonces, throttle: FactorThrottle, sealer: Sealer, clock: Clock, limits: Limits,
    ) -> None:  # fmt: skip
        self._factors = factors
        self._identity = identity
        self._proofs = proofs
        self._party = party
        self._nonces = nonces
        self._throttle = throttle
        self._sealer = sealer
        self._clock = clock
        self._limits = limits

    async def overview(self, user_id: UUID) -> Overview:
        """What the user has."""
        return await self._factors.overview(user_id)

    async def begin_totp(self, user_id: UUID) -> NewTotp:
        """A secret that counts once a code of it was shown; Conflict when there is a confirmed one."""
        secret = os.urandom(SECRET_BYTES)
        sealed = self._sealer.seal(secret, secret_context(user_id))
        await self._factors.put_totp(user_id, sealed, self._clock.now())
        uri = totp_uri(secret, NAME, await self._email(user_id))
        return NewTotp(secret_text(secret), uri, qr_svg(uri))

    async def confirm_totp(self, principal: Principal, code: str) -> Principal:
        """The caller as proved by the new TOTP; WrongFactor, NotFound when none waits."""
        totp, now = await self._factors.totp(principal.user_id), self._clock.now()
        secret = self._proofs.open_secret(principal.user_id, totp.secret_sealed) if totp else None
        if totp is None or secret is None or totp.confirmed_at is not None:
            raise NotFound("No authenticator waits to be confirmed. Begin again.")
        await self._throttle.enter(principal.user_id)
        step = matching_step(secret, code, now, self._limits.max_totp_skew_steps, totp.last_step)
        if step is None:
            raise WrongFactor("The code is wrong. Look whether the clock of your phone is right.")
        marks = with_factor(principal.factors, "totp")
        if not await self._factors.confirm_totp(
            principal.user_id, principal.session_id, totp.secret_sealed, step, marks, now
        ):
            raise Conflict("The authenticator was changed meanwhile. Begin again.")
        await self._throttle.succeeded(principal.user_id)
        return replace(principal, factors=marks, authenticated_at=now)

    async def remove_totp(self, user_id: UUID) -> None:
        """NotFound; Conflict when it is the last factor and one is required."""
        await self._factors.delete_totp(user_id)

    async def new_recovery_codes(self, user_id: UUID) -> list[str]:
        """Shown once; those from before work no more."""
        salt = os.urandom(_SALT_BYTES)
        codes = [recovery_code(os.urandom(RECOVERY_BYTES)) for _ in range(self._limits.recovery_codes)]
        hashes = [await self._proofs.recovery_hash(plain_recovery_code(code) or "", salt) for code in codes]
        await self._factors.replace_recovery_codes(user_id, hashes, salt, self._clock.now())
        return codes

    async def begin_passkey(self, user_id: UUID) -> tuple[Nonce, Mapping[str, Any]]:
        """Options for the browser, and the nonce that its answer has to carry."""
        known = await self._factors.passkeys(user_id)
        if len(known) >= self._limits.max_passkeys_per_user:
            raise LimitExceeded("max_passkeys_per_user", self._limits.max_passkeys_per_user)
        nonce = self._nonces.make(_REGISTER, str(user_id))
        return nonce, self._party.creation(user_id, await self._email(user_id), known, nonce.value)

    async def add_passkey(
        self, principal: Principal, token: str, name: str, credential: Mapping[str, Any]
    ) -> tuple[Passkey, Principal]:
        """The passkey, and the caller as proved by it; InvalidInput, Conflict, LimitExceeded."""
        nonce, now = self._nonces.open(token, _REGISTER, str(principal.user_id)), self._clock.now()
        made = self._party.registered(credential, nonce.value)
        passkey = Passkey(
            uuid7(now), principal.user_id, made.credential_id, made.public_key, made.sign_count, made.transports,
            made.backed_up, name, now,
        )  # fmt: skip
        marks = with_factor(principal.factors, "passkey")
        if not await self._factors.add_passkey(
            passkey, principal.session_id, nonce.value, nonce.until, marks, now
        ):
            raise Conflict("This answer was used before. Begin again.")
        return passkey, replace(principal, factors=marks, authenticated_at=now)

    async def rename_passkey(self, user_id: UUID, passkey_id: UUID, name: str) -> Passkey:
        """NotFound."""
        return await self._factors.rename_passkey(user_id, passkey_id, name)

    async def remove_passkey(self, user_id: UUID, passkey_id: UUID) -> None:
        """NotFound; Conflict when it is the last factor and one is required."""
        await self._factors.delete_passkey(user_id, passkey_id)

    async def _email(self, user_id: UUID) -> str:
        user = await self._identity.user(user_id)
        if user is None:
            raise Unauthenticated
        return user.email


def qr_svg(text: str) -> str:
    """A QR code as an SVG document that takes the room it is given."""
    # 5 MB that are needed only here.
    import segno  # noqa: PLC0415

    code = segno.make(text, error="m", micro=False)
    made: str = code.svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True)
    return made
