"""A user's own account: proving the address, the password, sessions, the profile."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from models.domain.devices import device_name, place_of
from models.domain.errors import Fault, InvalidInput, NotFound
from serve.account_ports import Profile
from serve.audit_trail import unaudited
from serve.auth.cookies import forget_cookie
from serve.guard import GuardedRoute, deps_of, principal_of, public, signed_in
from serve.requests import device_of
from serve.responses import json_response, no_content
from serve.routes.identity import tokens_response
from serve.schemas import account as s
from serve.schemas import identity as i

router = APIRouter(tags=["identity"], route_class=GuardedRoute)


@router.post("/v1/auth/verify", response_model=i.Tokens, responses={204: {}, 401: {}, 429: {}})
@public
async def verify_email(request: Request, body: s.VerifyRequest) -> Response:
    """Takes the link of a mail: 200 with tokens for a new account, 204 for an address of one that was there."""
    deps = deps_of(request)
    device = device_of(request, deps.options.trusted_hops)
    signed = await deps.account.registrations.verify(body.token, body.password, device)
    return no_content() if signed is None else tokens_response(request, signed)


@router.post("/v1/auth/verify/resend", response_model=s.Accepted, status_code=202, responses={429: {}})
@public
@unaudited("it changes nothing, and tells nothing about who has an account")
async def resend_verification(request: Request, body: s.AddressRequest) -> Response:
    """Sends the link again, if the address waits to be verified."""
    deps = deps_of(request)
    await deps.account.registrations.ask(body.email, device_of(request, deps.options.trusted_hops))
    return json_response({"status": "mail_sent"}, 202)


@router.post("/v1/auth/password/reset-request", response_model=s.Accepted, status_code=202, responses={429: {}})
@public
@unaudited("it changes nothing, and tells nothing about who has an account")
async def request_password_reset(request: Request, body: s.AddressRequest) -> Response:
    """Mails a link to choose a new password, if the address has an account."""
    deps = deps_of(request)
    await deps.account.credentials.ask_reset(body.email, device_of(request, deps.options.trusted_hops))
    return json_response({"status": "mail_sent"}, 202)


@router.post("/v1/auth/password/reset", status_code=204, responses={401: {}})
@public
async def reset_password(request: Request, body: s.ResetRequest) -> Response:
    """Sets a new password by the token of a mail and ends every session. Sign in afterwards."""
    deps = deps_of(request)
    device = device_of(request, deps.options.trusted_hops)
    await deps.account.credentials.reset(body.token, body.password, device)
    response = no_content()
    forget_cookie(response, deps.options)
    return response


@router.post("/v1/me/password", response_model=i.Tokens, responses={409: {}, 429: {}})
@signed_in
async def change_password(request: Request, body: s.ChangePasswordRequest) -> Response:
    """Changes the password; every session ends and a new one is opened here."""
    deps = deps_of(request)
    device = device_of(request, deps.options.trusted_hops)
    return tokens_response(
        request, await deps.account.credentials.change(principal_of(request), body.current, body.new, device)
    )


@router.patch("/v1/me", response_model=s.Profile, responses={404: {}})
@signed_in
async def update_me(request: Request, body: s.ProfileRequest) -> Response:
    """Changes how the caller is called and shown things."""
    _check_zone(body.time_zone)
    accounts = deps_of(request).ports.accounts
    found = await accounts.update_profile(principal_of(request).user_id, body.name, body.locale, body.time_zone)
    if found is None:
        raise NotFound("There is no such account any more.")
    return json_response(_shown(found))


@router.get("/v1/me/sessions", response_model=s.Sessions)
@signed_in
async def list_my_sessions(request: Request) -> Response:
    """Where the caller is signed in."""
    principal = principal_of(request)
    items = [
        {
            "id": one.id, "this": one.id == principal.session_id, "device": device_name(one.user_agent),
            "place": place_of(one.address), "address": one.address, "tenant": one.tenant_name,
            "factors": list(one.factors), "created_at": one.created_at, "last_seen_at": one.last_seen_at,
        }
        for one in await deps_of(request).account.sessions.list(principal)
    ]  # fmt: skip
    return json_response({"items": items, "next": None})


@router.delete("/v1/me/sessions/{session_id}", status_code=204, responses={404: {}})
@signed_in
async def end_my_session(request: Request, session_id: UUID) -> Response:
    """Signs out there."""
    await deps_of(request).account.sessions.end(principal_of(request), session_id)
    return no_content()


@router.delete("/v1/me/sessions", response_model=s.Ended)
@signed_in
async def end_my_sessions(
    request: Request, keep_this: Annotated[bool, Query(description="Stay signed in here.")] = False
) -> Response:
    """Signs out everywhere, or everywhere else."""
    deps, principal = deps_of(request), principal_of(request)
    if keep_this:
        return json_response({"ended": await deps.account.sessions.end_others(principal)})
    response = json_response({"ended": await deps.account.sessions.end_all(principal)})
    forget_cookie(response, deps.options)
    return response


def _shown(profile: Profile) -> dict[str, Any]:
    return {
        "id": profile.id, "email": profile.email, "email_verified": profile.email_verified_at is not None,
        "name": profile.name, "locale": profile.locale, "time_zone": profile.time_zone,
    }  # fmt: skip


def _check_zone(name: str | None) -> None:
    if name is None:
        return
    from zoneinfo import available_timezones  # noqa: PLC0415 (reads a folder, for one rare call)

    if name not in available_timezones():
        raise InvalidInput("There is no such time zone.", [Fault("/time_zone", "expected one such as Europe/London")])
