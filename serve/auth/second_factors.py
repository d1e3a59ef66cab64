"""The second step of a sign-in, and signing in by passkey alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import NotFound, Unauthenticated, WrongFactor
from models.domain.factors import Factor, is_strong, with_factor
from models.domain.limits import Limits
from serve.auth.factor_proofs import FactorProofs, Presented
from serve.auth.nonces import NONCE_BYTES, Nonce, Nonces
from serve.auth.refresh import new_mfa_token, token_hash
from serve.auth.relying_party import RelyingParty
from serve.auth.session_tokens import Device, SessionTokens, SignedIn
from serve.auth.throttle import FactorThrottle
from serve.factor_ports import FactorRepository, NewChallenge
from serve.ports import IdentityRepository
from serve.records import Membership, User

_SIGN_IN = "sign-in"
_BEGIN_AGAIN = "This sign-in took too long, was tried too often or was finished elsewhere. Begin again."


@dataclass(frozen=True, slots=True)
class SecondFactorNeeded:
    """The password was right, and one of `factors` has to follow; `passkey`: what a browser's passkey is to sign."""

    mfa_token: str = field(repr=False)
    factors: Sequence[Factor]
    expires_in: int
    passkey: Mapping[str, Any] | None


class SecondFactors:
    """Asks for a second factor and takes the answer."""

    def __init__(
        self, factors: FactorRepository, identity: IdentityRepository, proofs: FactorProofs, party: RelyingParty,
        nonces: Nonces, sessions: SessionTokens, throttle: FactorThrottle, clock: Clock, limits: Limits,
    ) -> None:  # fmt: skip
        self._factors = factors
        self._identity = identity
        self._proofs = proofs
        self._party = party
        self._nonces = nonces
        self._sessions = sessions
        self._throttle = throttle
        self._clock = clock
        self._limits = limits

    async def ask(
        self, user_id: UUID, tenant_id: UUID, device: Device, factors: Sequence[str], epoch: int | None = None
    ) -> SecondFactorNeeded | None:
        """What is still needed of somebody who has proved `factors`; None when nothing is.

        `epoch`: of the user's sessions when that was proved.
        """
        if is_strong(factors):
            return None
        usable = (await self._factors.enrolled(user_id)).usable
        if not usable:
            return None
        now, token, nonce = self._clock.now(), new_mfa_token(), os.urandom(NONCE_BYTES)
        until = now + timedelta(seconds=self._limits.mfa_seconds)
        challenge = NewChallenge(
            token_hash(token), user_id, tenant_id, tuple(factors), device.user_agent, nonce, until, epoch
        )
        await self._factors.add_challenge(challenge, now)
        passkey = None
        if "passkey" in usable:
            passkey = self._party.request(await self._factors.passkeys(user_id), nonce)
        return SecondFactorNeeded(token, usable, self._limits.mfa_seconds, passkey)

    async def verify(self, mfa_token: str, presented: Presented, device: Device) -> SignedIn:
        """Opens the session. WrongFactor may be tried again, Unauthenticated not."""
        now, challenge_hash = self._clock.now(), token_hash(mfa_token)
        challenge = await self._factors.challenge(challenge_hash, now)
        if challenge is None or challenge.user_agent != device.user_agent:
            raise Unauthenticated(_BEGIN_AGAIN)
        await self._throttle.enter(challenge.user_id)
        _, membership = await self._membership(challenge.user_id, str(challenge.tenant_id))
        until = now + timedelta(seconds=self._limits.mfa_seconds)
        proof = await self._proofs.of(challenge.user_id, presented, challenge.nonce, until)
        marks = with_factor(challenge.factors, proof.factor) if proof else ()
        session, refresh_token = self._sessions.new_session(
            challenge.user_id, challenge.tenant_id, device, now, marks, epoch=challenge.epoch
        )
        if not await self._factors.answer(challenge_hash, challenge.user_id, proof, session, now):
            raise WrongFactor
        await self._throttle.succeeded(challenge.user_id)
        return self._sessions.opened(session, membership.role, refresh_token, now)

    def passkey_options(self) -> tuple[Nonce, Mapping[str, Any]]:
        """What any passkey of this place may sign to sign in; it leaves nothing behind here."""
        nonce = self._nonces.make(_SIGN_IN)
        return nonce, self._party.request((), nonce.value)

    async def by_passkey(
        self, token: str, assertion: Mapping[str, Any], tenant: str | None, device: Device
    ) -> SignedIn:
        """Signs in whoever the passkey belongs to."""
        nonce, now = self._nonces.open(token, _SIGN_IN), self._clock.now()
        passkey = await self._proofs.passkey_of(assertion)
        proof = self._proofs.signature(assertion, passkey, nonce.value, nonce.until) if passkey else None
        if passkey is None or proof is None:
            raise WrongFactor("This passkey is not known here, or its signature is not right.")
        user, membership = await self._membership(passkey.user_id, tenant)
        session, refresh_token = self._sessions.new_session(
            passkey.user_id, membership.tenant_id, device, now, with_factor((), "passkey"), epoch=user.session_epoch
        )
        if not await self._factors.enter(passkey.user_id, proof, session, now):
            raise WrongFactor("This signature was used before. Begin again.")
        return self._sessions.opened(session, membership.role, refresh_token, now)

    async def _membership(self, user_id: UUID, tenant: str | None) -> tuple[User, Membership]:
        user = await self._identity.user(user_id)
        if user is None or user.disabled:
            raise Unauthenticated(_BEGIN_AGAIN)
        for membership in await self._identity.memberships(user_id):
            if tenant is None or tenant in (membership.name, str(membership.tenant_id)):
                return user, membership
        raise NotFound("You are not a member of such a tenant.")
