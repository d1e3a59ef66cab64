"""Bodies of sign-up, sign-in and the caller's own account."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from serve.schemas.common import Reply, Request

Email = Annotated[
    str, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$", examples=["ada@example.com"])
]
Password = Annotated[str, Field(min_length=8, max_length=256, examples=["correct horse battery"])]
Token = Annotated[str, Field(min_length=1, max_length=512)]


class RegisterRequest(Request):
    """A new tenant and its owner."""

    email: Email
    password: Password
    tenant: Annotated[str, Field(min_length=1, max_length=200, examples=["Harbour Logistics"])]


class LoginRequest(Request):
    """`tenant` picks one of several; without it the first one joined is entered."""

    email: Annotated[str, Field(max_length=254, examples=["ada@example.com"])]
    password: Annotated[str, Field(max_length=256, examples=["correct horse battery"])]
    tenant: Annotated[str | None, Field(max_length=63)] = None


class RefreshRequest(Request):
    """Without a token in the body the cookie is used; then the header X-Tidewire must be there too."""

    refresh_token: Token | None = None


class TicketRequest(Request):
    """A one-time sign-in ticket, made by the command line."""

    ticket: Token


class SwitchRequest(Request):
    """The name or the id of the tenant to go to."""

    tenant: Annotated[str, Field(min_length=1, max_length=63)]


class Tokens(Reply):
    """A signed-in session. The refresh token changes at each use."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "access_token": "eyJhbGciOi...",
                "refresh_token": "twr_8jQ...",
                "token_type": "Bearer",
                "expires_in": 900,
            }
        }
    )

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int


class PushToken(Reply):
    """A short-lived token for the push gateway."""

    token: str
    expires_in: int


class MeUser(Reply):
    """The caller."""

    id: UUID
    email: str


class MeTenant(Reply):
    """The tenant the caller acts in."""

    id: UUID
    name: str
    display_name: str


class Me(Reply):
    """Who is signed in, where, and what that allows."""

    user: MeUser
    tenant: MeTenant
    role: str
    permissions: list[str]


class MyTenant(Reply):
    """A tenant the caller is a member of."""

    id: UUID
    name: str
    display_name: str
    role: str


class MyTenants(Reply):
    """All tenants of the caller."""

    items: list[MyTenant]
    next: None = None


class KeySet(Reply):
    """The public keys that access tokens verify against (RFC 7517)."""

    keys: list[dict[str, str]]


class Config(Reply):
    """What the page needs to know before anyone signs in."""

    version: str
    push_url: str | None = Field(description="Address of the push gateway; null: /connection/websocket here.")
