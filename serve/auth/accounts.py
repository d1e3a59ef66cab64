"""Sign-up, sign-in and what keeps a session going."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import Fault, Forbidden, InvalidInput, NotFound, Unauthenticated
from models.domain.factors import PASSWORD
from models.domain.federation import SIGNED_ON
from models.domain.identity import Principal
from models.domain.ids import shard_of, uuid7
from models.domain.limits import Limits
from serve.account_ports import AccountRepository
from serve.auth.gate import Gate
from serve.auth.passwords import Passwords
from serve.auth.refresh import new_refresh_token, open_successor, seal_successor, token_hash
from serve.auth.second_factors import SecondFactorNeeded, SecondFactors
from serve.auth.session_tokens import Device, SessionTokens, SignedIn
from serve.auth.throttle import SignInThrottle
from serve.auth.tokens import TokenKeys, issue
from serve.ports import IdentityRepository
from serve.records import Membership, NewAccount, User

# Names that would read as something else in an address.
_RESERVED = frozenset({"sources", "tidewire", "system", "admin"})
# The mark of a sign-in by a one-time ticket.
TICKET = "ticket"
_WRONG = "The e-mail address or the password is wrong."
_UNVERIFIED = "Confirm your e-mail address first: open the link that we sent you, or ask for a new one."
_STOLEN = "This refresh token was used before, so somebody else may have it: the session has ended. Sign in again."


def tenant_name(display: str) -> str:
    """`Harbour Logistics` -> `harbour-logistics`; InvalidInput when nothing usable is left."""
    name = re.sub(r"[^a-z0-9]+", "-", display.lower()).strip("-")[:63].strip("-")
    if not name or name in _RESERVED:
        raise InvalidInput(
            "This name cannot be used.", [Fault("/tenant", "needs letters a-z or digits, and is not a reserved word")]
        )
    return name


class SignOnRule(Protocol):
    """Who has to come through an identity provider."""

    async def check_password_allowed(self, tenant_id: UUID, user_id: UUID) -> None:
        """Forbidden for members who come in through the provider of the tenant only."""


class Accounts:
    """Users, sessions and their tokens."""

    def __init__(
        self,
        identity: IdentityRepository,
        gate: Gate,
        passwords: Passwords,
        throttle: SignInThrottle,
        sessions: SessionTokens,
        factors: SecondFactors,
        keys: TokenKeys,
        clock: Clock,
        limits: Limits,
        sign_on: SignOnRule | None = None,
        hashes: AccountRepository | None = None,
        verification: str = "off",
    ) -> None:
        self._hashes = hashes
        self._verification = verification
        self._sign_on = sign_on
        self._identity = identity
        self._gate = gate
        self._passwords = passwords
        self._throttle = throttle
        self._sessions = sessions
        self._factors = factors
        self._keys = keys
        self._clock = clock
        self._limits = limits

    async def register(self, email: str, password: str, display: str, device: Device) -> SignedIn:
        """A new tenant with its owner, signed in. Conflict does not tell which of the two is taken."""
        name, now = tenant_name(display), self._clock.now()
        hashed = await self._passwords.hash(password)
        tenant_id, user_id = uuid7(now), uuid7(now)
        account = NewAccount(
            tenant_id, name, display.strip(), shard_of(tenant_id), user_id, email.strip(), hashed
        )
        session, refresh_token = self._sessions.new_session(user_id, tenant_id, device, now)
        await self._identity.register(account, session)
        return self._sessions.opened(session, "owner", refresh_token, now)

    async def login(
        self, email: str, password: str, tenant: str | None, device: Device
    ) -> SignedIn | SecondFactorNeeded:
        """The same answer in the same time for an unknown user, a disabled one and a wrong password."""
        await self._throttle.enter(email, device.address)
        user = await self._identity.user_by_email(email.strip())
        stored = user.password_hash if user and not user.disabled else None
        if not await self._passwords.matches(stored, password) or user is None:
            raise Unauthenticated(_WRONG)
        await self._throttle.succeeded(email, device.address)
        if self._verification == "before_use" and not user.email_verified:
            raise Forbidden(_UNVERIFIED)
        await self._hash_anew(user, password)
        return await self.enter(user.id, tenant, device, (PASSWORD,), user.session_epoch)

    async def _hash_anew(self, user: User, password: str) -> None:
        stored = user.password_hash
        if self._hashes is not None and stored is not None and self._passwords.is_outdated(stored):
            await self._hashes.rehash(user.id, stored, await self._passwords.hash(password))

    async def use_ticket(self, ticket: str, device: Device) -> SignedIn | SecondFactorNeeded:
        """Signs in with a one-time ticket, which stands in for the password."""
        found = await self._identity.use_ticket(token_hash(ticket), self._clock.now())
        if found is None:
            raise Unauthenticated("This ticket is unknown, used or expired.")
        user_id, tenant_id = found
        return await self.enter(user_id, str(tenant_id), device, (TICKET,))

    async def switch(self, principal: Principal, tenant: str, device: Device) -> SignedIn:
        """Ends the session and opens one in another tenant of the user."""
        now, factors, since = self._clock.now(), principal.factors, principal.authenticated_at
        if SIGNED_ON in factors:
            raise Forbidden("You came in through the identity provider of this tenant: sign in to the other one.")
        membership = _pick(await self._identity.memberships(principal.user_id), tenant)
        if self._sign_on is not None:
            await self._sign_on.check_password_allowed(membership.tenant_id, principal.user_id)
        session, refresh_token = self._sessions.new_session(
            principal.user_id, membership.tenant_id, device, now, factors, since
        )
        await self._identity.open_session(session)
        signed_in = self._sessions.opened(session, membership.role, refresh_token, now)
        await self.logout(principal.session_id)
        return signed_in

    async def refresh(self, token: str) -> SignedIn:
        """A new pair of tokens. Two tabs that race get the same successor; an old token ends the session."""
        now, successor = self._clock.now(), new_refresh_token()
        rotation = await self._identity.rotate(
            token_hash(token), token_hash(successor), seal_successor(token, successor),
            self._sessions.refresh_until(now), now,
        )
        if rotation is None:
            raise Unauthenticated("This refresh token is unknown, used or expired. Sign in again.")
        if rotation.stolen:
            self._gate.end([rotation.session_id])
            raise Unauthenticated(_STOLEN)
        if rotation.successor_sealed is not None:
            successor = open_successor(token, rotation.successor_sealed)
        principal = Principal(
            rotation.user_id, rotation.tenant_id, rotation.role, rotation.session_id,
            authenticated_at=rotation.authenticated_at, factors=tuple(rotation.factors),
        )  # fmt: skip
        return self._sessions.signed_in(principal, successor, now)

    async def logout(self, session_id: UUID) -> None:
        """Ends the session here at once, and on other replicas within a second."""
        await self._identity.end_session(session_id, self._clock.now())
        self._gate.end([session_id])

    async def logout_refresh(self, token: str) -> None:
        """Ends the session of a refresh token, if there is one."""
        session_id = await self._identity.session_of(token_hash(token))
        if session_id is not None:
            await self.logout(session_id)

    def push_token(self, principal: Principal) -> tuple[str, int]:
        """A token that opens the push gateway only."""
        seconds = self._limits.push_token_seconds
        return issue(self._keys, principal, self._clock.now(), seconds, "tidewire-push"), seconds

    async def enter(
        self, user_id: UUID, tenant: str | None, device: Device, factors: Sequence[str], epoch: int | None = None
    ) -> SignedIn | SecondFactorNeeded:
        """Opens a session for somebody who has proved `factors`, or asks for one more if the user has any."""
        now = self._clock.now()
        membership = _pick(await self._identity.memberships(user_id), tenant)
        if self._sign_on is not None and not {SIGNED_ON, TICKET}.intersection(factors):
            await self._sign_on.check_password_allowed(membership.tenant_id, user_id)
        needed = await self._factors.ask(user_id, membership.tenant_id, device, factors, epoch)
        if needed is not None:
            return needed
        session, refresh_token = self._sessions.new_session(
            user_id, membership.tenant_id, device, now, factors, epoch=epoch
        )
        await self._identity.open_session(session)
        return self._sessions.opened(session, membership.role, refresh_token, now)


def _pick(memberships: Sequence[Membership], tenant: str | None) -> Membership:
    for membership in memberships:
        if tenant is None or tenant in (membership.name, str(membership.tenant_id)):
            return membership
    raise NotFound("You are not a member of such a tenant.")
