"""A user's own account and a tenant's settings in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from models.domain.errors import NotFound
from serve import account_ports as p
from serve import records as r
from serve.mail.ports import NewMail
from tests.unit.serve.fakes import FakeIdentity


@dataclass
class FakeAccounts:
    """Over the users and sessions of FakeIdentity; `mails` were written, each with the kind it is sent as."""

    identity: FakeIdentity
    mails: list[NewMail] = field(default_factory=list)
    pending: dict[bytes, p.PendingRegistration] = field(default_factory=dict)
    resets: dict[bytes, UUID] = field(default_factory=dict)
    to_prove: dict[bytes, UUID] = field(default_factory=dict)
    profiles: dict[UUID, p.Profile] = field(default_factory=dict)

    async def ask_registration(self, name: str, email: str, sealed: bytes, token: p.NewToken, mail: NewMail) -> None:
        known = await self.identity.user_by_email(email)
        if known is None:
            self.pending[token.hash] = p.PendingRegistration(email, sealed)
        self.mails.append(mail if known is None else replace(mail, kind="account_exists"))

    async def ask_reset(self, email: str, token: p.NewToken, mail: NewMail) -> None:
        known = await self.identity.user_by_email(email)
        if known is not None:
            self.resets[token.hash] = known.id
        self.mails.append(mail if known else replace(mail, kind="nobody"))

    async def ask_verification(self, email: str, token: p.NewToken, mail: NewMail) -> None:
        known = await self.identity.user_by_email(email)
        if known is not None:
            self.to_prove[token.hash] = known.id
        self.mails.append(mail if known else replace(mail, kind="nobody"))

    async def add_verification(self, user_id: UUID, email: str, token: p.NewToken, mail: NewMail) -> None:
        self.to_prove[token.hash] = user_id
        self.mails.append(mail)

    async def registration(self, token_hash: bytes, now: datetime) -> p.PendingRegistration | None:
        return self.pending.get(token_hash)

    async def register(self, token_hash: bytes, account: r.NewAccount, session: r.NewSession, now: datetime) -> bool:
        await self.identity.register(account, session)
        return self.pending.pop(token_hash, None) is not None

    async def to_verify(self, token_hash: bytes, now: datetime) -> UUID | None:
        return self.to_prove.get(token_hash)

    async def verify(self, token_hash: bytes, now: datetime) -> bool:
        user_id = self.to_prove.pop(token_hash, None)
        if user_id is None:
            return False
        self._change(user_id, email_verified=True)
        return True

    async def reset_of(self, token_hash: bytes, now: datetime) -> tuple[UUID, str] | None:
        user_id = self.resets.get(token_hash)
        return None if user_id is None else (user_id, self.identity.users[user_id].email)

    async def reset(
        self, token_hash: bytes, password_hash: str, mail: NewMail | None, now: datetime
    ) -> Sequence[UUID] | None:
        user_id = self.resets.pop(token_hash, None)
        if user_id is None:
            return None
        self._change(user_id, password_hash=password_hash, email_verified=True)
        return self._end(user_id, now)

    async def change_password(
        self, user_id: UUID, old: str, new: str, session: r.NewSession, mail: NewMail | None, now: datetime
    ) -> Sequence[UUID] | None:
        self._change(user_id, password_hash=new)
        ended = self._end(user_id, now)
        await self.identity.open_session(session)
        return ended

    async def rehash(self, user_id: UUID, old: str, new: str) -> None:
        self._change(user_id, password_hash=new)

    async def sessions(self, user_id: UUID, now: datetime, limit: int) -> Sequence[p.LivingSession]:
        return [
            p.LivingSession(one, tenant, "t", "curl/8", "192.0.2.1", now, ("pwd",), now)
            for one, (owner, tenant) in self.identity.sessions.items()
            if owner == user_id and one not in self.identity.ended
        ]

    async def end_session(self, user_id: UUID, session_id: UUID, now: datetime) -> None:
        if self.identity.sessions.get(session_id, (None,))[0] != user_id:
            raise NotFound("You have no such session.")
        self.identity.ended.setdefault(session_id, now)

    async def end_others(self, user_id: UUID, kept: UUID, now: datetime) -> Sequence[UUID]:
        return self._end(user_id, now, kept)

    async def end_all(self, user_id: UUID, now: datetime) -> Sequence[UUID]:
        return self._end(user_id, now)

    async def profile(self, user_id: UUID) -> p.Profile | None:
        user = self.identity.users.get(user_id)
        if user is None:
            return None
        made = p.Profile(user.id, user.email, "", "en", "UTC", None)
        return self.profiles.setdefault(user_id, made)

    async def update_profile(
        self, user_id: UUID, name: str | None, locale: str | None, time_zone: str | None
    ) -> p.Profile | None:
        found = await self.profile(user_id)
        if found is None:
            return None
        given = {"name": name, "locale": locale, "time_zone": time_zone}
        self.profiles[user_id] = replace(found, **{key: one for key, one in given.items() if one is not None})
        return self.profiles[user_id]

    def _change(self, user_id: UUID, **what: object) -> None:
        self.identity.users[user_id] = replace(self.identity.users[user_id], **what)  # type: ignore[arg-type]

    def _end(self, user_id: UUID, now: datetime, kept: UUID | None = None) -> list[UUID]:
        open_ones = [
            one for one, (owner, _) in self.identity.sessions.items()
            if owner == user_id and one != kept and one not in self.identity.ended
        ]  # fmt: skip
        self.identity.ended.update(dict.fromkeys(open_ones, now))
        return open_ones


@dataclass
class FakeTenants:
    """Settings by tenant."""

    stored: dict[UUID, p.TenantSettings] = field(default_factory=dict)

    async def settings(self, tenant_id: UUID) -> p.TenantSettings:
        return self.stored.get(tenant_id, p.TenantSettings("t", "T", (), None))

    async def put_settings(
        self, tenant_id: UUID, display_name: str, allowed_origins: Sequence[str], now: datetime
    ) -> p.TenantSettings:
        self.stored[tenant_id] = p.TenantSettings("t", display_name, tuple(allowed_origins), now)
        return self.stored[tenant_id]

    async def all_allowed_origins(self) -> Mapping[UUID, frozenset[str]]:
        return {one: frozenset(found.allowed_origins) for one, found in self.stored.items()}
