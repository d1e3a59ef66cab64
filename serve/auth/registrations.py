"""Registration and proving that an address is one's own, without telling whose addresses are known (ADR 0015)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import Conflict, Fault, Forbidden, InvalidInput, Unauthenticated
from models.domain.ids import shard_of, uuid7
from models.domain.limits import Limits
from models.domain.ports import Sealer
from serve.account_ports import AccountRepository, NewToken, PendingRegistration
from serve.auth.accounts import Accounts, tenant_name
from serve.auth.common_passwords import CommonPasswords
from serve.auth.passwords import Passwords
from serve.auth.refresh import new_mail_token, token_hash
from serve.auth.session_tokens import Device, SessionTokens, SignedIn
from serve.auth.throttle import MailThrottle, SignInThrottle
from serve.mail.letters import Letters
from serve.mail.ports import NewMail
from serve.ports import IdentityRepository
from serve.records import NewAccount

_WORTHLESS = "This link is unknown, used or expired. Ask for a new one."
_WRONG = "The password is wrong. It is the one that was chosen with this address."


class Registrations:
    """Makes accounts at once, or when their address is verified; `policy`: off, before_invite or before_use."""

    def __init__(
        self, repository: AccountRepository, identity: IdentityRepository, accounts: Accounts, passwords: Passwords,
        common: CommonPasswords, sessions: SessionTokens, throttle: MailThrottle, sign_in: SignInThrottle,
        letters: Letters, sealer: Sealer, policy: str, clock: Clock, limits: Limits,
    ) -> None:  # fmt: skip
        self._repository = repository
        self._identity = identity
        self._accounts = accounts
        self._passwords = passwords
        self._common = common
        self._sessions = sessions
        self._throttle = throttle
        self._sign_in = sign_in
        self._letters = letters
        self._sealer = sealer
        self._policy = policy
        self._clock = clock
        self._limits = limits

    async def register(self, email: str, password: str, display: str, device: Device) -> SignedIn | None:
        """A new tenant with its owner, signed in; None: the owner of the address has got a mail, whoever that is."""
        name, email = tenant_name(display), email.strip()
        self._common.check(password, email)
        if self._policy != "before_use":
            signed = await self._accounts.register(email, password, display, device)
            if self._policy == "before_invite":
                await self.ask(email, device)
            return signed
        await self._throttle.enter(email, device.address)
        hashed, now = await self._passwords.hash(password), self._clock.now()
        plain = json.dumps({"tenant": display.strip(), "password_hash": hashed}).encode()
        sealed = self._sealer.seal(plain, _context(email))
        token, fresh = self._new_token(now)
        await self._repository.ask_registration(name, email, sealed, fresh, self._mail(email, token, now))
        return None

    async def ask(self, email: str, device: Device) -> None:
        """Sends the link again to an address that waits for it; does the same for any other, and does not tell."""
        email = email.strip()
        await self._throttle.enter(email, device.address)
        now = self._clock.now()
        token, fresh = self._new_token(now)
        await self._repository.ask_verification(email, fresh, self._mail(email, token, now))

    async def verify(self, token: str, password: str, device: Device) -> SignedIn | None:
        """Takes the link of a mail together with the password: who only got the mail must not make somebody else's
        password theirs. Tokens for a new account, None for one that was there. Unauthenticated."""
        hashed, now = token_hash(token), self._clock.now()
        pending = await self._repository.registration(hashed, now)
        if pending is not None:
            return await self._complete(hashed, pending, password, device)
        user_id = await self._repository.to_verify(hashed, now)
        if user_id is None:
            raise Unauthenticated(_WORTHLESS)
        user = await self._identity.user(user_id)
        await self._check(user.email if user else "", user.password_hash if user else None, password, device)
        if not await self._repository.verify(hashed, now):
            raise Unauthenticated(_WORTHLESS)
        return None

    async def require_verified(self, user_id: UUID) -> None:
        """Forbidden for who has to verify their address before they invite others."""
        user = await self._identity.user(user_id)
        if self._policy != "off" and (user is None or not user.email_verified):
            raise Forbidden("Confirm your e-mail address first: open the link that we sent you, or ask for a new one.")

    async def _complete(
        self, hashed: bytes, pending: PendingRegistration, password: str, device: Device
    ) -> SignedIn:
        kept = json.loads(self._sealer.open(pending.sealed, _context(pending.email)))
        await self._check(pending.email, kept["password_hash"], password, device)
        try:
            return await self._make(hashed, pending.email, kept, tenant_name(kept["tenant"]), device)
        except Conflict:
            # Somebody was faster with the name of the tenant; which of the two is taken, the next try tells.
            return await self._make(
                hashed, pending.email, kept, f"{tenant_name(kept['tenant'])[:54]}-{uuid7().hex[-8:]}", device
            )

    async def _make(
        self, hashed: bytes, email: str, kept: dict[str, str], name: str, device: Device
    ) -> SignedIn:
        now = self._clock.now()
        tenant_id, user_id = uuid7(now), uuid7(now)
        account = NewAccount(
            tenant_id, name, kept["tenant"], shard_of(tenant_id), user_id, email, kept["password_hash"]
        )
        session, refresh_token = self._sessions.new_session(user_id, tenant_id, device, now)
        if not await self._repository.register(hashed, account, session, now):
            raise Unauthenticated(_WORTHLESS)
        return self._sessions.opened(session, "owner", refresh_token, now)

    async def _check(self, email: str, stored: str | None, password: str, device: Device) -> None:
        await self._sign_in.enter(email, device.address)
        if not await self._passwords.matches(stored, password):
            raise InvalidInput(_WRONG, [Fault("/password", "is not the password of this account")])
        await self._sign_in.succeeded(email, device.address)

    def _new_token(self, now: datetime) -> tuple[str, NewToken]:
        token = new_mail_token()
        return token, NewToken(token_hash(token), now, now + self._lasts)

    def _mail(self, email: str, token: str, now: datetime) -> NewMail:
        link = self._letters.link("verify", token)
        return self._letters.write("verification", email, {"link": link}, now, self._lasts)

    @property
    def _lasts(self) -> timedelta:
        return timedelta(seconds=self._limits.verification_seconds)


def _context(email: str) -> str:
    return f"registration:{email.lower()}"
