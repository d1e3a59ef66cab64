"""SCIM over HTTP: the caller's token, entity tags, lists, and errors in its own form (RFC 7644, 3.12)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from models.domain.audit import Actor, ActorKind
from models.domain.errors import Conflict, InvalidInput, TidewireError, Unauthenticated
from models.domain.federation import Rules
from models.domain.scim_filter import InvalidFilter
from models.domain.scim_patch import InvalidPath, NoTarget
from models.domain.scim_resources import ERROR, LIST, VersionMoved, etag_of, projected
from serve.audit_trail import tell
from serve.body import LimitedRequest
from serve.deps import ApiDeps
from serve.errors import MalformedBody, PreconditionFailed, kind_of
from serve.federation.settings import rules_of
from serve.guard import GuardedRoute, deps_of
from serve.responses import encode, etag_matches
from serve.scim_ports import ScimCaller

SCIM = "application/scim+json"
_TOKEN = re.compile(r"Bearer (tws_[A-Za-z0-9_-]{20,100})", re.IGNORECASE)
_TYPES: tuple[tuple[type[TidewireError], str], ...] = (
    (InvalidFilter, "invalidFilter"), (InvalidPath, "invalidPath"), (NoTarget, "noTarget"),
    (MalformedBody, "invalidSyntax"), (InvalidInput, "invalidValue"), (Conflict, "uniqueness"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Client:
    """A provisioning client: its tenant, what its groups give, and where it finds us."""

    caller: ScimCaller
    rules: Rules
    base: str


_ERRORS = {
    "304": "What the client has is still right",
    "401": "There is no living token of a provisioning client",
    "404": "There is no such resource",
    "409": "Another resource has the name already",
    "412": "The resource has changed since",
    "413": "The body is too large",
    "415": "The body has another media type",
    "429": "Too many requests; wait as Retry-After says",
}


class ScimRoute(GuardedRoute):
    """A route that tells errors as SCIM does."""

    def describe(self, operation: dict[str, Any]) -> None:
        """Its media type, and the errors that a provisioning client can meet."""
        responses = operation["responses"]
        for status, text in _ERRORS.items():
            responses.setdefault(status, {"description": text})
        for status, response in responses.items():
            known = response.get("content", {}).get("application/json", {}).get("schema")
            schema = known if int(status) < 400 and known else {"type": "object"}
            if status not in ("204", "304"):
                response["content"] = {SCIM: {"schema": schema}}
        operation["responses"] = dict(sorted(responses.items()))
        body = operation.get("requestBody", {}).get("content", {})
        if "application/json" in body:
            body[SCIM] = body["application/json"]

    def _work(self, request: LimitedRequest, deps: ApiDeps) -> Any:
        work = super()._work(request, deps)

        async def told() -> Response:
            try:
                return await work()
            except (TidewireError, RequestValidationError) as error:
                return _error(error)

        return told


async def client_of(request: Request) -> Client:
    """Unauthenticated without a living token of a tenant."""
    deps = deps_of(request)
    found = _TOKEN.fullmatch(request.headers.get("authorization", ""))
    caller = None
    if found is not None:
        digest = hashlib.sha256(found[1].encode()).digest()
        caller = await deps.ports.federation.scim.caller(digest, deps.ports.clock.now())
    if caller is None:
        raise Unauthenticated("Send the token of a provisioning client: Authorization: Bearer tws_...")
    actor = Actor(ActorKind.DIRECTORY, str(caller.token_id))
    tell(tenant=caller.tenant_id, actor=actor, resource_id=request.path_params.get("resource"))
    return Client(caller, rules_of(caller.rules), f"{deps.federation.book.public_url}/scim/v2")


def version_asked(request: Request) -> int | None:
    """The version of If-Match; None: whichever. PreconditionFailed for a tag that is none of ours."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"(\d{1,15})"', given.strip())
    if found is None:
        raise PreconditionFailed("The If-Match header is not an entity tag of ours.")
    return int(found[1])


def shown(request: Request, resource: Mapping[str, Any], version: int, status: int = 200) -> Response:
    """One resource, with its entity tag; 304 when the client has it already."""
    etag = etag_of(version)
    headers = {"etag": etag, "location": resource["meta"]["location"]}
    if request.method == "GET" and etag_matches(request.headers.get("if-none-match", ""), etag.removeprefix("W/")):
        return Response(status_code=304, headers={"etag": etag})
    asked = request.query_params
    body = projected(resource, asked.get("attributes"), asked.get("excludedAttributes"))
    return Response(encode(body), status, headers, SCIM)


def listed(
    total: int, start: int, resources: Sequence[Mapping[str, Any]], wanted: str | None = None,
    unwanted: str | None = None,
) -> Response:  # fmt: skip
    """A list of resources; `start` counts from 1."""
    body = {
        "schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": len(resources),
        "Resources": [projected(one, wanted, unwanted) for one in resources],
    }  # fmt: skip
    return Response(encode(body), 200, None, SCIM)


def _error(error: TidewireError | RequestValidationError) -> Response:
    if isinstance(error, RequestValidationError):
        status, detail, kind = 400, "; ".join(str(one["msg"]) for one in error.errors()), "invalidValue"
    else:
        status, detail = 412 if isinstance(error, VersionMoved) else kind_of(error).status, error.detail
        kind = next((name for cls, name in _TYPES if isinstance(error, cls)), "")
        # RFC 7644 knows 400 for whatever is wrong with a request.
        status = 400 if status == 422 else status
    body: dict[str, Any] = {"schemas": [ERROR], "status": str(status), "detail": detail}
    if kind:
        body["scimType"] = kind
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    return Response(encode(body), status, headers, SCIM)
