"""Bodies of the routes about members and invitations."""

from __future__ import annotations

from uuid import UUID

from pydantic import ConfigDict

from serve.schemas.authorization import RoleName
from serve.schemas.common import Reply, Request, Time
from serve.schemas.identity import Email, Password, Token


class Member(Reply):
    """A user in the tenant."""

    user_id: UUID
    email: str
    name: str
    role: str
    disabled: bool
    joined_at: Time


class MemberPage(Reply):
    """Members, by the age of their accounts."""

    items: list[Member]
    next: str | None = None


class MemberChange(Request):
    """The role from now on."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "operator"}})

    role: RoleName


class InvitationRequest(Request):
    """Whom to invite, and to which role."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "ben@example.com", "role": "viewer"}})

    email: Email
    role: RoleName


class Invitation(Reply):
    """Somebody who was invited and has not come yet."""

    id: UUID
    email: str
    role: str
    created_at: Time
    created_by: UUID
    expires_at: Time


class InvitationPage(Reply):
    """Open invitations, oldest first."""

    items: list[Invitation]
    next: str | None = None


class JoinedTenant(Reply):
    """A tenant that one is a member of."""

    id: UUID
    name: str
    display_name: str


class Accepted(Reply):
    """Where the caller is a member now, and whether the account is new."""

    email: str
    role: str
    is_new: bool
    tenant: JoinedTenant


class AcceptRequest(Request):
    """The token of the mail. Who has no account yet gives the password of the new one."""

    token: Token
    password: Password | None = None
