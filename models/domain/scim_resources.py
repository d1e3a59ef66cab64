"""Users and groups as SCIM has them (RFC 7643): what of a document is kept, and how a resource is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.domain.errors import Conflict, Fault, InvalidInput, LimitExceeded
from models.domain.events import format_time
from models.domain.limits import Limits
from models.domain.scim_filter import ENTERPRISE, parse_path

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
USER_LISTS = frozenset({"emails", "phonenumbers", "addresses", "photos", "ims", "entitlements", "roles",
                        "x509certificates", "groups"})  # fmt: skip
GROUP_LISTS = frozenset({"members"})
# Ours to say, or not to be kept: a password would otherwise stand in our tables.
_NOT_KEPT = frozenset({"id", "meta", "schemas", "groups", "password", "username", "externalid", "active"})
_TEXTS = frozenset({"displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale",
                    "timezone"})  # fmt: skip
_ALWAYS = frozenset({"id", "schemas"})


class VersionMoved(Conflict):
    """The resource has changed since you read it; read it again."""


@dataclass(frozen=True, slots=True)
class ScimUser:
    """What a client says about a user. `email` is the primary address, or the user name when that is one."""

    user_name: str
    external_id: str | None
    active: bool
    email: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScimGroup:
    """What a client says about a group; `members` are ids of its users."""

    display_name: str
    external_id: str | None
    members: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user as provisioned; `groups` are (id, name)."""

    id: UUID
    user_name: str
    external_id: str | None
    active: bool
    document: Mapping[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
    groups: Sequence[tuple[UUID, str]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A group as provisioned; `members` are (id, user name)."""

    id: UUID
    display_name: str
    external_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    members: Sequence[tuple[UUID, str]] = field(default_factory=tuple)


def read_user(document: Any, limits: Limits) -> ScimUser:
    """InvalidInput names the attribute that cannot be used."""
    given = _object(document, USER, limits)
    kept = {name: value for name, value in given.items() if name.lower() not in _NOT_KEPT}
    for name in _TEXTS & kept.keys():
        _text(kept, name, 1_000)
    emails = _many(kept, "emails")
    user_name = _text(given, "userName", 254, needed=True) or ""
    address = _primary(emails) or (user_name if "@" in user_name else None)
    if address is None or len(address) > 254:
        raise _wrong("emails", "one address, or a userName that is one")
    return ScimUser(user_name, _text(given, "externalId", 254), _flag(given), address.strip(), kept)


def read_group(document: Any, limits: Limits) -> ScimGroup:
    """InvalidInput names the attribute that cannot be used."""
    given = _object(document, GROUP, limits)
    name = _text(given, "displayName", 254, needed=True) or ""
    members = [_member(one) for one in _many(given, "members")]
    return ScimGroup(name, _text(given, "externalId", 254), list(dict.fromkeys(members)))


def _object(document: Any, schema: str, limits: Limits) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise InvalidInput("The body is not an object.", [Fault("", "expected an object")])
    size = len(json.dumps(document))
    if schema == USER and size > limits.max_scim_document_bytes:
        raise LimitExceeded("max_scim_document_bytes", limits.max_scim_document_bytes)
    schemas = document.get("schemas")
    if not isinstance(schemas, list) or schema.lower() not in [str(one).lower() for one in schemas]:
        raise _wrong("schemas", f"a list with {schema}")
    return {_SPELLED.get(str(name).lower(), str(name)): value for name, value in document.items()}


def _text(given: Mapping[str, Any], name: str, most: int, *, needed: bool = False) -> str | None:
    value = given.get(name)
    if value is None and not needed:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        if value == "" and not needed:
            return None
        raise _wrong(name, f"a text of 1 to {most} characters")
    return value.strip()


def _flag(given: Mapping[str, Any]) -> bool:
    value = given.get("active", True)
    # Some clients write it as a text.
    known = {"true": True, "false": False}.get(str(value).lower())
    if known is None:
        raise _wrong("active", "true or false")
    return known


def _many(given: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = given.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise _wrong(name, "a list of objects")
    return value


def _primary(emails: Sequence[Mapping[str, Any]]) -> str | None:
    ordered = sorted(emails, key=lambda one: one.get("primary") is not True)
    return next((one["value"] for one in ordered if isinstance(one.get("value"), str) and one["value"]), None)


def _member(one: Mapping[str, Any]) -> UUID:
    try:
        return UUID(str(one.get("value")))
    except ValueError:
        raise _wrong("members", "values that are ids of users") from None


def _wrong(name: str, wanted: str) -> InvalidInput:
    return InvalidInput(f"The attribute {name} cannot be used: expected {wanted}.", [Fault(f"/{name}", wanted)])


def show_user(user: StoredUser, base: str) -> dict[str, Any]:
    """The resource; `base` is the address that ends in /scim/v2."""
    schemas = [USER, *([ENTERPRISE] if ENTERPRISE in user.document else [])]
    shown = {"schemas": schemas, "id": str(user.id), "userName": user.user_name, **user.document, "active": user.active}
    if user.external_id is not None:
        shown["externalId"] = user.external_id
    if user.groups:
        shown["groups"] = [
            {"value": str(one), "display": name, "$ref": f"{base}/Groups/{one}", "type": "direct"}
            for one, name in user.groups
        ]
    return {**shown, "meta": _meta("User", f"{base}/Users/{user.id}", user)}


def show_group(group: StoredGroup, base: str) -> dict[str, Any]:
    """The resource."""
    shown: dict[str, Any] = {"schemas": [GROUP], "id": str(group.id), "displayName": group.display_name}
    if group.external_id is not None:
        shown["externalId"] = group.external_id
    shown["members"] = [
        {"value": str(one), "display": name, "$ref": f"{base}/Users/{one}", "type": "User"}
        for one, name in group.members
    ]
    return {**shown, "meta": _meta("Group", f"{base}/Groups/{group.id}", group)}


def _meta(kind: str, location: str, one: StoredUser | StoredGroup) -> dict[str, Any]:
    return {
        "resourceType": kind, "created": format_time(one.created_at), "lastModified": format_time(one.updated_at),
        "location": location, "version": etag_of(one.version),
    }  # fmt: skip


def etag_of(version: int) -> str:
    """The entity tag of a version."""
    return f'W/"{version}"'


def projected(resource: Mapping[str, Any], wanted: str | None, unwanted: str | None) -> dict[str, Any]:
    """Only the attributes asked for, or all but those: comma-separated paths. `id` and `schemas` are always there."""
    if wanted:
        paths = [parse_path(one) for one in wanted.split(",") if one.strip()]
        return {
            name: value if (name.lower(),) in paths or name in _ALWAYS else _narrowed(value, name, paths)
            for name, value in resource.items()
            if name in _ALWAYS or any(path[0] == name.lower() for path in paths)
        }
    if unwanted:
        paths = [parse_path(one) for one in unwanted.split(",") if one.strip()]
        gone = {path[0] for path in paths if len(path) == 1}
        return {name: value for name, value in resource.items() if name in _ALWAYS or name.lower() not in gone}
    return dict(resource)


def _narrowed(value: Any, name: str, paths: Iterable[tuple[str, ...]]) -> Any:
    parts = {path[1] for path in paths if path[0] == name.lower() and len(path) > 1}
    if isinstance(value, list):
        return [_narrowed(one, name, paths) for one in value]
    return {key: one for key, one in value.items() if key.lower() in parts} if isinstance(value, Mapping) else value


_SPELLED = {
    name.lower(): name
    for name in (
        "schemas", "userName", "externalId", "active", "emails", "displayName", "members", "name", "nickName",
        "profileUrl", "userType", "preferredLanguage", "phoneNumbers", "password", ENTERPRISE,
    )
}  # fmt: skip
