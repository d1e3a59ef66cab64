"""Who may call a route: each one says so beside its path, and one that does not cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, NoReturn, TypeVar, cast
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from models.domain.authorization import Resource, Rights, require, resource_of
from models.domain.errors import Fault, Forbidden, SecondFactorRequired
from models.domain.identity import Credential, Principal
from serve.arguments import Arguments
from serve.audit_trail import Asking, Telling
from serve.auth.admission import Caller
from serve.body import LimitedRequest
from serve.deps import ApiDeps
from serve.errors import MalformedBody
from serve.gateway.gateway import HEADERS
from serve.gateway.passage import Asked, Passage, Work
from serve.gateway.policy import policy_of

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
    for any instance comes in, and the route confines itself by `rights_of` or `demand`; `whole`: only who has it for
    all instances. `session`: only for somebody
    who signed in, not for API keys and tokens of clients. `fresh`: only when the session proved of late who is there.
    `enrolling`: also for somebody who still has to add a second factor that the tenant requires. `cost`: units of rate
    limits, see serve/gateway/policy.py.
    """

    permission: str | None
    public: bool = False
    body_limit: str = "max_request_bytes"
    instance: tuple[str, ...] | Lookup | None = None
    somewhere: bool = False
    whole: bool = False
    session: bool = False
    fresh: bool = False
    enrolling: bool = False
    cost: int | None = None


def needs(
    permission: str,
    *,
    instance: tuple[str, ...] | Lookup | None = None,
    somewhere: bool = False,
    whole: bool = False,
    fresh: bool = False,
    body_limit: str = "max_request_bytes",
    cost: int | None = None,
) -> Callable[[_F], _F]:
    """Only callers who have the permission for the resource; its type follows from the permission."""
    return _declare(
        Access(
            permission, body_limit=body_limit, instance=instance, somewhere=somewhere, whole=whole, fresh=fresh,
            cost=cost,
        )
    )  # fmt: skip


def signed_in(endpoint: _F) -> _F:
    """Any user with the access token of a session; for what concerns only the caller's own account."""
    return _declare(Access(None, session=True))(endpoint)


def fresh(endpoint: _F) -> _F:
    """Above one of the others: a sensitive change, for sessions that proved of late who is there (step-up)."""
    return _declare(replace(access_of(endpoint), fresh=True))(endpoint)


def enrolling(endpoint: _F) -> _F:
    """Above one of the others: also for somebody who still has to add a second factor that the tenant requires."""
    return _declare(replace(access_of(endpoint), enrolling=True))(endpoint)


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


def demand_workflow(request: Request, permission: str, namespace: str | None, name: str | None) -> None:
    """For what is done to many runs by a filter: who has the permission for some workflows only must name one."""
    if rights_of(request).reach(permission).whole:
        return
    if not namespace or not name:
        refuse_part(permission)
    demand(request, permission, f"{namespace}/{name}")


def refuse_part(permission: str) -> NoReturn:
    """Forbidden: the caller has the permission for a part of what is asked."""
    kind = resource_of(permission)
    raise Forbidden(f"You do not have {permission} for every {kind}, and this is about all; name one where you can.")


class GuardedRoute(APIRoute):
    """Checks the caller before it reads a byte of the body, then calls the endpoint with checked arguments.

    The framework describes the route and matches it; serving it is ours, see serve/arguments.py.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        options["operation_id"] = options.get("operation_id") or endpoint.__name__
        super().__init__(path, endpoint, **options)
        self._access = access_of(endpoint)
        self._arguments = Arguments(endpoint.__qualname__, self.dependant, self.body_field, self._access.public)
        self.policy = policy_of(endpoint, next(iter(self.methods or {"GET"})), self._access.cost)
        self._passage = Passage(self.policy)
        self._telling = Telling.of(endpoint, self.operation_id or "", self.methods or (), self._access.permission)
        self.app = self._serve

    def describe(self, operation: dict[str, Any]) -> None:
        """Completes the description of the route, for one that answers in another form than the rest."""

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        deps = cast(ApiDeps, scope["app"].state.deps)
        load = deps.gateway.load
        load.enter(self.policy.priority)
        try:
            if b"%00" in scope["query_string"] or "\0" in scope["path"]:
                raise MalformedBody("The address is not usable.", [Fault("", "the character NUL is not allowed")])
            request = LimitedRequest(scope, receive, deps.limits, self._access.body_limit)
            if self._access.public:
                scope[HEADERS] = list(self.policy.headers)
                response = await self._work(request, deps)()
                await response(scope, receive, send)
            else:
                await self._admitted(request, deps, send)
        finally:
            load.leave()

    async def _admitted(self, request: LimitedRequest, deps: ApiDeps, send: Send) -> None:
        scope, gateway, passage = request.scope, deps.gateway, self._passage
        asked = Asked(scope)
        caller = await deps.admission.admit(asked.authorization)
        meter = await gateway.enter(scope, caller, self.policy)
        try:
            await self._authorize(caller, request, deps)
        except Forbidden:
            self._refused(caller.principal, request, deps)
            raise
        scope[_PRINCIPAL], scope[_RIGHTS] = caller.principal, caller.rights
        work = self._work(request, deps)
        if self.policy.shows is not None:
            await passage.read(gateway, meter, asked, request, work, send)
            return
        response = await passage.change(gateway, meter, asked, request, work)
        await response(scope, request.receive, send)

    def _work(self, request: LimitedRequest, deps: ApiDeps) -> Work:
        async def answer() -> Response:
            if self.body_field is not None:
                await request.load()
            call: Work = partial(self.endpoint, **await self._arguments.of(request))
            try:
                if self._telling is None:
                    return await call()
                return await self._telling.around(_asking(request, deps), deps.ports.audit, call)
            except Forbidden:
                if not self._access.public:
                    self._refused(principal_of(request), request, deps)
                raise

        return self._passage.within(deps.limits, answer)

    def _refused(self, principal: Principal, request: LimitedRequest, deps: ApiDeps) -> None:
        access = self._access
        kind = resource_of(access.permission) if access.permission else "account"
        telling = self._telling or Telling(self.operation_id or "", access.permission, kind)
        deps.refusals.refused(_asking(request, deps, principal), telling)

    async def _authorize(self, caller: Caller, request: LimitedRequest, deps: ApiDeps) -> None:
        if caller.lacks_factor and not self._access.enrolling:
            raise SecondFactorRequired
        await self._permit(caller, request, deps)
        if self._access.fresh:
            await deps.factors.step_up.require_fresh(caller.principal)

    async def _permit(self, caller: Caller, request: LimitedRequest, deps: ApiDeps) -> None:
        access, rights = self._access, caller.rights
        if access.permission is None:
            if access.session and caller.principal.credential is not Credential.SESSION:
                raise Forbidden("This is only for a signed-in user, not for API keys and clients.")
            return
        reach = rights.reach(access.permission)
        if reach.whole or (access.somewhere and not reach.nothing):
            return
        if access.whole:
            refuse_part(access.permission)
        kind = resource_of(access.permission)
        instance = None
        if access.instance is not None and not reach.nothing:
            instance = await _instance(access.instance, request, caller.principal, deps)
        require(rights, access.permission, Resource(kind, instance))


def _asking(request: Request, deps: ApiDeps, principal: Principal | None = None) -> Asking:
    known = principal or request.scope.get(_PRINCIPAL)
    return Asking(request, known, deps.options.trusted_hops, deps.ports.clock.now())


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
