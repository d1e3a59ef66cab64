"""A user's own account and a tenant's settings over PostgreSQL: each method is one unit of work of the app role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from cluster.adapters.mapping import as_, there
from models.domain.errors import Conflict, NotFound
from models.domain.identity import TenantScope
from serve import account_ports as p
from serve.mail.ports import NewMail
from serve.records import NewAccount, NewSession
from storage import accounts, identity, mails, sessions, tenants
from storage.postgres import Database, WriteConn


class ApiAccounts:
    """See AccountRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask_registration(self, name: str, email: str, sealed: bytes, token: p.NewToken, mail: NewMail) -> None:
        async with self._database.unit_of_work() as conn:
            if await accounts.name_taken(conn, name):
                raise Conflict("A tenant has this name already. Choose another one.")
            await accounts.ask_registration(conn, email, sealed, _token(token), _mail(mail))

    async def ask_reset(self, email: str, token: p.NewToken, mail: NewMail) -> None:
        async with self._database.unit_of_work() as conn:
            await accounts.ask_reset(conn, email, _token(token), _mail(mail))

    async def ask_verification(self, email: str, token: p.NewToken, mail: NewMail) -> None:
        async with self._database.unit_of_work() as conn:
            await accounts.ask_verification(conn, email, _token(token), _mail(mail))

    async def add_verification(self, user_id: UUID, email: str, token: p.NewToken, mail: NewMail) -> None:
        async with self._database.unit_of_work() as conn:
            await accounts.add_verification(conn, user_id, email, _token(token))
            await mails.add(conn, _mail(mail))

    async def registration(self, token_hash: bytes, now: datetime) -> p.PendingRegistration | None:
        async with self._database.read() as conn:
            found = await accounts.registration(conn, token_hash, now)
        return as_(p.PendingRegistration, found) if found else None

    async def register(self, token_hash: bytes, account: NewAccount, session: NewSession, now: datetime) -> bool:
        async with self._database.unit_of_work([account.tenant_id], user=account.user_id) as conn:
            if not await accounts.use_registration(conn, token_hash, now):
                return False
            await identity.add_tenant(
                conn, account.tenant_id, account.tenant_name, account.display_name, account.shard
            )
            await identity.add_user(conn, account.user_id, account.email, account.password_hash, now)
            await identity.add_member(conn, account.tenant_id, account.user_id, "owner")
            await sessions.open_session(conn, as_(sessions.NewSession, session), now)
        return True

    async def to_verify(self, token_hash: bytes, now: datetime) -> UUID | None:
        async with self._database.read() as conn:
            return await accounts.to_verify(conn, token_hash, now)

    async def verify(self, token_hash: bytes, now: datetime) -> bool:
        async with self._database.unit_of_work() as conn:
            return await accounts.verify(conn, token_hash, now) is not None

    async def reset_of(self, token_hash: bytes, now: datetime) -> tuple[UUID, str] | None:
        async with self._database.read() as conn:
            return await accounts.reset_of(conn, token_hash, now)

    async def reset(
        self, token_hash: bytes, password_hash: str, mail: NewMail | None, now: datetime
    ) -> Sequence[UUID] | None:
        async with self._database.unit_of_work() as conn:
            user_id = await accounts.use_reset(conn, token_hash, password_hash, now)
            return None if user_id is None else await _ended(conn, user_id, mail, now)

    async def change_password(
        self, user_id: UUID, old: str, new: str, session: NewSession, mail: NewMail | None, now: datetime
    ) -> Sequence[UUID] | None:
        async with self._database.unit_of_work() as conn:
            if await accounts.change_password(conn, user_id, old, new) is None:
                return None
            ended = await _ended(conn, user_id, mail, now)
            await sessions.open_session(conn, as_(sessions.NewSession, session), now)
        return ended

    async def rehash(self, user_id: UUID, old: str, new: str) -> None:
        async with self._database.unit_of_work() as conn:
            await accounts.rehash(conn, user_id, old, new)

    async def sessions(self, user_id: UUID, now: datetime, limit: int) -> Sequence[p.LivingSession]:
        async with self._database.read() as conn:
            found = await accounts.living_sessions(conn, user_id, now, limit)
        return [as_(p.LivingSession, one) for one in found]

    async def end_session(self, user_id: UUID, session_id: UUID, now: datetime) -> None:
        async with self._database.unit_of_work() as conn:
            if not await accounts.end_own_session(conn, user_id, now, session_id):
                raise NotFound("You have no such session.")

    async def end_others(self, user_id: UUID, kept: UUID, now: datetime) -> Sequence[UUID]:
        async with self._database.unit_of_work() as conn:
            return await accounts.end_other_sessions(conn, user_id, now, kept)

    async def end_all(self, user_id: UUID, now: datetime) -> Sequence[UUID]:
        async with self._database.unit_of_work() as conn:
            return await accounts.end_all_sessions(conn, user_id, now)

    async def profile(self, user_id: UUID) -> p.Profile | None:
        async with self._database.read() as conn:
            found = await accounts.profile(conn, user_id)
        return as_(p.Profile, found) if found else None

    async def update_profile(
        self, user_id: UUID, name: str | None, locale: str | None, time_zone: str | None
    ) -> p.Profile | None:
        async with self._database.unit_of_work() as conn:
            found = await accounts.update_profile(conn, user_id, name, locale, time_zone)
        return as_(p.Profile, found) if found else None


async def _ended(conn: WriteConn, user_id: UUID, mail: NewMail | None, now: datetime) -> Sequence[UUID]:
    """All sessions end, sign-ins that wait too, and the owner is told."""
    ended = await accounts.end_sessions(conn, user_id, now)
    if mail is not None:
        await mails.add_to(conn, user_id, _mail(mail))
    return ended


def _token(token: p.NewToken) -> accounts.NewToken:
    return as_(accounts.NewToken, token)


def _mail(mail: NewMail) -> mails.NewMail:
    return as_(mails.NewMail, mail)


class ApiTenants:
    """See TenantRepository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, tenant_id: UUID) -> p.TenantSettings:
        async with self._database.read([tenant_id]) as conn:
            found = await tenants.settings(conn, TenantScope(tenant_id))
        return as_(p.TenantSettings, there(found, "There is no such tenant."))

    async def put_settings(
        self, tenant_id: UUID, display_name: str, allowed_origins: Sequence[str], now: datetime
    ) -> p.TenantSettings:
        scope = TenantScope(tenant_id)
        async with self._database.unit_of_work([tenant_id]) as conn:
            await tenants.put_settings(conn, scope, display_name, allowed_origins, now)
            found = await tenants.settings(conn, scope)
        return as_(p.TenantSettings, there(found, "There is no such tenant."))

    async def all_allowed_origins(self) -> Mapping[UUID, frozenset[str]]:
        async with self._database.read() as conn:
            return await tenants.all_allowed_origins(conn)
