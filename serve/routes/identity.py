"""Sign-up, sign-in, sessions and the caller's own account."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from models.domain.authorization import ALL_PERMISSIONS
from models.domain.errors import Forbidden, NotFound, Unauthenticated
from serve.audit_trail import Asking, unaudited
from serve.auth.cookies import cookie_name, forget_cookie, own_page, set_cookie, sign_on_browser
from serve.auth.second_factors import SecondFactorNeeded
from serve.auth.session_tokens import SignedIn
from serve.federation.sign_on import TICKET_PREFIX
from serve.guard import (
    GuardedRoute,
    deps_of,
    enrolling,
    identified,
    principal_of,
    public,
    rights_of,
    signed_in,
)
from serve.requests import device_of
from serve.responses import json_response, no_content
from serve.schemas import identity as s
from serve.schemas.factors import SecondFactor

router = APIRouter(tags=["identity"], route_class=GuardedRoute)


def tokens_response(request: Request, signed: SignedIn | SecondFactorNeeded, status: int = 200) -> Response:
    """The tokens of a session, for programs in the body and for the page in the cookie; or what is needed before."""
    if isinstance(signed, SecondFactorNeeded):
        needed = {
            "mfa_token": signed.mfa_token, "factors": list(signed.factors), "expires_in": signed.expires_in,
            "passkey": signed.passkey,
        }  # fmt: skip
        return json_response(needed)
    deps = deps_of(request)
    body = {
        "access_token": signed.access_token,
        "refresh_token": signed.refresh_token,
        "token_type": "Bearer",
        "expires_in": signed.expires_in,
    }
    response = json_response(body, status)
    set_cookie(response, deps.options, signed.refresh_token, deps.limits.refresh_token_seconds)
    return response


def _presented(request: Request, given: str | None) -> str:
    if given is not None:
        return given
    token = request.cookies.get(cookie_name(deps_of(request).options))
    if not token:
        raise Unauthenticated("Send a refresh token.")
    if not own_page(request):
        raise Forbidden("With the cookie, this call needs the header X-Tidewire and our own origin.")
    return token


@router.post("/v1/auth/register", response_model=s.Tokens, status_code=201, responses={202: {}, 409: {}})
@public
async def register(request: Request, body: s.RegisterRequest) -> Response:
    """Makes a tenant and its owner, and signs them in; 202 and a mail where addresses are verified before use."""
    deps = deps_of(request)
    device = device_of(request, deps.options.trusted_hops)
    signed = await deps.account.registrations.register(body.email, body.password, body.tenant, device)
    if signed is None:
        return json_response({"status": "mail_sent"}, 202)
    return tokens_response(request, signed, 201)


@router.post("/v1/auth/login", response_model=s.Tokens | SecondFactor, responses={401: {}, 404: {}, 429: {}})
@public
async def login(request: Request, body: s.LoginRequest) -> Response:
    """Signs in with e-mail address and password. Who has a second factor gets no tokens yet."""
    deps = deps_of(request)
    device = device_of(request, deps.options.trusted_hops)
    try:
        signed = await deps.accounts.login(body.email, body.password, body.tenant, device)
    except Unauthenticated:
        asking = Asking(request, None, deps.options.trusted_hops, deps.ports.clock.now())
        deps.refusals.sign_in_failed(asking, body.email)
        raise
    return tokens_response(request, signed)


@router.post("/v1/auth/ticket", response_model=s.Tokens | SecondFactor, responses={401: {}})
@public
async def use_ticket(request: Request, body: s.TicketRequest) -> Response:
    """Signs in with a one-time ticket, of the command line or of a sign-in through an identity provider."""
    deps = deps_of(request)
    if body.ticket.startswith(TICKET_PREFIX):
        return tokens_response(request, await _signed_on(request, body.ticket))
    device = device_of(request, deps.options.trusted_hops)
    return tokens_response(request, await deps.accounts.use_ticket(body.ticket, device))


async def _signed_on(request: Request, ticket: str) -> SignedIn | SecondFactorNeeded:
    deps = deps_of(request)
    browser = sign_on_browser(request, deps.options)
    user_id, tenant_id, factors = await deps.federation.sign_on.use_ticket(ticket, browser)
    device = device_of(request, deps.options.trusted_hops)
    signed = await deps.accounts.enter(user_id, str(tenant_id), device, factors)
    if isinstance(signed, SignedIn):
        session_id = deps.gate.admit(f"Bearer {signed.access_token}").session_id
        await deps.federation.sign_on.opened(ticket, session_id)
    return signed


@router.post("/v1/auth/refresh", response_model=s.Tokens, responses={401: {}, 403: {}})
@public
@unaudited("the session was told when it began")
async def refresh(request: Request, body: s.RefreshRequest | None = None) -> Response:
    """Changes a refresh token, from the body or the cookie, into a new pair of tokens."""
    token = _presented(request, body.refresh_token if body else None)
    return tokens_response(request, await deps_of(request).accounts.refresh(token))


@router.post("/v1/auth/logout", status_code=204, responses={401: {}, 403: {}})
@public
async def logout(request: Request, body: s.RefreshRequest | None = None) -> Response:
    """Ends the session of a refresh token, from the body or the cookie, or of the access token."""
    deps = deps_of(request)
    given = body.refresh_token if body else None
    authorization = request.headers.get("authorization")
    if given is None and authorization:
        await deps.accounts.logout(deps.gate.admit(authorization).session_id)
    else:
        await deps.accounts.logout_refresh(_presented(request, given))
    response = no_content()
    forget_cookie(response, deps.options)
    return response


@router.post("/v1/auth/switch", response_model=s.Tokens, responses={404: {}})
@enrolling
@signed_in
async def switch_tenant(request: Request, body: s.SwitchRequest) -> Response:
    """Ends this session and opens one in another tenant of the caller."""
    deps = deps_of(request)
    device = device_of(request, deps.options.trusted_hops)
    return tokens_response(request, await deps.accounts.switch(principal_of(request), body.tenant, device))


@router.get("/v1/me", response_model=s.Me, responses={404: {}})
@enrolling
@identified
async def get_me(request: Request) -> Response:
    """Who is signed in, where, and what that allows for all that there is; more exactly: GET /v1/me/permissions."""
    principal, identity = principal_of(request), deps_of(request).ports.identity
    user = await identity.user(principal.user_id)
    memberships = await identity.memberships(principal.user_id)
    here = next((m for m in memberships if m.tenant_id == principal.tenant_id), None)
    if user is None or user.disabled or here is None:
        raise NotFound("You are no user of this tenant; service accounts ask GET /v1/me/permissions.")
    return json_response({
        "user": {"id": user.id, "email": user.email},
        "tenant": {"id": here.tenant_id, "name": here.name, "display_name": here.display_name},
        "role": here.role,
        "permissions": [one for one in sorted(ALL_PERMISSIONS) if rights_of(request).reach(one).holds(None)],
    })


@router.get("/v1/me/tenants", response_model=s.MyTenants)
@enrolling
@signed_in
async def list_my_tenants(request: Request) -> Response:
    """The tenants the caller is a member of."""
    memberships = await deps_of(request).ports.identity.memberships(principal_of(request).user_id)
    items = [
        {"id": m.tenant_id, "name": m.name, "display_name": m.display_name, "role": m.role} for m in memberships
    ]
    return json_response({"items": items, "next": None})


@router.post("/v1/push/token", response_model=s.PushToken)
@signed_in
@unaudited("it gives nothing that the session has not")
async def create_push_token(request: Request) -> Response:
    """A short-lived token that opens the push gateway and nothing else."""
    token, seconds = deps_of(request).accounts.push_token(principal_of(request))
    return json_response({"token": token, "expires_in": seconds})


@router.get("/.well-known/jwks.json", response_model=s.KeySet)
@public
async def get_jwks(request: Request) -> Response:
    """The public keys that access tokens verify against."""
    keys = deps_of(request).ports.keys.public()
    return json_response({"keys": keys}, headers={"cache-control": "public, max-age=300"})


@router.get("/v1/config", response_model=s.Config)
@public
async def get_config(request: Request) -> Response:
    """What the page needs to know before anyone signs in."""
    options = deps_of(request).options
    return json_response({"version": options.version, "push_url": options.push_url})
