"""Sign-in through identity providers, as browsers and the providers call it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import RedirectResponse

from models.domain.errors import AnswerLost, NotFound, TidewireError, Unavailable
from models.domain.federation import SignInRefused, domain_of
from serve.audit_trail import unaudited
from serve.auth.cookies import bind_sign_on, forget_cookie, sign_on_browser
from serve.federation import saml
from serve.federation.providers import start_url
from serve.federation.settings import place_of
from serve.federation.sign_on import Landed
from serve.guard import GuardedRoute, deps_of, principal_of, public, signed_in
from serve.responses import json_response
from serve.schemas import sso as s

router = APIRouter(tags=["single sign-on"], route_class=GuardedRoute)

ProviderId = Annotated[UUID, Path(description="Id of an identity provider.")]
_CODES: dict[type[TidewireError], str] = {Unavailable: "unavailable", AnswerLost: "unavailable", NotFound: "unknown"}
_METADATA = "application/samlmetadata+xml"
_FORM = "application/x-www-form-urlencoded"


@router.post("/v1/auth/discover", response_model=s.Methods, responses={422: {}})
@public
@unaudited("nothing changes")
async def discover_methods(request: Request, body: s.DiscoverRequest) -> Response:
    """How somebody with this address signs in. The answer follows from the domain alone."""
    route = await deps_of(request).ports.federation.providers.route(domain_of(body.email))
    own = [{"kind": "password"}, {"kind": "passkey"}]
    if route is None:
        return json_response({"methods": own})
    led = {"kind": "sso", "provider": route.provider_id, "name": route.name, "url": start_url(route.provider_id)}
    return json_response({"methods": [led, *([] if route.enforced else own)]})


@router.get("/v1/auth/sso/{provider}/start", status_code=303, response_class=Response, responses={404: {}, 503: {}})
@public
async def start_sign_on(
    request: Request, provider: ProviderId, return_to: Annotated[str | None, Query(max_length=500)] = None
) -> Response:
    """Sends the browser to the identity provider. `return_to` is the path of our page to come back to."""
    deps = deps_of(request)
    begun = await deps.federation.sign_on.start(provider, return_to, sign_on_browser(request, deps.options))
    response = RedirectResponse(begun.url, 303, headers={"cache-control": "no-store"})
    bind_sign_on(response, deps.options, begun.browser, deps.limits.sso_sign_in_seconds)
    return response


@router.get("/v1/auth/oidc/callback/{provider}", status_code=303, response_class=Response)
@public
async def finish_oidc_sign_on(request: Request, provider: ProviderId) -> Response:
    """Where an OpenID provider sends the browser back to; it goes on to our page with a ticket."""
    given, deps = request.query_params, deps_of(request)
    try:
        if len(request.scope["query_string"]) > 8_000 or len(given.multi_items()) != len(given):
            raise SignInRefused("The answer of the identity provider has parts that come twice.")
        browser = sign_on_browser(request, deps.options)
        landed = await deps.federation.sign_on.oidc_answer(provider, dict(given), browser)
    except TidewireError as error:
        return _failed(error)
    return _landed(request, landed)


@router.post(
    "/v1/auth/saml/acs/{provider}",
    status_code=303,
    response_class=Response,
    # Whatever comes is answered by a page, which tells what was wrong with it.
    openapi_extra={"requestBody": {"required": False, "content": {_FORM: {"schema": {"type": "object"}}}}},
)
@public
@unaudited("the session is told when the ticket is used")
async def finish_saml_sign_on(request: Request, provider: ProviderId) -> Response:
    """Where a SAML provider has the browser post its answer; it goes on to our page with a ticket."""
    try:
        fields = parse_qs((await request.body()).decode("ascii"), strict_parsing=True, max_num_fields=10)
        response, state = fields["SAMLResponse"], fields.get("RelayState", [""])
        if len(response) != 1 or len(state) != 1:
            raise ValueError("a field that comes twice")
    except (ValueError, KeyError):
        return _failed(SignInRefused("The identity provider posted something else than a SAML response."))
    except TidewireError as error:
        return _failed(error)
    try:
        landed = await deps_of(request).federation.sign_on.saml_answer(provider, response[0], state[0])
    except TidewireError as error:
        return _failed(error)
    return _landed(request, landed)


@router.get(
    "/v1/auth/saml/metadata/{provider}", response_class=Response,
    responses={200: {"content": {_METADATA: {"schema": {"type": "string"}}}}},
)
@public
async def get_saml_metadata(request: Request, provider: ProviderId) -> Response:
    """What to register at a SAML provider."""
    body = saml.own_metadata(place_of(deps_of(request).federation.book.public_url, provider))
    return Response(body, media_type=_METADATA)


@router.post("/v1/auth/sso/logout", response_model=s.SignedOut)
@signed_in
async def end_sign_on(request: Request) -> Response:
    """Ends the session here, and tells where it ends at the provider too."""
    deps, principal = deps_of(request), principal_of(request)
    url = await deps.federation.sign_on.sign_out(principal.tenant_id, principal.session_id)
    await deps.accounts.logout(principal.session_id)
    response = json_response({"url": url})
    forget_cookie(response, deps.options)
    return response


def _landed(request: Request, landed: Landed) -> Response:
    """The ticket is in the fragment, which browsers do not send to servers and proxies do not log."""
    deps = deps_of(request)
    target = f"{landed.return_to}#ticket={landed.ticket}"
    response = RedirectResponse(target, 303, headers={"cache-control": "no-store"})
    if landed.browser is not None:
        bind_sign_on(response, deps.options, landed.browser, deps.limits.sso_ticket_seconds)
    return response


def _failed(error: TidewireError) -> Response:
    """Our page tells the person what the code means; the admins find the reason at the provider. No text of
    somebody else's gets into the page by an address."""
    code = error.code if isinstance(error, SignInRefused) else _CODES.get(type(error), "refused")
    target = f"/#sso_error={code}"
    return RedirectResponse(target, 303, headers={"cache-control": "no-store"})
