"""Bodies of single sign-on: identity providers, domains, tokens of provisioning clients, and where people sign in."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from serve.schemas.common import Reply, Request, Time
from serve.schemas.identity import Email

Address = Annotated[str, Field(min_length=1, max_length=2_000, examples=["https://id.example.com/realms/staff"])]
Claim = Annotated[str, Field(min_length=1, max_length=200)]
Role = Annotated[str, Field(min_length=1, max_length=63, examples=["editor"])]


class RoleRule(Request):
    """Members of the group at the provider get the role here."""

    group: Annotated[str, Field(min_length=1, max_length=500, examples=["dispatchers"])]
    role: Role


class Rules(Request):
    """Who becomes what. The first rule that fits wins; `default_role` null: who is in no such group stays out."""

    just_in_time: bool = True
    default_role: Role | None = "viewer"
    roles: Annotated[list[RoleRule], Field(max_length=200)] = Field(default_factory=list)


class OidcProvider(Request):
    """An OpenID provider. `client_secret` null keeps the one that is stored; a public client has none."""

    issuer: Address
    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    client_secret: Annotated[str | None, Field(min_length=1, max_length=2_000)] = None
    scopes: Annotated[list[Claim], Field(max_length=20)] = Field(default_factory=lambda: ["openid", "email", "profile"])
    email_claim: Claim = "email"
    groups_claim: Claim = "groups"
    trust_unverified_email: bool = False


class SamlProvider(Request):
    """A SAML provider: its metadata as XML or by address, or the three parts of them that are needed."""

    metadata: Annotated[str | None, Field(min_length=1, max_length=500_000)] = None
    metadata_url: Address | None = None
    entity_id: Annotated[str | None, Field(min_length=1, max_length=1_024)] = None
    sso_url: Address | None = None
    certificates: Annotated[list[Annotated[str, Field(max_length=20_000)]], Field(max_length=10)] = Field(
        default_factory=list
    )
    idp_initiated: bool = False
    email_attribute: Claim | None = None
    groups_attribute: Claim | None = None


class ProviderRequest(Request):
    """An identity provider: `oidc` or `saml`, one of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Staff",
                "oidc": {"issuer": "https://id.example.com/realms/staff", "client_id": "tidewire"},
                "rules": {"roles": [{"group": "dispatchers", "role": "operator"}]},
            }
        }
    )

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["Staff"])]
    enabled: bool = True
    oidc: OidcProvider | None = None
    saml: SamlProvider | None = None
    rules: Rules = Field(default_factory=Rules)

    @model_validator(mode="after")
    def _one_kind(self) -> ProviderRequest:
        if (self.oidc is None) == (self.saml is None):
            raise ValueError("send oidc or saml, one of them")
        return self


class RoleRuleShown(Reply):
    """A rule."""

    group: str
    role: str


class RulesShown(Reply):
    """Who becomes what."""

    just_in_time: bool
    default_role: str | None
    roles: list[RoleRuleShown]


class OidcShown(Reply):
    """An OpenID provider; the secret is never shown. `redirect_uri` is what to register there."""

    issuer: str
    client_id: str
    has_secret: bool
    scopes: list[str]
    email_claim: str
    groups_claim: str
    trust_unverified_email: bool
    redirect_uri: str


class CertificateShown(Reply):
    """A certificate of the provider."""

    subject: str
    not_after: Time
    sha256: str


class SamlShown(Reply):
    """A SAML provider; the last three are what to register there."""

    entity_id: str
    sso_url: str
    certificates: list[CertificateShown]
    idp_initiated: bool
    email_attribute: str | None
    groups_attribute: str | None
    own_entity_id: str
    acs_url: str
    metadata_url: str


class Provider(Reply):
    """An identity provider. `last_error` says why the last sign-in failed."""

    id: UUID
    name: str
    kind: Literal["oidc", "saml"]
    enabled: bool
    oidc: OidcShown | None = None
    saml: SamlShown | None = None
    rules: RulesShown
    start_url: str
    last_error: str | None
    last_error_at: Time | None
    last_used_at: Time | None
    created_at: Time
    updated_at: Time


class Providers(Reply):
    """All of the tenant, oldest first."""

    items: list[Provider]
    next: None = None


class Check(Reply):
    """One thing that was looked at, and what is wrong with it."""

    name: str
    ok: bool
    detail: str


class Tested(Reply):
    """Whether people could sign in."""

    ok: bool
    checks: list[Check]


class DomainRequest(Request):
    """A domain to be verified."""

    domain: Annotated[str, Field(min_length=3, max_length=253, examples=["example.com"])]


class DomainChange(Request):
    """Where its people sign in, and whether only there. Owners can always sign in with their password."""

    provider_id: Annotated[UUID | None, Field(strict=False)] = None
    enforced: bool = False


class Domain(Reply):
    """A domain. Publish `record_value` as a TXT record of `record_name`, then verify."""

    domain: str
    verified: bool
    verified_at: Time | None
    verified_by: Literal["dns", "operator"] | None
    record_name: str
    record_value: str
    provider_id: UUID | None
    enforced: bool
    created_at: Time


class Domains(Reply):
    """All of the tenant, by name."""

    items: list[Domain]
    next: None = None


class ScimTokenRequest(Request):
    """A token for a provisioning client. The rules of `provider_id` say which group gives which role."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["Directory"])]
    provider_id: Annotated[UUID | None, Field(strict=False)] = None
    expires_in: Annotated[int | None, Field(ge=60, le=315_360_000, description="seconds; null: it does not")] = None


class ScimToken(Reply):
    """A token, without the token."""

    id: UUID
    name: str
    provider_id: UUID | None
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None


class NewScimToken(ScimToken):
    """Shown once."""

    token: str
    base_url: str


class ScimTokens(Reply):
    """All of the tenant, oldest first."""

    items: list[ScimToken]
    next: None = None


class DiscoverRequest(Request):
    """Whose methods to tell; only the domain is looked at."""

    email: Email


class Method(Reply):
    """A way to sign in. For `sso` the browser goes to `url`."""

    kind: Literal["password", "passkey", "sso"]
    provider: UUID | None = None
    name: str | None = None
    url: str | None = None


class Methods(Reply):
    """The best one first. They follow from the domain alone, so they tell nothing about anybody."""

    methods: list[Method]


class SignedOut(Reply):
    """Where the browser goes to end the session at the provider too; null when there is nothing to end."""

    url: str | None
