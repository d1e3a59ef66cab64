"""Step-up: before a sensitive change a session has to have proved of late who is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from models.domain.clock import Clock
from models.domain.errors import Forbidden, StepUpRequired, Unauthenticated, WrongFactor
from models.domain.factors import PASSWORD, Proof, is_fresh, is_strong, with_factor
from models.domain.identity import Credential, Principal
from models.domain.limits import Limits
from serve.auth.factor_proofs import FactorProofs, Presented
from serve.auth.nonces import Nonce, Nonces
from serve.auth.passwords import Passwords
from serve.auth.relying_party import RelyingParty
from serve.auth.session_tokens import Device, SessionTokens
from serve.auth.throttle import FactorThrottle, SignInThrottle
from serve.factor_ports import FactorRepository
from serve.ports import IdentityRepository

_STEP_UP = "step-up"
# For who has neither a factor nor a password, as after single sign-on.
SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class StepUpOptions:
    """By what somebody can step up; `passkey` is what a browser's passkey is to sign, carried by the nonce."""

    factors: Sequence[str]
    nonce: Nonce | None
    passkey: Mapping[str, Any] | None


class StepUp:
    """Knows whether a session is fresh, and makes it so."""

    def __init__(
        self, factors: FactorRepository, identity: IdentityRepository, proofs: FactorProofs, party: RelyingParty,
        passwords: Passwords, nonces: Nonces, sessions: SessionTokens, throttle: FactorThrottle,
        sign_in_throttle: SignInThrottle, clock: Clock, limits: Limits,
    ) -> None:  # fmt: skip
        self._factors = factors
        self._identity = identity
        self._proofs = proofs
        self._party = party
        self._passwords = passwords
        self._nonces = nonces
        self._sessions = sessions
        self._throttle = throttle
        self._sign_in_throttle = sign_in_throttle
        self._clock = clock
        self._limits = limits

    async def require_fresh(self, principal: Principal) -> None:
        """StepUpRequired unless the session proved of late who is there. API keys and clients are as narrow as whoever
        made them made them, by a fresh session."""
        if principal.credential is not Credential.SESSION:
            return
        now, seconds, since = self._clock.now(), self._limits.step_up_seconds, principal.authenticated_at
        recent = since is not None and now - since <= timedelta(seconds=seconds)
        if since is not None and recent and is_strong(principal.factors):
            return
        has = await self._factors.enrolled(principal.user_id)
        if since is not None and is_fresh(principal.factors, since, now, seconds, has.any):
            return
        raise StepUpRequired(has.usable or await self._without_factor(principal), seconds)

    async def options(self, principal: Principal) -> StepUpOptions:
        """By what the caller can step up now."""
        usable: Sequence[str] = (await self._factors.enrolled(principal.user_id)).usable
        if "passkey" not in usable:
            return StepUpOptions(usable or await self._without_factor(principal), None, None)
        nonce = self._nonces.make(_STEP_UP, str(principal.session_id))
        known = await self._factors.passkeys(principal.user_id)
        return StepUpOptions(usable, nonce, self._party.request(known, nonce.value))

    async def prove(
        self, principal: Principal, presented: Presented, token: str | None, device: Device
    ) -> tuple[str, int]:
        """A fresh access token of the same session and its life in seconds; WrongFactor, TooManyRequests."""
        if principal.credential is not Credential.SESSION:
            raise Forbidden("Only somebody who is signed in can step up.")
        has = await self._factors.enrolled(principal.user_id)
        if has.any:
            proof: Proof | None = await self._by_factor(principal, presented, token)
            marks = with_factor(principal.factors, proof.factor) if proof else ()
        else:
            proof = None
            await self._by_password(principal, presented.password, device)
            marks = tuple(dict.fromkeys((*principal.factors, PASSWORD)))
        now = self._clock.now()
        if not await self._factors.prove(principal.user_id, principal.session_id, proof, marks, now):
            raise WrongFactor
        if proof is not None:
            await self._throttle.succeeded(principal.user_id)
        return self.access(replace(principal, factors=marks, authenticated_at=now))

    def access(self, principal: Principal) -> tuple[str, int]:
        """An access token of the session as it is proved now, and its life in seconds."""
        return self._sessions.access(principal, self._clock.now())

    async def _by_factor(self, principal: Principal, presented: Presented, token: str | None) -> Proof:
        nonce = self._nonces.open(token, _STEP_UP, str(principal.session_id)) if token is not None else None
        await self._throttle.enter(principal.user_id)
        now = self._clock.now()
        proof = await self._proofs.of(
            principal.user_id, presented, nonce.value if nonce else None, nonce.until if nonce else now
        )
        if proof is None:
            raise WrongFactor
        return proof

    async def _by_password(self, principal: Principal, password: str | None, device: Device) -> None:
        user = await self._identity.user(principal.user_id)
        if user is None or user.disabled:
            raise Unauthenticated
        await self._sign_in_throttle.enter(user.email, device.address)
        if not await self._passwords.matches(user.password_hash, password or ""):
            raise WrongFactor("The password is wrong.")
        await self._sign_in_throttle.succeeded(user.email, device.address)

    async def _without_factor(self, principal: Principal) -> list[str]:
        user = await self._identity.user(principal.user_id)
        return ["password" if user is not None and user.password_hash is not None else SIGN_IN]
