"""Bodies of the routes about what callers may do: permissions, roles and grants."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from serve.paging import Text
from serve.schemas.common import Reply, Request, Time

Permission = Annotated[str, Field(pattern=r"^[a-z_]{1,40}:[a-z_]{1,22}$", max_length=63, examples=["run:start"])]
Pattern = Annotated[
    str,
    Field(pattern=r"^(\*|[a-z_]{1,40}:(\*|[a-z_]{1,22}))$", max_length=63, examples=["run:start", "run:*", "*"]),
]
RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$", max_length=63, examples=["dispatcher"])]
Instance = Annotated[
    Text,
    Field(
        min_length=1, max_length=255, examples=["ops/late-flights", "ops/*"],
        description="A name such as ops/late-flights or delay, or the beginning of names with a * at its end.",
    ),
]  # fmt: skip
ResourceType = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$", examples=["workflow"])]
Description = Annotated[Text, Field(max_length=500)]
SubjectKind = Literal["user", "service_account"]


class Places(Reply):
    """Where something is: everywhere, at these names, and at names that begin so."""

    everywhere: bool
    names: list[str]
    prefixes: list[str]


class PermissionReach(Reply):
    """A permission, where it is had, and where not although it is had around there."""

    permission: str
    resource: str
    allowed: Places
    denied: Places


class MyPermissions(Reply):
    """What the caller may do with the credential of this request; what is not listed is refused."""

    role: str
    scopes: list[str] | None = Field(description="Null when the credential is not narrowed.")
    items: list[PermissionReach]


class ExplainSubject(Request):
    """A member or service account of the tenant."""

    kind: SubjectKind
    id: UUID = Field(strict=False)


class ExplainRequest(Request):
    """Without a subject it is about the caller and the credential of this request."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"permission": "run:start", "instance": "ops/late-flights"}}
    )

    subject: ExplainSubject | None = None
    permission: Permission
    resource: ResourceType | None = Field(None, description="Follows from the permission when absent.")
    instance: Instance | None = None


class ExplainedRule(Reply):
    """One rule that was looked at, and why it did or did not apply."""

    source: Literal["scope", "role", "grant", "default"]
    effect: Literal["allow", "deny"]
    applies: bool
    reason: str
    grant: UUID | None = None


class Explanation(Reply):
    """The decision, with every rule looked at, in order."""

    allowed: bool
    role: str
    permission: str
    resource: str
    instance: str | None
    rules: list[ExplainedRule]


class RoleRequest(Request):
    """What a role allows."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"description": "May start runs.", "permissions": ["workflow:read", "run:*"]}}
    )

    description: Description = ""
    permissions: Annotated[list[Pattern], Field(max_length=200)]


class NewRoleRequest(RoleRequest):
    """A role of the tenant."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "dispatcher", "permissions": ["workflow:read", "run:*"]}}
    )

    name: RoleName


class Role(Reply):
    """A role. Built-in ones are the same everywhere and cannot be changed; they have no times."""

    name: str
    description: str
    builtin: bool
    permissions: list[str] = Field(description="As they were given: names or kind:*.")
    covers: list[str] = Field(description="The permissions that these are today.")
    created_at: Time | None = None
    updated_at: Time | None = None


class Roles(Reply):
    """All roles, built-in ones first."""

    items: list[Role]
    next: None = None


class GrantRequest(Request):
    """A rule for one user, service account or role; a deny beats every allow."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "subject_kind": "role", "subject": "viewer", "effect": "allow", "permission": "run:start",
                "instance": "ops/*",
            }
        }
    )

    subject_kind: Literal["user", "service_account", "role"]
    subject: Annotated[str, Field(min_length=1, max_length=63, description="An id, or the name of a role.")]
    effect: Literal["allow", "deny"] = "allow"
    permission: Pattern
    resource: ResourceType | None = Field(None, description="Follows from the permission, unless that is *.")
    instance: Instance | None = Field(None, description="All of the type when absent.")


class Grant(Reply):
    """A rule."""

    id: UUID
    subject_kind: str
    subject: str
    effect: str
    permission: str
    resource: str
    instance: str | None
    created_at: Time
    created_by: UUID


class GrantPage(Reply):
    """Rules, oldest first."""

    items: list[Grant]
    next: str | None = None
