"""Coming into a tenant by invitation: with the account one has, or with a new one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import Fault, Forbidden, InvalidInput, NotFound, Unauthenticated
from models.domain.identity import Principal
from models.domain.ids import uuid7
from models.domain.limits import Limits
from serve.auth.common_passwords import CommonPasswords
from serve.auth.passwords import Passwords
from serve.auth.refresh import token_hash
from serve.authorization_ports import MemberRepository
from serve.authorization_records import Invitation, PresentedInvitation
from serve.mail.letters import Letters


@dataclass(frozen=True, slots=True)
class Joined:
    """Where somebody has become a member, and whether the account is new."""

    invitation: PresentedInvitation
    user_id: UUID
    is_new: bool


class Invitations:
    """Makes invitations and lets those in who hold one."""

    def __init__(
        self, members: MemberRepository, passwords: Passwords, common: CommonPasswords, letters: Letters, clock: Clock,
        limits: Limits,
    ) -> None:  # fmt: skip
        self._members = members
        self._passwords = passwords
        self._common = common
        self._letters = letters
        self._clock = clock
        self._limits = limits

    def make(self, email: str, role: str, by: UUID) -> tuple[Invitation, str]:
        """An invitation and its token; nothing is stored yet."""
        now = self._clock.now()
        until = now + timedelta(seconds=self._limits.invitation_seconds)
        return Invitation(uuid7(now), email.strip(), role, now, by, until), "twi_" + secrets.token_urlsafe(32)

    async def send(self, tenant_id: UUID, invitation: Invitation, token: str, tenant: str, inviter: str) -> None:
        """Stores the invitation together with its mail. Conflict, InvalidInput, LimitExceeded, see MemberRepository."""
        values = {
            "tenant": tenant, "inviter": inviter, "role": invitation.role,
            "link": self._letters.link("invitation", token),
        }  # fmt: skip
        lasts = invitation.expires_at - invitation.created_at
        mail = self._letters.write("invitation", invitation.email, values, invitation.created_at, lasts)
        await self._members.invite(tenant_id, invitation, token_hash(token), mail)

    async def accept(self, token: str, password: str | None, principal: Principal | None) -> Joined:
        """NotFound for a token that is worth nothing. Who has an account with the address must be signed in to it;
        for others a password makes one, whose address the token has proved."""
        now = self._clock.now()
        found = await self._members.invited(token_hash(token), now)
        if found is None:
            raise NotFound("This invitation is unknown, used, revoked or expired. Ask for a new one.")
        if found.user_id is not None:
            _check_account(found, principal)
            await self._members.accept(found, found.user_id, None, now)
            return Joined(found, found.user_id, False)
        if password is None:
            fault = Fault("/password", f"is needed to make an account for {found.email}")
            raise InvalidInput("There is no account with this address yet.", [fault])
        self._common.check(password, found.email)
        user_id = uuid7(now)
        await self._members.accept(found, user_id, await self._passwords.hash(password), now)
        return Joined(found, user_id, True)


def _check_account(found: PresentedInvitation, principal: Principal | None) -> None:
    if principal is None:
        raise Unauthenticated(f"There is an account with the address {found.email}: sign in to it, then accept.")
    if principal.user_id != found.user_id:
        raise Forbidden(f"This invitation is for {found.email}; sign in with that account.")
