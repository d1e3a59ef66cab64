"""Changing a password, with the old one or by a mail to the address; either ends every session of the user."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.domain.clock import Clock
from models.domain.devices import device_name
from models.domain.errors import Conflict, Fault, InvalidInput, NotFound, Unauthenticated
from models.domain.identity import Principal
from models.domain.limits import Limits
from serve.account_ports import AccountRepository, NewToken
from serve.auth.common_passwords import CommonPasswords
from serve.auth.gate import Gate
from serve.auth.passwords import Passwords
from serve.auth.refresh import new_mail_token, token_hash
from serve.auth.session_tokens import Device, SessionTokens, SignedIn
from serve.auth.throttle import MailThrottle, SignInThrottle
from serve.mail.letters import Letters
from serve.mail.ports import NewMail
from serve.ports import IdentityRepository

_WORTHLESS = "This link is unknown, used or expired. Ask for a new one."


class Credentials:
    """Passwords of users who are there. `notify`: whether a mail server is set that tells owners of changes."""

    def __init__(
        self, repository: AccountRepository, identity: IdentityRepository, gate: Gate, passwords: Passwords,
        common: CommonPasswords, sessions: SessionTokens, throttle: MailThrottle, sign_in: SignInThrottle,
        letters: Letters, notify: bool, clock: Clock, limits: Limits,
    ) -> None:  # fmt: skip
        self._repository = repository
        self._identity = identity
        self._gate = gate
        self._passwords = passwords
        self._common = common
        self._sessions = sessions
        self._throttle = throttle
        self._sign_in = sign_in
        self._letters = letters
        self._notify = notify
        self._clock = clock
        self._limits = limits

    async def ask_reset(self, email: str, device: Device) -> None:
        """Mails a link to the owner of the address, if there is one; the same work and no word about it if not."""
        email = email.strip()
        await self._throttle.enter(email, device.address)
        now, lasts = self._clock.now(), timedelta(seconds=self._limits.password_reset_seconds)
        token = new_mail_token()
        mail = self._letters.write("reset", email, {"link": self._letters.link("reset-password", token)}, now, lasts)
        await self._repository.ask_reset(email, NewToken(token_hash(token), now, now + lasts), mail)

    async def reset(self, token: str, password: str, device: Device) -> None:
        """Sets the password by the link of a mail. Nobody is signed in by it: a second factor is asked for as ever."""
        hashed, now = token_hash(token), self._clock.now()
        found = await self._repository.reset_of(hashed, now)
        if found is None:
            raise Unauthenticated(_WORTHLESS)
        self._common.check(password, found[1])
        made = await self._passwords.hash(password)
        ended = await self._repository.reset(hashed, made, self._told(found[1], device, now), now)
        if ended is None:
            raise Unauthenticated(_WORTHLESS)
        self._gate.end(ended)

    async def change(self, principal: Principal, current: str, new: str, device: Device) -> SignedIn:
        """Ends every session, this one too, and opens a new one here; InvalidInput when `current` is wrong."""
        user = await self._identity.user(principal.user_id)
        if user is None or user.disabled:
            raise NotFound("There is no such account any more.")
        self._common.check(new, user.email, "/new")
        await self._sign_in.enter(user.email, device.address)
        if not await self._passwords.matches(user.password_hash, current):
            raise InvalidInput("The password was not changed.", [Fault("/current", "is not your password")])
        await self._sign_in.succeeded(user.email, device.address)
        now, made = self._clock.now(), await self._passwords.hash(new)
        session, refresh_token = self._sessions.new_session(
            principal.user_id, principal.tenant_id, device, now, principal.factors or ("pwd",)
        )
        ended = await self._repository.change_password(
            user.id, user.password_hash or "", made, session, self._told(user.email, device, now), now
        )
        if ended is None:
            raise Conflict("The password was changed elsewhere at this moment. Sign in again.")
        self._gate.end(ended)
        return self._sessions.opened(session, principal.role, refresh_token, now)

    def _told(self, email: str, device: Device, now: datetime) -> NewMail | None:
        if not self._notify:
            return None
        values = {
            "device": device_name(device.user_agent), "address": device.address, "at": f"{now:%Y-%m-%d %H:%M} UTC",
            "link": self._letters.link("forgot-password"),
        }  # fmt: skip
        lasts = timedelta(seconds=self._limits.account_notice_seconds)
        return self._letters.write("password_changed", email, values, now, lasts)
