"""Who may call a route: each one says so beside its path, and one that does not cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from models.domain.errors import Fault
from models.domain.identity import Principal, require
from serve.arguments import Arguments
from serve.body import LimitedRequest
from serve.deps import ApiDeps
from serve.errors import MalformedBody

_F = TypeVar("_F", bound=Callable[..., Any])
_ACCESS = "tidewire_access"
_PRINCIPAL = "tidewire.principal"


@dataclass(frozen=True, slots=True)
class Access:
    """`permission` None and not public: any signed-in user. `body_limit` names a field of Limits."""

    permission: str | None
    public: bool = False
    body_limit: str = "max_request_bytes"


def needs(permission: str, *, body_limit: str = "max_request_bytes") -> Callable[[_F], _F]:
    """Only callers whose role has the permission."""
    return _declare(Access(permission, body_limit=body_limit))


def signed_in(endpoint: _F) -> _F:
    """Any caller with a valid access token; for what concerns only the caller's own account."""
    return _declare(Access(None))(endpoint)


def public(endpoint: _F) -> _F:
    """Anyone; the route protects itself, or has nothing to protect."""
    return _declare(Access(None, public=True))(endpoint)


def _declare(access: Access) -> Callable[[_F], _F]:
    def mark(endpoint: _F) -> _F:
        setattr(endpoint, _ACCESS, access)
        return endpoint

    return mark


def access_of(endpoint: Callable[..., Any]) -> Access:
    """What the endpoint declared; TypeError when it forgot."""
    access = getattr(endpoint, _ACCESS, None)
    if access is None:
        raise TypeError(f"{endpoint.__qualname__} declares no access: use needs(...), signed_in or public")
    return cast(Access, access)


def deps_of(request: Request) -> ApiDeps:
    """The objects of this replica."""
    return cast(ApiDeps, request.scope["app"].state.deps)


def principal_of(request: Request) -> Principal:
    """The caller; only on routes that are not public."""
    return cast(Principal, request.scope[_PRINCIPAL])


class GuardedRoute(APIRoute):
    """Checks the caller before it reads a byte of the body, then calls the endpoint with checked arguments.

    The framework describes the route and matches it; serving it is ours, see serve/arguments.py.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        options["operation_id"] = options.get("operation_id") or endpoint.__name__
        super().__init__(path, endpoint, **options)
        self._access = access_of(endpoint)
        self._arguments = Arguments(endpoint.__qualname__, self.dependant, self.body_field, self._access.public)
        self.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        deps = cast(ApiDeps, scope["app"].state.deps)
        request = LimitedRequest(scope, receive, deps.limits, self._access.body_limit)
        response = await self._answer(request, deps)
        await response(scope, receive, send)

    async def _answer(self, request: LimitedRequest, deps: ApiDeps) -> Response:
        scope, access = request.scope, self._access
        if b"%00" in scope["query_string"] or "\0" in scope["path"]:
            raise MalformedBody("The address is not usable.", [Fault("", "the character NUL is not allowed")])
        if not access.public:
            principal = deps.gate.admit(request.headers.get("authorization", ""))
            if access.permission is not None:
                require(principal, access.permission)
            scope[_PRINCIPAL] = principal
        if self.body_field is not None:
            await request.load()
        response: Response = await self.endpoint(**await self._arguments.of(request))
        return response
