"""SAML 2.0 as a service provider: what a tenant sets, and the rules for what an assertion says.

Pure: XML and signatures are read in serve/federation/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.domain.federation import Asserted, SignInRefused

CLOCK_LEEWAY = timedelta(seconds=60)
LONGEST_LIFE = timedelta(hours=24)
_EMAIL_NAMES = (
    "email", "mail", "emailaddress", "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.840.113549.1.9.1",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
)  # fmt: skip
_GROUP_NAMES = (
    "groups", "group", "memberof", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "http://schemas.xmlsoap.org/claims/group",
)  # fmt: skip
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"


@dataclass(frozen=True, slots=True)
class SamlSettings:
    """A SAML provider: from its metadata, and what a tenant's admin decided.

    `certificates` are PEM texts. `idp_initiated` lets people come without a request of ours, which leaves open who
    began the sign-in. Attribute names left empty: the usual ones are looked for.
    """

    entity_id: str
    sso_url: str
    certificates: tuple[str, ...]
    idp_initiated: bool = False
    email_attribute: str | None = None
    groups_attribute: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Who we are towards one provider: our entity id, and where it sends its answers."""

    entity_id: str
    acs_url: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One bearer confirmation of the subject."""

    recipient: str | None
    in_response_to: str | None
    not_before: datetime | None
    not_on_or_after: datetime | None


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a verified assertion says, as it says it."""

    id: str
    issuer: str
    name_id: str
    name_format: str
    confirmations: Sequence[Confirmation]
    not_before: datetime | None
    not_on_or_after: datetime | None
    audiences: Sequence[Sequence[str]]
    session_ends: datetime | None
    session_index: str | None
    attributes: Mapping[str, Sequence[str]]


def check_assertion(
    said: Assertion, settings: SamlSettings, place: Place, request_id: str | None, now: datetime
) -> datetime:
    """Until when it must be remembered, so that it is used once; SignInRefused says what does not fit.

    `request_id` is None when the provider began.
    """
    if said.issuer != settings.entity_id:
        raise _refused("it is from another provider")
    if not said.audiences or not all(place.entity_id in one for one in said.audiences):
        raise _refused("it is meant for somebody else")
    if said.not_before is not None and now < said.not_before - CLOCK_LEEWAY:
        raise _refused("it is not valid yet")
    ends = [end for end in (said.not_on_or_after, said.session_ends) if end is not None]
    if any(now >= end + CLOCK_LEEWAY for end in ends):
        raise _refused("it has expired")
    confirmed = [one for one in said.confirmations if _confirms(one, place, request_id, now)]
    if not confirmed:
        raise _refused("nothing confirms that it answers our request, here and now")
    until = max(one.not_on_or_after or now for one in confirmed)
    return max([until, *ends[:1]]) + CLOCK_LEEWAY


def _confirms(one: Confirmation, place: Place, request_id: str | None, now: datetime) -> bool:
    """SAML profiles 4.1.4.3."""
    return (
        one.recipient == place.acs_url
        and one.in_response_to == request_id
        and one.not_before is None
        and one.not_on_or_after is not None
        and now < one.not_on_or_after + CLOCK_LEEWAY
        and one.not_on_or_after - now < LONGEST_LIFE
    )


def asserted(said: Assertion, settings: SamlSettings) -> Asserted:
    """The person; SignInRefused when there is no address, or nothing that stays the same from one time to the next."""
    email = _email(said, settings)
    # A transient name is another one each time: the address, whose domain is the tenant's, stands for it.
    subject = email.lower() if said.name_format == TRANSIENT else said.name_id
    if not 0 < len(subject) <= 512 or "\0" in subject:
        raise _refused("its subject has no usable name")
    names = _GROUP_NAMES if settings.groups_attribute is None else (settings.groups_attribute,)
    return Asserted(said.issuer, subject, email, _values(said, names)[:1_000])


def _email(said: Assertion, settings: SamlSettings) -> str:
    names = _EMAIL_NAMES if settings.email_attribute is None else (settings.email_attribute,)
    found = _values(said, names)
    if not found and settings.email_attribute is None and "@" in said.name_id:
        found = [said.name_id]
    if len(set(found)) != 1 or not 3 <= len(found[0]) <= 254 or "@" not in found[0] or "\0" in found[0]:
        raise _refused("it names no e-mail address, or several")
    return found[0].strip()


def _values(said: Assertion, names: Sequence[str]) -> list[str]:
    wanted = {name.lower() for name in names}
    return [value for name, values in said.attributes.items() if name.lower() in wanted for value in values]


def _refused(why: str) -> SignInRefused:
    return SignInRefused(f"The SAML answer was refused: {why}.")
