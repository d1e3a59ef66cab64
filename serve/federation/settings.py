"""What is stored of a provider, as the values that the rules know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from models.domain.federation import RoleRule, Rules
from models.domain.oidc import OidcSettings
from models.domain.saml import Place, SamlSettings


def oidc_settings(stored: Mapping[str, Any]) -> OidcSettings:
    """Of a provider of the kind oidc."""
    return OidcSettings(
        stored["issuer"], stored["client_id"], tuple(stored["scopes"]), stored["email_claim"], stored["groups_claim"],
        stored["trust_unverified_email"],
    )  # fmt: skip


def saml_settings(stored: Mapping[str, Any]) -> SamlSettings:
    """Of a provider of the kind saml."""
    return SamlSettings(
        stored["entity_id"], stored["sso_url"], tuple(stored["certificates"]), stored["idp_initiated"],
        stored["email_attribute"], stored["groups_attribute"],
    )  # fmt: skip


def rules_of(stored: Mapping[str, Any]) -> Rules:
    """Who becomes what; without a provider nobody gets more than to look on."""
    return Rules(
        stored.get("just_in_time", True),
        stored.get("default_role", "viewer"),
        [RoleRule(one["group"], one["role"]) for one in stored.get("roles", ())],
    )


def redirect_uri(public_url: str, provider_id: UUID) -> str:
    """Where an OpenID provider sends its answers: an address of its own, so that those of two cannot be mixed up."""
    return f"{public_url}/v1/auth/oidc/callback/{provider_id}"


def place_of(public_url: str, provider_id: UUID) -> Place:
    """Who we are for a SAML provider."""
    return Place(
        f"{public_url}/v1/auth/saml/metadata/{provider_id}", f"{public_url}/v1/auth/saml/acs/{provider_id}"
    )


def secret_context(tenant_id: UUID, provider_id: UUID) -> str:
    """What the client secret is sealed to."""
    return f"identity-provider:{tenant_id}:{provider_id}"
