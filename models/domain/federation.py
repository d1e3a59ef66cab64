"""Sign-in through the identity provider of a tenant: which answers are believed, and whom they sign in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from models.domain.errors import Fault, Forbidden, InvalidInput

ProviderKind = Literal["oidc", "saml"]
SIGNED_ON = "sso"  # the mark of a session that an identity provider opened
TXT_NAME = "_tidewire"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]")
_RETURN = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}|/")


class SignInRefused(Forbidden):
    """The answer of the identity provider was refused; begin the sign-in anew."""

    def __init__(self, detail: str | None = None, code: str = "refused") -> None:
        """`code` is what the person's page is told; the detail is for the admins."""
        super().__init__(detail)
        self.code = code

    def __reduce__(self) -> tuple[type[SignInRefused], tuple[str, str]]:
        return type(self), (self.detail, self.code)


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Who is in the group at the provider has the role here."""

    group: str
    role: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What a tenant decided about those who come from its provider.

    `just_in_time`: who is not a member yet becomes one. `roles` are looked at in order, the first that fits wins;
    who is in none of the groups has `default_role`, and is refused when that is None.
    """

    just_in_time: bool = True
    default_role: str | None = "viewer"
    roles: Sequence[RoleRule] = ()


@dataclass(frozen=True, slots=True)
class Asserted:
    """Whom a provider says it has signed in; everything was checked but what it means here."""

    issuer: str
    subject: str
    email: str
    groups: Sequence[str] = ()
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is stored about the person. `linked`: this subject has signed in before, as this user; `disabled`: at all,
    or by the provisioning of the tenant. `managed`: the provisioning decides the role."""

    user_id: UUID | None = None
    email: str | None = None
    linked: bool = False
    disabled: bool = False
    role: str | None = None
    managed: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """What a sign-in changes: a new user or None, a link that is new, and the role to have."""

    user_id: UUID | None
    link: bool
    role: str
    new_role: bool


def domain_of(email: str) -> str:
    """`Ada@Example.COM` -> `example.com`; InvalidInput when it has none."""
    name, at, domain = email.strip().rpartition("@")
    if not at or not name:
        raise InvalidInput("This is not an e-mail address.", [Fault("/email", "expected name@domain")])
    return checked_domain(domain, "/email")


def checked_domain(text: str, pointer: str = "/domain") -> str:
    """The domain in lower case and ASCII; InvalidInput for what is none."""
    domain = text.strip().rstrip(".").lower()
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            domain = ""
    if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
        raise InvalidInput("This is not a domain.", [Fault(pointer, "expected a name like example.com")])
    return domain


def txt_record(token: str) -> str:
    """What the TXT record of `_tidewire.<domain>` has to say."""
    return f"tidewire-domain={token}"


def is_proven(records: Iterable[str], token: str) -> bool:
    """Whether one of the TXT records is the one that was asked for."""
    return txt_record(token) in (record.strip() for record in records)


def safe_return(path: str | None) -> str:
    """A path of our own pages, or `/`: a sign-in never leads to somebody else's site."""
    return path if path and _RETURN.fullmatch(path) else "/"


def checked_endpoint(url: Any, what: str) -> str:
    """An https address; http only on this machine. InvalidInput names `what`."""
    parts = urlsplit(url) if isinstance(url, str) and len(url) <= 2_000 else None
    try:
        host = (parts and parts.hostname) or ""
    except ValueError:
        host = ""
    if parts is None or not host or parts.fragment or parts.username is not None:
        raise InvalidInput(f"The {what} is not a usable address.", [Fault("", f"{what}: expected https://...")])
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise InvalidInput(f"The {what} must begin with https://.", [Fault("", f"{what}: expected https://...")])
    return str(url)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def role_for(groups: Iterable[str], rules: Rules) -> str | None:
    """The role of the first rule whose group they are in; None: they may not come in."""
    known = frozenset(groups)
    return next((rule.role for rule in rules.roles if rule.group in known), rules.default_role)


def admit(asserted: Asserted, standing: Standing, domains: Iterable[str], rules: Rules) -> Admission:
    """Whom the answer signs in; SignInRefused says why nobody.

    Only addresses of domains that are proven to be the tenant's: whoever decides over a provider could otherwise sign
    in as anybody. An owner's role is never changed from outside.
    """
    proven = frozenset(domains)
    for address in filter(None, (asserted.email, standing.email)):
        if _domain_or_none(address) not in proven:
            raise SignInRefused(
                f"The domain of {address} is not verified for this tenant; an admin verifies it under single sign-on.",
                "domain",
            )
    if standing.disabled:
        raise SignInRefused("This account is switched off. Ask an admin.", "disabled")
    role = _role(asserted, standing, rules)
    return Admission(standing.user_id, not standing.linked, role, role != standing.role)


def _domain_or_none(address: str) -> str | None:
    try:
        return domain_of(address)
    except InvalidInput:
        return None


def _role(asserted: Asserted, standing: Standing, rules: Rules) -> str:
    if standing.role is None:
        if not rules.just_in_time:
            raise SignInRefused("You are not a member of this tenant. Ask an admin to add you.", "not_a_member")
    elif standing.role == "owner" or standing.managed or not rules.roles:
        return standing.role
    role = role_for(asserted.groups, rules)
    if role is None:
        raise SignInRefused("None of your groups gives you a role in this tenant. Ask an admin.", "no_role")
    return role
