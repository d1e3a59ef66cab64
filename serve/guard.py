"""Who may call a route: each one says so beside its path, and one that does not cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, cast
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from models.domain.authorization import Resource, Rights, require, resource_of
from models.domain.errors import Fault, Forbidden
from models.domain.identity import Credential, Principal
from serve.arguments import Arguments
from serve.auth.admission import Caller
from serve.body import LimitedRequest
from serve.deps import ApiDeps
from serve.errors import MalformedBody

_F = TypeVar("_F", bound=Callable[..., Any])
_ACCESS = "tidewire_access"
_PRINCIPAL = "tidewire.principal"


_RIGHTS = "tidewire.rights"


class Lookup(StrEnum):
    """Path parameters whose workflow has to be looked up; only for callers whom it makes a difference for."""

    RUN = "run_id"
    TASK = "task_id"


@dataclass(frozen=True, slots=True)
class Access:
    """`permission` None and not public: any signed-in user. `body_limit` names a field of Limits.

    `instance`: the path parameters that name the resource, or how it is looked up. `somewhere`: who has the permission
    for any instance comes in, and the route confines itself by `rights_of` or `demand`. `session`: only for somebody
    who signed in, not for API keys and tokens of clients.
    """

    permission: str | None
    public: bool = False
    body_limit: str = "max_request_bytes"
    instance: tuple[str, ...] | Lookup | None = None
    somewhere: bool = False
    session: bool = False


def needs(
    permission: str,
    *,
    instance: tuple[str, ...] | Lookup | None = None,
    somewhere: bool = False,
    body_limit: str = "max_request_bytes",
) -> Callable[[_F], _F]:
    """Only callers who have the permission for the resource; its type follows from the permission."""
    return _declare(Access(permission, body_limit=body_limit, instance=instance, somewhere=somewhere))


def signed_in(endpoint: _F) -> _F:
    """Any user with the access token of a session; for what concerns only the caller's own account."""
    return _declare(Access(None, session=True))(endpoint)


def identified(endpoint: _F) -> _F:
    """Any caller with a valid credential, API keys too; for what only tells them about themselves."""
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


def rights_of(request: Request) -> Rights:
    """What the caller may do; only on routes that are not public."""
    return cast(Rights, request.scope[_RIGHTS])


def demand(request: Request, permission: str, instance: str | None = None) -> None:
    """Forbidden unless the caller has the permission, for what a route learns the name of by itself."""
    require(rights_of(request), permission, Resource(resource_of(permission), instance))


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
            caller = await deps.admission.admit(request.headers.get("authorization", ""))
            await self._authorize(caller, request, deps)
            scope[_PRINCIPAL], scope[_RIGHTS] = caller.principal, caller.rights
        if self.body_field is not None:
            await request.load()
        response: Response = await self.endpoint(**await self._arguments.of(request))
        return response

    async def _authorize(self, caller: Caller, request: LimitedRequest, deps: ApiDeps) -> None:
        access, rights = self._access, caller.rights
        if access.permission is None:
            if access.session and caller.principal.credential is not Credential.SESSION:
                raise Forbidden("This is only for a signed-in user, not for API keys and clients.")
            return
        reach = rights.reach(access.permission)
        if reach.whole or (access.somewhere and not reach.nothing):
            return
        kind = resource_of(access.permission)
        instance = None
        if access.instance is not None and not reach.nothing:
            instance = await _instance(access.instance, request, caller.principal, deps)
        require(rights, access.permission, Resource(kind, instance))


async def _instance(
    named_by: tuple[str, ...] | Lookup, request: Request, principal: Principal, deps: ApiDeps
) -> str | None:
    """The name that rules are about; None when there is no such thing, and then only the type as a whole counts."""
    values = request.path_params
    if not isinstance(named_by, Lookup):
        return "/".join(str(values[name]) for name in named_by)
    try:
        key = UUID(str(values[named_by.value]))
    except ValueError:
        return None
    access = deps.ports.access
    if named_by is Lookup.RUN:
        return await access.workflow_of_run(principal.tenant_id, key)
    return await access.workflow_of_task(principal.tenant_id, key)
