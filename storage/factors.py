"""Second factors of users: TOTP, recovery codes, sign-ins that wait for one, and of whom tenants require them.

What works once is used by one statement that changes its row, so of many that race one wins.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never
from uuid import UUID

from models.domain.errors import Conflict
from models.domain.factors import Enrolled, PasskeyProof, Proof, RecoveryProof, TotpProof
from models.domain.identity import TenantScope
from storage import passkeys
from storage.postgres import ReadConn, WriteConn
from storage.queries import load

_SQL = load("factors")


@dataclass(frozen=True, slots=True)
class Totp:
    """A TOTP; it counts only when it is confirmed."""

    secret_sealed: bytes = field(repr=False)
    last_step: int
    created_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewChallenge:
    """A sign-in that has proved `factors` and waits for one more; only the hash of its token is stored."""

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


async def enrolled(conn: ReadConn, user_id: UUID) -> Enrolled:
    """What the user has."""
    row = await conn.fetchrow(_SQL["enrolled"], user_id)
    return Enrolled(**row)


async def lock_user(conn: WriteConn, user_id: UUID) -> None:
    """Changes of one user's factors come one after the other."""
    await conn.fetchval(_SQL["lock_user"], user_id)


async def put_totp(conn: WriteConn, user_id: UUID, secret_sealed: bytes, now: datetime) -> None:
    """A TOTP to be confirmed, instead of one that was not; Conflict when there is a confirmed one."""
    if not await conn.fetchval(_SQL["put_totp"], user_id, secret_sealed, now):
        raise Conflict("There is an authenticator already. Remove it first.")


async def totp(conn: ReadConn, user_id: UUID) -> Totp | None:
    """The TOTP of the user, confirmed or not."""
    row = await conn.fetchrow(_SQL["totp"], user_id)
    return Totp(**row) if row else None


async def confirm_totp(conn: WriteConn, user_id: UUID, secret_sealed: bytes, step: int, now: datetime) -> bool:
    """Whether this very secret waited to be confirmed. The step is used up."""
    return bool(await conn.fetchval(_SQL["confirm_totp"], user_id, secret_sealed, step, now))


async def delete_totp(conn: WriteConn, user_id: UUID) -> bool:
    """Whether there was one, confirmed or not."""
    return await conn.fetchrow(_SQL["delete_totp"], user_id) is not None


async def replace_recovery_codes(
    conn: WriteConn, user_id: UUID, hashes: Collection[bytes], salt: bytes, now: datetime
) -> None:
    """The codes that were there work no more."""
    await delete_recovery_codes(conn, user_id)
    await conn.execute(_SQL["add_recovery_codes"], user_id, list(hashes), salt, now)


async def delete_recovery_codes(conn: WriteConn, user_id: UUID) -> None:
    """All of the user, used or not."""
    await conn.execute(_SQL["delete_recovery_codes"], user_id)


async def recovery_salt(conn: ReadConn, user_id: UUID) -> bytes | None:
    """With what the codes of the user were hashed; None when there are none."""
    found: bytes | None = await conn.fetchval(_SQL["recovery_salt"], user_id)
    return found


async def recovery_created(conn: ReadConn, user_id: UUID) -> datetime | None:
    """When the codes of the user were made."""
    found: datetime | None = await conn.fetchval(_SQL["recovery_created"], user_id)
    return found


async def add_challenge(conn: WriteConn, challenge: NewChallenge, now: datetime) -> None:
    """Stores it, and forgets those of the user whose time is over."""
    await conn.execute(_SQL["forget_challenges"], challenge.user_id, now)
    await conn.execute(
        _SQL["add_challenge"], challenge.hash, challenge.user_id, challenge.tenant_id, list(challenge.factors),
        challenge.user_agent, challenge.nonce, challenge.expires_at, challenge.epoch,
    )  # fmt: skip


async def challenge(conn: ReadConn, challenge_hash: bytes, now: datetime, most: int) -> Challenge | None:
    """None for one that is unknown, used, expired, or was tried `most` times."""
    row = await conn.fetchrow(_SQL["challenge"], challenge_hash, now, most)
    return Challenge(**row) if row else None


async def answer(
    conn: WriteConn, challenge_hash: bytes, user_id: UUID, proof: Proof | None, now: datetime, most: int
) -> bool:
    """Counts a try, and closes the challenge when the proof is a right one that was not used before.

    The row is locked by the count: of several right answers only one gets through, and only that one uses its proof.
    """
    if not await conn.fetchval(_SQL["count_try"], challenge_hash, now, most):
        return False
    if proof is None or not await use(conn, user_id, proof, now):
        return False
    await conn.execute(_SQL["close_challenge"], challenge_hash, now)
    return True


async def use(conn: WriteConn, user_id: UUID, proof: Proof, now: datetime) -> bool:
    """Uses a proof up; False when somebody else did before, or it is none of the user's."""
    match proof:
        case TotpProof():
            return bool(await conn.fetchval(_SQL["use_step"], user_id, proof.step))
        case RecoveryProof():
            return bool(await conn.fetchval(_SQL["use_recovery_code"], user_id, proof.hash, now))
        case PasskeyProof():
            return await _use_passkey(conn, proof, now)
        case _:
            assert_never(proof)


async def _use_passkey(conn: WriteConn, proof: PasskeyProof, now: datetime) -> bool:
    if not await use_nonce(conn, proof.nonce, proof.nonce_until, now):
        return False
    return await passkeys.use(conn, proof.credential_id, proof.sign_count, proof.backed_up, now)


async def use_nonce(conn: WriteConn, nonce: bytes, until: datetime, now: datetime) -> bool:
    """Whether the nonce was not used before; those whose time is over are forgotten bit by bit."""
    await conn.execute(_SQL["forget_nonces"], now)
    return until > now and bool(await conn.fetchval(_SQL["use_nonce"], nonce, until))


async def prove_session(conn: WriteConn, session_id: UUID, marks: Collection[str], now: datetime) -> bool:
    """The person of the session has been proved anew; False when the session has ended."""
    return bool(await conn.fetchval(_SQL["prove_session"], session_id, list(marks), now))


async def requirements(conn: ReadConn, scope: TenantScope) -> frozenset[str]:
    """Roles of which the tenant requires a second factor."""
    return frozenset(row["role"] for row in await conn.fetch(_SQL["requirements"], scope.tenant_id))


async def set_requirements(conn: WriteConn, scope: TenantScope, roles: Collection[str]) -> None:
    """Replaces them."""
    await conn.execute(_SQL["clear_requirements"], scope.tenant_id)
    await conn.execute(_SQL["add_requirements"], scope.tenant_id, sorted(set(roles)))
