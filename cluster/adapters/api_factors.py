"""Second factors over PostgreSQL, for the API."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from cluster.adapters.mapping import as_, there
from models.domain.errors import Conflict, NotFound
from models.domain.factors import Enrolled, Proof, is_required
from models.domain.identity import TenantScope
from models.domain.limits import Limits
from serve import factor_ports as f
from serve import records as r
from storage import factors, identity, passkeys, sessions
from storage.postgres import Database, WriteConn


class ApiFactors:
    """Second factors of users, and of whom tenants require them."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._limits = database, limits

    async def enrolled(self, user_id: UUID) -> Enrolled:
        async with self._database.read() as conn:
            return await factors.enrolled(conn, user_id)

    async def overview(self, user_id: UUID) -> f.Overview:
        async with self._database.read() as conn:
            totp = await factors.totp(conn, user_id)
            keys = await passkeys.find(conn, user_id)
            has, made = await factors.enrolled(conn, user_id), await factors.recovery_created(conn, user_id)
        return f.Overview(as_(f.Totp, totp) if totp else None, [as_(f.Passkey, one) for one in keys], has, made)

    async def totp(self, user_id: UUID) -> f.Totp | None:
        async with self._database.read() as conn:
            found = await factors.totp(conn, user_id)
        return as_(f.Totp, found) if found else None

    async def put_totp(self, user_id: UUID, secret_sealed: bytes, now: datetime) -> None:
        async with self._database.unit_of_work() as conn:
            await factors.put_totp(conn, user_id, secret_sealed, now)

    async def confirm_totp(
        self, user_id: UUID, session_id: UUID, secret_sealed: bytes, step: int, marks: Collection[str], now: datetime
    ) -> bool:
        async with self._database.unit_of_work() as conn:
            if not await factors.confirm_totp(conn, user_id, secret_sealed, step, now):
                return False
            await factors.prove_session(conn, session_id, marks, now)
            return True

    async def delete_totp(self, user_id: UUID) -> None:
        tenants = await self._tenants(user_id)
        async with self._database.unit_of_work(tenants, user=user_id) as conn:
            await factors.lock_user(conn, user_id)
            before = await factors.enrolled(conn, user_id)
            if not await factors.delete_totp(conn, user_id):
                raise NotFound("There is no authenticator.")
            await _after_removal(conn, user_id, before)

    async def passkeys(self, user_id: UUID) -> Sequence[f.Passkey]:
        async with self._database.read() as conn:
            return [as_(f.Passkey, one) for one in await passkeys.find(conn, user_id)]

    async def passkey(self, credential_id: bytes) -> f.Passkey | None:
        async with self._database.read() as conn:
            found = await passkeys.by_credential(conn, credential_id)
        return as_(f.Passkey, found) if found else None

    async def add_passkey(
        self, passkey: f.Passkey, session_id: UUID, nonce: bytes, until: datetime, marks: Collection[str], now: datetime
    ) -> bool:
        async with self._database.unit_of_work() as conn:
            if not await factors.use_nonce(conn, nonce, until, now):
                return False
            await factors.lock_user(conn, passkey.user_id)
            await passkeys.add(conn, as_(passkeys.Passkey, passkey), self._limits.max_passkeys_per_user)
            await factors.prove_session(conn, session_id, marks, now)
            return True

    async def rename_passkey(self, user_id: UUID, passkey_id: UUID, name: str) -> f.Passkey:
        async with self._database.unit_of_work() as conn:
            found = await passkeys.rename(conn, user_id, passkey_id, name)
        return as_(f.Passkey, there(found, "You have no such passkey."))

    async def delete_passkey(self, user_id: UUID, passkey_id: UUID) -> None:
        tenants = await self._tenants(user_id)
        async with self._database.unit_of_work(tenants, user=user_id) as conn:
            await factors.lock_user(conn, user_id)
            before = await factors.enrolled(conn, user_id)
            if not await passkeys.delete(conn, user_id, passkey_id):
                raise NotFound("You have no such passkey.")
            await _after_removal(conn, user_id, before)

    async def recovery_salt(self, user_id: UUID) -> bytes | None:
        async with self._database.read() as conn:
            return await factors.recovery_salt(conn, user_id)

    async def replace_recovery_codes(
        self, user_id: UUID, hashes: Collection[bytes], salt: bytes, now: datetime
    ) -> None:
        async with self._database.unit_of_work() as conn:
            await factors.lock_user(conn, user_id)
            if not (await factors.enrolled(conn, user_id)).any:
                raise Conflict("Recovery codes stand in for a factor. Add an authenticator or a passkey first.")
            await factors.replace_recovery_codes(conn, user_id, hashes, salt, now)

    async def add_challenge(self, challenge: f.NewChallenge, now: datetime) -> None:
        async with self._database.unit_of_work() as conn:
            await factors.add_challenge(conn, as_(factors.NewChallenge, challenge), now)

    async def challenge(self, challenge_hash: bytes, now: datetime) -> f.Challenge | None:
        async with self._database.read() as conn:
            found = await factors.challenge(conn, challenge_hash, now, self._limits.max_mfa_tries)
        return as_(f.Challenge, found) if found else None

    async def answer(
        self, challenge_hash: bytes, user_id: UUID, proof: Proof | None, session: r.NewSession, now: datetime
    ) -> bool:
        async with self._database.unit_of_work() as conn:
            most = self._limits.max_mfa_tries
            if not await factors.answer(conn, challenge_hash, user_id, proof, now, most):
                return False
            await sessions.open_session(conn, as_(sessions.NewSession, session), now)
            return True

    async def enter(self, user_id: UUID, proof: Proof, session: r.NewSession, now: datetime) -> bool:
        async with self._database.unit_of_work() as conn:
            if not await factors.use(conn, user_id, proof, now):
                return False
            await sessions.open_session(conn, as_(sessions.NewSession, session), now)
            return True

    async def prove(
        self, user_id: UUID, session_id: UUID, proof: Proof | None, marks: Collection[str], now: datetime
    ) -> bool:
        async with self._database.unit_of_work() as conn:
            if proof is not None and not await factors.use(conn, user_id, proof, now):
                return False
            return await factors.prove_session(conn, session_id, marks, now)

    async def requirements(self, tenant_id: UUID) -> frozenset[str]:
        async with self._database.read([tenant_id]) as conn:
            return await factors.requirements(conn, TenantScope(tenant_id))

    async def set_requirements(self, tenant_id: UUID, roles: Collection[str]) -> None:
        async with self._database.unit_of_work([tenant_id]) as conn:
            await factors.set_requirements(conn, TenantScope(tenant_id), roles)

    async def _tenants(self, user_id: UUID) -> list[UUID]:
        async with self._database.read(user=user_id) as conn:
            return [one.tenant_id for one in await identity.memberships(conn, user_id)]


async def _after_removal(conn: WriteConn, user_id: UUID, before: Enrolled) -> None:
    """Conflict where the last factor has to stay; without one, recovery codes have nothing to stand in for."""
    if (await factors.enrolled(conn, user_id)).any:
        return
    for member in await identity.memberships(conn, user_id) if before.any else ():
        if is_required(await factors.requirements(conn, TenantScope(member.tenant_id)), member.role):
            raise Conflict(f"{member.display_name} requires a second factor. Add another one before you remove this.")
    await factors.delete_recovery_codes(conn, user_id)
