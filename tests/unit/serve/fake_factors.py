"""Second factors in memory, with the same rules of what works once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from models.domain.errors import Conflict, LimitExceeded, NotFound
from models.domain.factors import Enrolled, PasskeyProof, Proof, RecoveryProof, TotpProof, is_required
from models.domain.limits import Limits
from serve.factor_ports import Challenge, NewChallenge, Overview, Passkey, Totp
from serve.records import NewSession
from tests.unit.serve.fakes import FakeIdentity


@dataclass
class FakeFactors:
    identity: FakeIdentity
    limits: Limits = field(default_factory=Limits)
    totps: dict[UUID, Totp] = field(default_factory=dict)
    keys: dict[bytes, Passkey] = field(default_factory=dict)
    codes: dict[UUID, set[bytes]] = field(default_factory=dict)
    salts: dict[UUID, bytes] = field(default_factory=dict)
    made: dict[UUID, datetime] = field(default_factory=dict)
    challenges: dict[bytes, NewChallenge] = field(default_factory=dict)
    tries: dict[bytes, int] = field(default_factory=dict)
    nonces: set[bytes] = field(default_factory=set)
    proved: dict[UUID, tuple[tuple[str, ...], datetime]] = field(default_factory=dict)
    required: dict[UUID, frozenset[str]] = field(default_factory=dict)

    async def enrolled(self, user_id: UUID) -> Enrolled:
        totp = self.totps.get(user_id)
        return Enrolled(
            totp is not None and totp.confirmed_at is not None, len(await self.passkeys(user_id)),
            len(self.codes.get(user_id, ())),
        )  # fmt: skip

    async def overview(self, user_id: UUID) -> Overview:
        return Overview(
            self.totps.get(user_id), await self.passkeys(user_id), await self.enrolled(user_id),
            self.made.get(user_id),
        )  # fmt: skip

    async def totp(self, user_id: UUID) -> Totp | None:
        return self.totps.get(user_id)

    async def put_totp(self, user_id: UUID, secret_sealed: bytes, now: datetime) -> None:
        if (known := self.totps.get(user_id)) is not None and known.confirmed_at is not None:
            raise Conflict("There is an authenticator already.")
        self.totps[user_id] = Totp(secret_sealed, -1, now, None)

    async def confirm_totp(
        self, user_id: UUID, session_id: UUID, secret_sealed: bytes, step: int, marks: Collection[str], now: datetime
    ) -> bool:
        known = self.totps.get(user_id)
        if known is None or known.secret_sealed != secret_sealed or known.confirmed_at is not None:
            return False
        self.totps[user_id] = replace(known, confirmed_at=now, last_step=step)
        self.proved[session_id] = (tuple(marks), now)
        return True

    async def delete_totp(self, user_id: UUID) -> None:
        if user_id not in self.totps:
            raise NotFound("There is no authenticator.")
        kept = self.totps.pop(user_id)
        if kept.confirmed_at is not None and await self._needed(user_id):
            self.totps[user_id] = kept
            raise Conflict("It is required.")

    async def passkeys(self, user_id: UUID) -> Sequence[Passkey]:
        return [one for one in self.keys.values() if one.user_id == user_id]

    async def passkey(self, credential_id: bytes) -> Passkey | None:
        return self.keys.get(credential_id)

    async def add_passkey(
        self, passkey: Passkey, session_id: UUID, nonce: bytes, until: datetime, marks: Collection[str], now: datetime
    ) -> bool:
        if nonce in self.nonces:
            return False
        if passkey.credential_id in self.keys:
            raise Conflict("This passkey is registered already.")
        if len(await self.passkeys(passkey.user_id)) >= self.limits.max_passkeys_per_user:
            raise LimitExceeded("max_passkeys_per_user", self.limits.max_passkeys_per_user)
        self.nonces.add(nonce)
        self.keys[passkey.credential_id] = passkey
        self.proved[session_id] = (tuple(marks), now)
        return True

    async def rename_passkey(self, user_id: UUID, passkey_id: UUID, name: str) -> Passkey:
        found = self._passkey(user_id, passkey_id)
        self.keys[found.credential_id] = replace(found, name=name)
        return self.keys[found.credential_id]

    async def delete_passkey(self, user_id: UUID, passkey_id: UUID) -> None:
        kept = self.keys.pop(self._passkey(user_id, passkey_id).credential_id)
        if await self._needed(user_id):
            self.keys[kept.credential_id] = kept
            raise Conflict("It is required.")

    async def recovery_salt(self, user_id: UUID) -> bytes | None:
        return self.salts.get(user_id)

    async def replace_recovery_codes(
        self, user_id: UUID, hashes: Collection[bytes], salt: bytes, now: datetime
    ) -> None:
        if not (await self.enrolled(user_id)).any:
            raise Conflict("There is no factor.")
        self.codes[user_id], self.salts[user_id], self.made[user_id] = set(hashes), salt, now

    async def add_challenge(self, challenge: NewChallenge, now: datetime) -> None:
        self.challenges[challenge.hash] = challenge

    async def challenge(self, challenge_hash: bytes, now: datetime) -> Challenge | None:
        one = self.challenges.get(challenge_hash)
        if one is None or one.expires_at <= now or self._tries(challenge_hash) >= self.limits.max_mfa_tries:
            return None
        return Challenge(one.user_id, one.tenant_id, one.factors, one.user_agent, one.nonce)

    async def answer(
        self, challenge_hash: bytes, user_id: UUID, proof: Proof | None, session: NewSession, now: datetime
    ) -> bool:
        if await self.challenge(challenge_hash, now) is None:
            return False
        self.tries[challenge_hash] = self._tries(challenge_hash) + 1
        if proof is None or not self._use(user_id, proof):
            return False
        del self.challenges[challenge_hash]
        await self.identity.open_session(session)
        return True

    async def enter(self, user_id: UUID, proof: Proof, session: NewSession, now: datetime) -> bool:
        if not self._use(user_id, proof):
            return False
        await self.identity.open_session(session)
        return True

    async def prove(
        self, user_id: UUID, session_id: UUID, proof: Proof | None, marks: Collection[str], now: datetime
    ) -> bool:
        if proof is not None and not self._use(user_id, proof):
            return False
        self.proved[session_id] = (tuple(marks), now)
        return True

    async def requirements(self, tenant_id: UUID) -> frozenset[str]:
        return self.required.get(tenant_id, frozenset())

    async def set_requirements(self, tenant_id: UUID, roles: Collection[str]) -> None:
        self.required[tenant_id] = frozenset(roles)

    def _tries(self, challenge_hash: bytes) -> int:
        return self.tries.get(challenge_hash, 0)

    def _passkey(self, user_id: UUID, passkey_id: UUID) -> Passkey:
        for one in self.keys.values():
            if (one.user_id, one.id) == (user_id, passkey_id):
                return one
        raise NotFound("You have no such passkey.")

    async def _needed(self, user_id: UUID) -> bool:
        if (await self.enrolled(user_id)).any:
            return False
        members = await self.identity.memberships(user_id)
        return any(is_required(self.required.get(one.tenant_id, ()), one.role) for one in members)

    def _use(self, user_id: UUID, proof: Proof) -> bool:
        if isinstance(proof, TotpProof):
            totp = self.totps[user_id]
            self.totps[user_id] = replace(totp, last_step=max(totp.last_step, proof.step))
            return totp.last_step < proof.step
        if isinstance(proof, RecoveryProof):
            known = proof.hash in self.codes.get(user_id, ())
            self.codes.get(user_id, set()).discard(proof.hash)
            return known
        return self._use_passkey(proof)

    def _use_passkey(self, proof: PasskeyProof) -> bool:
        known = self.keys[proof.credential_id]
        grew = known.sign_count < proof.sign_count or known.sign_count == proof.sign_count == 0
        if proof.nonce in self.nonces or not grew:
            return False
        self.nonces.add(proof.nonce)
        self.keys[proof.credential_id] = replace(known, sign_count=proof.sign_count)
        return True
