"""Second factors: at sign-in, in one's own settings, before sensitive changes, and of whom a tenant requires them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from models.domain.factors import EVERYONE, is_required
from models.domain.identity import Principal
from serve.auth.factor_proofs import Presented
from serve.factor_ports import Passkey
from serve.guard import GuardedRoute, deps_of, enrolling, fresh, needs, principal_of, public, signed_in
from serve.requests import device_of
from serve.responses import json_response, no_content
from serve.routes.identity import tokens_response
from serve.schemas import factors as s
from serve.schemas.identity import Tokens

router = APIRouter(tags=["second factors"], route_class=GuardedRoute)


def _presented(body: s.FactorRequest, password: str | None = None) -> Presented:
    return Presented(body.code, body.recovery_code, body.assertion, password)


def _access(request: Request, principal: Principal) -> dict[str, Any]:
    token, seconds = deps_of(request).factors.step_up.access(principal)
    return {"access_token": token, "token_type": "Bearer", "expires_in": seconds}


def _passkey(one: Passkey) -> dict[str, Any]:
    return {
        "id": one.id, "name": one.name, "backed_up": one.backed_up, "transports": list(one.transports),
        "created_at": one.created_at, "last_used_at": one.last_used_at,
    }  # fmt: skip


@router.post("/v1/auth/mfa/verify", response_model=Tokens, responses={401: {}, 429: {}})
@public
async def verify_mfa(request: Request, body: s.MfaVerifyRequest) -> Response:
    """The second step of a sign-in: the token of the first, with a code or the signature of a passkey."""
    deps = deps_of(request)
    device = device_of(request, deps.options.trusted_hops)
    return tokens_response(request, await deps.factors.second.verify(body.mfa_token, _presented(body), device))


@router.post("/v1/auth/passkeys/options", response_model=s.PasskeySignInOptions, responses={404: {}})
@public
async def begin_passkey_sign_in(request: Request) -> Response:
    """What a passkey is to sign, to sign in without a password."""
    deps = deps_of(request)
    nonce, options = deps.factors.second.passkey_options()
    return json_response({
        "passkey_token": nonce.token, "passkey": options, "expires_in": deps.limits.passkey_seconds,
    })  # fmt: skip


@router.post("/v1/auth/passkeys", response_model=Tokens, responses={401: {}, 404: {}})
@public
async def sign_in_by_passkey(request: Request, body: s.PasskeySignInRequest) -> Response:
    """Signs in whoever the passkey belongs to."""
    deps = deps_of(request)
    device = device_of(request, deps.options.trusted_hops)
    signed = await deps.factors.second.by_passkey(body.passkey_token, body.assertion, body.tenant, device)
    return tokens_response(request, signed)


@router.post("/v1/auth/step-up/options", response_model=s.StepUpOptions)
@enrolling
@signed_in
async def begin_step_up(request: Request) -> Response:
    """By what the caller can prove who is there."""
    found = await deps_of(request).factors.step_up.options(principal_of(request))
    return json_response({
        "factors": list(found.factors), "step_up_token": found.nonce.token if found.nonce else None,
        "passkey": found.passkey,
    })  # fmt: skip


@router.post("/v1/auth/step-up", response_model=s.AccessToken, responses={429: {}})
@enrolling
@signed_in
async def step_up(request: Request, body: s.StepUpRequest) -> Response:
    """A fresh access token, for changes that ask who is there."""
    deps = deps_of(request)
    device = device_of(request, deps.options.trusted_hops)
    token, seconds = await deps.factors.step_up.prove(
        principal_of(request), _presented(body, body.password), body.step_up_token, device
    )
    return json_response({"access_token": token, "token_type": "Bearer", "expires_in": seconds})


@router.get("/v1/me/factors", response_model=s.Factors)
@enrolling
@signed_in
async def get_my_factors(request: Request) -> Response:
    """The caller's second factors."""
    deps, principal = deps_of(request), principal_of(request)
    found = await deps.factors.enrolment.overview(principal.user_id)
    required = await deps.ports.factors.requirements(principal.tenant_id)
    totp = found.totp
    return json_response({
        "totp": {"created_at": totp.created_at, "confirmed_at": totp.confirmed_at} if totp else None,
        "passkeys": [_passkey(one) for one in found.passkeys],
        "recovery_codes": {"left": found.enrolled.recovery_codes, "created_at": found.recovery_created_at},
        "required": is_required(required, principal.role),
    })


@router.post("/v1/me/factors/totp", response_model=s.NewTotp, status_code=201, responses={409: {}})
@fresh
@enrolling
@signed_in
async def begin_totp(request: Request) -> Response:
    """A new secret for an authenticator program. It counts once a code of it was confirmed."""
    made = await deps_of(request).factors.enrolment.begin_totp(principal_of(request).user_id)
    return json_response({"secret": made.secret, "uri": made.uri, "qr_svg": made.qr_svg}, 201)


@router.post(
    "/v1/me/factors/totp/confirm", response_model=s.AccessToken, responses={404: {}, 409: {}, 429: {}}
)
@enrolling
@signed_in
async def confirm_totp(request: Request, body: s.CodeRequest) -> Response:
    """The first code proves that the authenticator has the secret; the session counts as proved by it."""
    principal = await deps_of(request).factors.enrolment.confirm_totp(principal_of(request), body.code)
    return json_response(_access(request, principal))


@router.delete("/v1/me/factors/totp", status_code=204, responses={404: {}, 409: {}})
@fresh
@signed_in
async def delete_totp(request: Request) -> Response:
    """Removes the authenticator; the last factor stays where a tenant requires one."""
    await deps_of(request).factors.enrolment.remove_totp(principal_of(request).user_id)
    return no_content()


@router.post("/v1/me/recovery-codes", response_model=s.RecoveryCodes, status_code=201, responses={409: {}})
@fresh
@signed_in
async def create_recovery_codes(request: Request) -> Response:
    """New recovery codes, shown this once; those from before work no more."""
    codes = await deps_of(request).factors.enrolment.new_recovery_codes(principal_of(request).user_id)
    return json_response({"codes": codes}, 201)


@router.post("/v1/me/passkeys/options", response_model=s.PasskeyOptions, responses={404: {}})
@fresh
@enrolling
@signed_in
async def begin_passkey(request: Request) -> Response:
    """How the browser is to make a passkey."""
    deps = deps_of(request)
    nonce, options = await deps.factors.enrolment.begin_passkey(principal_of(request).user_id)
    return json_response({
        "registration_token": nonce.token, "passkey": options, "expires_in": deps.limits.passkey_seconds,
    })  # fmt: skip


@router.post("/v1/me/passkeys", response_model=s.AddedPasskey, status_code=201, responses={409: {}})
@enrolling
@signed_in
async def add_passkey(request: Request, body: s.PasskeyRequest) -> Response:
    """Takes the passkey that the browser made; the session counts as proved by it."""
    passkey, principal = await deps_of(request).factors.enrolment.add_passkey(
        principal_of(request), body.registration_token, body.name.strip(), body.credential
    )
    shown = _access(request, principal)
    return json_response(
        {"passkey": _passkey(passkey), "access_token": shown["access_token"], "expires_in": shown["expires_in"]}, 201
    )


@router.patch("/v1/me/passkeys/{passkey_id}", response_model=s.Passkey, responses={404: {}})
@signed_in
async def rename_passkey(request: Request, passkey_id: UUID, body: s.RenameRequest) -> Response:
    """Gives a passkey another name."""
    enrolment = deps_of(request).factors.enrolment
    return json_response(
        _passkey(await enrolment.rename_passkey(principal_of(request).user_id, passkey_id, body.name.strip()))
    )


@router.delete("/v1/me/passkeys/{passkey_id}", status_code=204, responses={404: {}, 409: {}})
@fresh
@signed_in
async def delete_passkey(request: Request, passkey_id: UUID) -> Response:
    """Removes a passkey; the last factor stays where a tenant requires one."""
    await deps_of(request).factors.enrolment.remove_passkey(principal_of(request).user_id, passkey_id)
    return no_content()


def _policy(roles: frozenset[str]) -> Response:
    return json_response({"everyone": EVERYONE in roles, "roles": sorted(roles - {EVERYONE})})


@router.get("/v1/mfa-policy", response_model=s.MfaPolicy)
@needs("member:read")
async def get_mfa_policy(request: Request) -> Response:
    """Of whom this tenant requires a second factor."""
    return _policy(await deps_of(request).ports.factors.requirements(principal_of(request).tenant_id))


@router.put("/v1/mfa-policy", response_model=s.MfaPolicy)
@needs("tenant:write", fresh=True)
async def put_mfa_policy(request: Request, body: s.MfaPolicyRequest) -> Response:
    """Requires a second factor of everyone or of some roles; who has none is let in only to add one."""
    deps, tenant_id = deps_of(request), principal_of(request).tenant_id
    roles = frozenset([*body.roles, *([EVERYONE] if body.everyone else [])])
    await deps.ports.factors.set_requirements(tenant_id, roles)
    deps.directory.forget_tenant(tenant_id)
    return _policy(roles)
