"""Single sign-on as the admins of a tenant set it up: providers, domains, tokens of provisioning clients."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from models.domain.errors import Conflict, Fault, InvalidInput
from models.domain.federation import TXT_NAME, ProviderKind, checked_domain, is_proven, txt_record
from models.domain.ids import uuid7
from serve.federation.settings import secret_context
from serve.federation_records import Domain, NewProvider, Provider
from serve.guard import GuardedRoute, demand, deps_of, needs, principal_of
from serve.responses import json_response, no_content
from serve.schemas import sso as s
from serve.scim_ports import ScimToken

router = APIRouter(tags=["single sign-on"], route_class=GuardedRoute)

ProviderId = Annotated[UUID, Path(description="Id of an identity provider.")]
DomainName = Annotated[str, Path(max_length=253, examples=["example.com"])]


@router.get("/v1/sso/providers", response_model=s.Providers)
@needs("sso:read")
async def list_identity_providers(request: Request) -> Response:
    """The identity providers of the tenant."""
    deps = deps_of(request)
    found = await deps.ports.federation.providers.providers(principal_of(request).tenant_id)
    return json_response({"items": [deps.federation.book.shown(one) for one in found], "next": None})


@router.post("/v1/sso/providers", response_model=s.Provider, status_code=201, responses={422: {}})
@needs("sso:write")
async def create_identity_provider(request: Request, body: s.ProviderRequest) -> Response:
    """Adds an identity provider. Lead a verified domain to it, and its people sign in there."""
    provider = await _read(request, uuid7(deps_of(request).ports.clock.now()), body, None)
    return await _put(request, provider, True)


@router.get("/v1/sso/providers/{provider}", response_model=s.Provider, responses={404: {}})
@needs("sso:read")
async def get_identity_provider(request: Request, provider: ProviderId) -> Response:
    """One identity provider."""
    deps = deps_of(request)
    found = await deps.ports.federation.providers.provider(principal_of(request).tenant_id, provider)
    return json_response(deps.federation.book.shown(found))


@router.put("/v1/sso/providers/{provider}", response_model=s.Provider, responses={404: {}, 409: {}, 422: {}})
@needs("sso:write")
async def replace_identity_provider(request: Request, provider: ProviderId, body: s.ProviderRequest) -> Response:
    """Changes an identity provider; its kind stays. Without a client secret or metadata the stored ones stay."""
    deps = deps_of(request)
    before = await deps.ports.federation.providers.provider(principal_of(request).tenant_id, provider)
    if (before.kind == "oidc") != (body.oidc is not None):
        raise Conflict("The kind of an identity provider cannot change; add another one.")
    return await _put(request, await _read(request, provider, body, before), False)


@router.delete("/v1/sso/providers/{provider}", status_code=204, responses={404: {}, 409: {}})
@needs("sso:write")
async def delete_identity_provider(request: Request, provider: ProviderId) -> Response:
    """Removes an identity provider with the links of its users; their accounts stay."""
    await deps_of(request).ports.federation.providers.delete_provider(principal_of(request).tenant_id, provider)
    return no_content()


@router.post("/v1/sso/providers/{provider}/test", response_model=s.Tested, responses={404: {}})
@needs("sso:write")
async def test_identity_provider(request: Request, provider: ProviderId) -> Response:
    """Looks at what could keep people from signing in."""
    deps = deps_of(request)
    found = await deps.ports.federation.providers.provider(principal_of(request).tenant_id, provider)
    checks = await deps.federation.book.test(found)
    return json_response({"ok": all(one["ok"] for one in checks), "checks": checks})


async def _read(request: Request, one: UUID, body: s.ProviderRequest, before: Provider | None) -> NewProvider:
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    rules = body.rules.model_dump()
    # Who writes these rules decides who becomes what.
    demand(request, "member:write")
    if "owner" in [rules["default_role"], *(rule["role"] for rule in rules["roles"])]:
        raise InvalidInput("Nobody becomes an owner from outside.", [Fault("/rules", "the role owner is not allowed")])
    sealed = None
    if body.oidc is not None:
        settings = deps.federation.book.oidc(body.oidc)
        if body.oidc.client_secret is not None:
            context = secret_context(tenant_id, one)
            sealed = deps.ports.sealer.seal(body.oidc.client_secret.encode(), context)
    else:
        assert body.saml is not None
        settings = await deps.federation.book.saml(body.saml, before.settings if before else None)
    kind: ProviderKind = "oidc" if body.oidc is not None else "saml"
    return NewProvider(one, tenant_id, body.name, kind, body.enabled, settings, rules, sealed)


async def _put(request: Request, provider: NewProvider, is_new: bool) -> Response:
    deps = deps_of(request)
    stored = await deps.ports.federation.providers.put_provider(provider, deps.ports.clock.now(), is_new)
    return json_response(deps.federation.book.shown(stored), 201 if is_new else 200)


@router.get("/v1/sso/domains", response_model=s.Domains)
@needs("sso:read")
async def list_sso_domains(request: Request) -> Response:
    """The domains of the tenant, verified or not."""
    found = await deps_of(request).ports.federation.providers.domains(principal_of(request).tenant_id)
    return json_response({"items": [_shown(one) for one in found], "next": None})


@router.post("/v1/sso/domains", response_model=s.Domain, status_code=201, responses={422: {}})
@needs("sso:write")
async def add_sso_domain(request: Request, body: s.DomainRequest) -> Response:
    """Adds a domain, to be verified by a TXT record."""
    deps, domain = deps_of(request), checked_domain(body.domain)
    added = await deps.ports.federation.providers.add_domain(
        principal_of(request).tenant_id, domain, secrets.token_urlsafe(24), deps.ports.clock.now()
    )
    return json_response(_shown(added), 201)


@router.post("/v1/sso/domains/{domain}/verify", response_model=s.Domain, responses={404: {}, 409: {}, 422: {}})
@needs("sso:write")
async def verify_sso_domain(request: Request, domain: DomainName) -> Response:
    """Looks for the TXT record, or for the word of the operator."""
    deps, tenant_id, name = deps_of(request), principal_of(request).tenant_id, checked_domain(domain)
    federation = deps.ports.federation
    stored = await federation.providers.domain(tenant_id, name)
    if f"{name}={await federation.providers.tenant_name(tenant_id)}" in federation.vouched:
        by = "operator"
    elif is_proven(await federation.txt.look_up(f"{TXT_NAME}.{name}"), stored.token):
        by = "dns"
    else:
        raise InvalidInput(
            f"There is no TXT record of {TXT_NAME}.{name} with the value {txt_record(stored.token)} yet. "
            "A new record can take an hour to be seen."
        )
    return json_response(_shown(await federation.providers.verify_domain(tenant_id, name, by, deps.ports.clock.now())))


@router.put("/v1/sso/domains/{domain}", response_model=s.Domain, responses={404: {}, 409: {}, 422: {}})
@needs("sso:write")
async def lead_sso_domain(request: Request, domain: DomainName, body: s.DomainChange) -> Response:
    """Says where the people of a domain sign in. When that is required, sessions that a password opened end."""
    deps, name = deps_of(request), checked_domain(domain)
    if body.enforced and body.provider_id is None:
        raise InvalidInput("Name the provider that is required.", [Fault("/provider_id", "expected an id")])
    led = await deps.ports.federation.providers.lead_domain(
        principal_of(request).tenant_id, name, body.provider_id, body.enforced, deps.ports.clock.now()
    )
    return json_response(_shown(led))


@router.delete("/v1/sso/domains/{domain}", status_code=204, responses={404: {}})
@needs("sso:write")
async def delete_sso_domain(request: Request, domain: DomainName) -> Response:
    """Gives the domain up; its people can no longer sign in through the provider."""
    name = checked_domain(domain)
    await deps_of(request).ports.federation.providers.delete_domain(principal_of(request).tenant_id, name)
    return no_content()


def _shown(one: Domain) -> dict[str, Any]:
    return {
        "domain": one.domain, "verified": one.verified_at is not None, "verified_at": one.verified_at,
        "verified_by": one.verified_by, "record_name": f"{TXT_NAME}.{one.domain}",
        "record_value": txt_record(one.token), "provider_id": one.provider_id, "enforced": one.enforced,
        "created_at": one.created_at,
    }  # fmt: skip


@router.get("/v1/sso/scim-tokens", response_model=s.ScimTokens)
@needs("sso:read")
async def list_scim_tokens(request: Request) -> Response:
    """The tokens of provisioning clients."""
    found = await deps_of(request).ports.federation.scim.tokens(principal_of(request).tenant_id)
    return json_response({"items": [_token(one) for one in found], "next": None})


@router.post("/v1/sso/scim-tokens", response_model=s.NewScimToken, status_code=201, responses={409: {}, 422: {}})
@needs("sso:write")
async def create_scim_token(request: Request, body: s.ScimTokenRequest) -> Response:
    """A token for a provisioning client; it is shown once."""
    demand(request, "member:write")
    deps, principal = deps_of(request), principal_of(request)
    now = deps.ports.clock.now()
    until = now + timedelta(seconds=body.expires_in) if body.expires_in is not None else None
    token = "tws_" + secrets.token_urlsafe(32)
    stored = ScimToken(uuid7(now), body.name, body.provider_id, now, until, None)
    digest = hashlib.sha256(token.encode()).digest()
    await deps.ports.federation.scim.add_token(principal.tenant_id, stored, digest, principal.user_id)
    base = f"{deps.federation.book.public_url}/scim/v2"
    return json_response({**_token(stored), "token": token, "base_url": base}, 201)


@router.delete("/v1/sso/scim-tokens/{token_id}", status_code=204, responses={404: {}})
@needs("sso:write")
async def delete_scim_token(request: Request, token_id: UUID) -> Response:
    """Takes a token back; it works no more at once."""
    await deps_of(request).ports.federation.scim.delete_token(principal_of(request).tenant_id, token_id)
    return no_content()


def _token(one: ScimToken) -> dict[str, Any]:
    return {
        "id": one.id, "name": one.name, "provider_id": one.provider_id, "created_at": one.created_at,
        "expires_at": one.expires_at, "last_used_at": one.last_used_at,
    }  # fmt: skip
