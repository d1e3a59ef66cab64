"""What SCIM clients may ask about the service itself (RFC 7643, 5 to 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.domain.scim_filter import ENTERPRISE
from models.domain.scim_resources import GROUP, USER

_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"


def service_provider_config(most: int) -> dict[str, Any]:
    """What is there and what is not; `most` resources a page."""
    return {
        "schemas": [_CONFIG],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": most},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {"type": "oauthbearertoken", "name": "Bearer token", "primary": True,
             "description": "A token that an admin of the tenant made under single sign-on."}
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": "/scim/v2/ServiceProviderConfig"},
    }  # fmt: skip


def _attribute(name: str, kind: str = "string", *parts: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    about = {
        "name": name, "type": kind, "multiValued": False, "description": name, "required": False, "caseExact": False,
        "mutability": "readWrite", "returned": "default", "uniqueness": "none", **more,
    }  # fmt: skip
    return {**about, "subAttributes": list(parts)} if parts else about


def _many(name: str, *parts: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return _attribute(name, "complex", *parts, multiValued=True, **more)


_VALUE = (_attribute("value"), _attribute("display"), _attribute("type"), _attribute("primary", "boolean"))
_NAME = tuple(
    _attribute(name)
    for name in ("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
)
_PLAIN = ("displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone")
_GIVEN = {"mutability": "readOnly"}

_USER_ATTRIBUTES = [
    _attribute("userName", required=True, uniqueness="server"),
    _attribute("name", "complex", *_NAME),
    *(_attribute(name) for name in _PLAIN),
    _attribute("active", "boolean"),
    *(_many(name, *_VALUE) for name in ("emails", "phoneNumbers", "ims", "photos", "entitlements", "roles")),
    _many("addresses", *(_attribute(name) for name in ("formatted", "streetAddress", "locality", "region", "postalCode",
                                                       "country", "type"))),
    _many("groups", _attribute("value", **_GIVEN), _attribute("display", **_GIVEN), _attribute("$ref", **_GIVEN),
          **_GIVEN),
]  # fmt: skip
_GROUP_ATTRIBUTES = [
    _attribute("displayName", required=True, uniqueness="server"),
    _many("members", _attribute("value", mutability="immutable"), _attribute("$ref", "reference", **_GIVEN),
          _attribute("display", **_GIVEN), _attribute("type", canonicalValues=["User"])),
]  # fmt: skip
_ENTERPRISE_ATTRIBUTES = [
    *(_attribute(name) for name in ("employeeNumber", "costCenter", "organization", "division", "department")),
    _attribute("manager", "complex", _attribute("value"), _attribute("displayName", **_GIVEN)),
]


def _schema(urn: str, name: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    meta = {"resourceType": "Schema", "location": f"/scim/v2/Schemas/{urn}"}
    return {"schemas": [_SCHEMA], "id": urn, "name": name, "description": name, "attributes": attributes, "meta": meta}


SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    USER: _schema(USER, "User", _USER_ATTRIBUTES),
    GROUP: _schema(GROUP, "Group", _GROUP_ATTRIBUTES),
    ENTERPRISE: _schema(ENTERPRISE, "EnterpriseUser", _ENTERPRISE_ATTRIBUTES),
}


def _resource_type(name: str, urn: str, extensions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemas": [_TYPE], "id": name, "name": name, "endpoint": f"/{name}s", "description": name, "schema": urn,
        "schemaExtensions": extensions,
        "meta": {"resourceType": "ResourceType", "location": f"/scim/v2/ResourceTypes/{name}"},
    }  # fmt: skip


RESOURCE_TYPES: Mapping[str, Mapping[str, Any]] = {
    "User": _resource_type("User", USER, [{"schema": ENTERPRISE, "required": False}]),
    "Group": _resource_type("Group", GROUP, []),
}
