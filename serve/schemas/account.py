"""Bodies of a user's own account: address, password, sessions, profile."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from serve.schemas.common import Reply, Request, Time
from serve.schemas.identity import Email, Password, Token

OldPassword = Annotated[str, Field(max_length=256, examples=["correct horse battery"])]


class AddressRequest(Request):
    """The address of an account."""

    email: Email


class VerifyRequest(Request):
    """The token of the mail, and the password that was chosen with the address."""

    token: Token
    password: OldPassword


class ResetRequest(Request):
    """The token of the mail, and the new password."""

    token: Token
    password: Password


class ChangePasswordRequest(Request):
    """The password of now, and the new one."""

    current: OldPassword
    new: Password


class ProfileRequest(Request):
    """What is left out stays as it is."""

    name: Annotated[str | None, Field(max_length=200, examples=["Ada Lovelace"])] = None
    locale: Annotated[
        str | None, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", max_length=35, examples=["en-GB"])
    ] = None
    time_zone: Annotated[str | None, Field(max_length=64, examples=["Europe/London"])] = None


class Profile(Reply):
    """How a user is called and shown things."""

    id: UUID
    email: str
    email_verified: bool
    name: str
    locale: str
    time_zone: str


class Accepted(Reply):
    """A mail was sent to the address, if there was reason to; the answer is the same if not."""

    status: Literal["mail_sent"] = "mail_sent"


class Session(Reply):
    """A session that has not ended; last seen when its tokens were last renewed."""

    id: UUID
    this: bool
    device: str
    place: str
    address: str
    tenant: str
    factors: list[str]
    created_at: Time
    last_seen_at: Time


class Sessions(Reply):
    """The one seen last first."""

    items: list[Session]
    next: None = None


class Ended(Reply):
    """How many sessions were open and are not any more."""

    ended: int


class TenantSettingsRequest(Request):
    """Replaces the settings. Origins are exact: `https://app.example.com`, without a path."""

    display_name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    allowed_origins: Annotated[
        list[Annotated[str, Field(max_length=255)]], Field(examples=[["https://app.example.com"]])
    ]


class TenantSettings(Reply):
    """What a tenant sets for itself."""

    name: str
    display_name: str
    allowed_origins: list[str]
    updated_at: Time | None
