"""What the API works with for a user's own account, built together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serve.auth.accounts import Accounts
from serve.auth.common_passwords import CommonPasswords
from serve.auth.credentials import Credentials
from serve.auth.gate import Gate
from serve.auth.my_sessions import MySessions
from serve.auth.passwords import Passwords
from serve.auth.registrations import Registrations
from serve.auth.session_tokens import SessionTokens
from serve.auth.throttle import MailThrottle, SignInThrottle
from serve.mail.letters import Letters

if TYPE_CHECKING:
    from serve.deps import ApiPorts


@dataclass(frozen=True, slots=True)
class AccountServices:
    """`registrations` until the address is verified, `credentials` and `sessions` after it."""

    registrations: Registrations
    credentials: Credentials
    sessions: MySessions


def account_services(
    ports: ApiPorts, accounts: Accounts, gate: Gate, passwords: Passwords, sessions: SessionTokens,
    sign_in: SignInThrottle, common: CommonPasswords,
) -> AccountServices:  # fmt: skip
    """The services over the ports."""
    clock, limits, options = ports.clock, ports.limits, ports.options
    letters, throttle = Letters(ports.sealer, options.public_url), MailThrottle(ports.attempts, clock, limits)
    return AccountServices(
        Registrations(
            ports.accounts, ports.identity, accounts, passwords, common, sessions, throttle, sign_in, letters,
            ports.sealer, options.verification, clock, limits,
        ),
        Credentials(
            ports.accounts, ports.identity, gate, passwords, common, sessions, throttle, sign_in, letters,
            options.mail, clock, limits,
        ),
        MySessions(ports.accounts, gate, clock, limits),
    )  # fmt: skip
