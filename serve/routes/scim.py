"""SCIM 2.0 (RFC 7643, 7644): the directory of a tenant provisions its users and groups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from models.domain.errors import Fault, InvalidInput, LimitExceeded, NotFound
from models.domain.limits import Limits
from models.domain.scim_filter import Both, Compare, Filter, matches, parse_filter
from models.domain.scim_patch import apply_patch
from models.domain.scim_resources import (
    GROUP_LISTS,
    PATCH,
    USER_LISTS,
    StoredGroup,
    StoredUser,
    VersionMoved,
    read_group,
    read_user,
    show_group,
    show_user,
)
from models.domain.scim_schemas import RESOURCE_TYPES, SCHEMAS, service_provider_config
from serve.errors import PreconditionFailed
from serve.federation.scim_wire import SCIM, Client, ScimRoute, client_of, listed, shown, version_asked
from serve.guard import deps_of, public
from serve.responses import encode
from serve.scim_ports import Lookup

router = APIRouter(prefix="/scim/v2", tags=["provisioning"], route_class=ScimRoute)

T = TypeVar("T", StoredUser, StoredGroup)
Id = Annotated[str, Path(max_length=64, description="Id of the resource.")]
Start = Annotated[int, Query(alias="startIndex")]
Count = Annotated[int | None, Query()]
Text = Annotated[str | None, Query(max_length=4_000)]
Body = dict[str, Any]
_TRIES = 5


@router.get("/Users", response_model=Body)
@public
async def list_scim_users(
    request: Request, filter: Text = None, startIndex: Start = 1, count: Count = None,
    attributes: Text = None, excludedAttributes: Text = None,
) -> Response:  # fmt: skip
    """Users of the tenant."""
    client, scim = await client_of(request), deps_of(request).ports.federation.scim

    async def find(where: Lookup, offset: int, limit: int) -> tuple[int, Sequence[StoredUser]]:
        return await scim.users(client.caller.tenant_id, where, offset, limit)

    total, start, found = await _found(
        deps_of(request).limits, filter, startIndex, count, find, lambda one: show_user(one, client.base), "username"
    )
    return listed(total, start, found, attributes, excludedAttributes)


@router.get("/Groups", response_model=Body)
@public
async def list_scim_groups(
    request: Request, filter: Text = None, startIndex: Start = 1, count: Count = None,
    attributes: Text = None, excludedAttributes: Text = None,
) -> Response:  # fmt: skip
    """Groups of the tenant."""
    client, scim = await client_of(request), deps_of(request).ports.federation.scim

    async def find(where: Lookup, offset: int, limit: int) -> tuple[int, Sequence[StoredGroup]]:
        return await scim.groups(client.caller.tenant_id, where, offset, limit)

    total, start, found = await _found(
        deps_of(request).limits, filter, startIndex, count, find, lambda one: show_group(one, client.base),
        "displayname",
    )  # fmt: skip
    return listed(total, start, found, attributes, excludedAttributes)


async def _found(
    limits: Limits, text: str | None, start: int, count: int | None,
    find: Callable[[Lookup, int, int], Awaitable[tuple[int, Sequence[T]]]], show: Callable[[T], dict[str, Any]],
    name: str,
) -> tuple[int, int, list[dict[str, Any]]]:  # fmt: skip
    """How many fit, from which one on, and those: in the database where it can, else one after the other."""
    first, most = max(start, 1), limits.max_page if count is None else min(max(count, 0), limits.max_page)
    wanted = parse_filter(text, limits) if text else None
    if wanted is None:
        total, rows = await find(Lookup(), first - 1, most)
        return total, first, [show(one) for one in rows]
    total, rows = await find(_narrowed(wanted, name), 0, limits.max_scim_scan)
    if total > limits.max_scim_scan:
        raise LimitExceeded("max_scim_scan", limits.max_scim_scan, "Narrow the filter down, by the name for one.")
    fitting = [one for one in map(show, rows) if matches(one, wanted)]
    return len(fitting), first, fitting[first - 1 : first - 1 + most]


def _narrowed(wanted: Filter, name: str) -> Lookup:
    parts = wanted.parts if isinstance(wanted, Both) else (wanted,)
    texts = {
        part.path: part.value
        for part in parts
        if isinstance(part, Compare) and part.operator == "eq" and isinstance(part.value, str)
    }
    return Lookup(texts.get((name,)), texts.get(("externalid",)))


@router.post("/Users", response_model=Body, status_code=201)
@public
async def create_scim_user(request: Request, body: Body) -> Response:
    """Makes a person a member; somebody who has an account keeps it."""
    client, deps = await client_of(request), deps_of(request)
    user = read_user(body, deps.limits)
    made = await deps.ports.federation.scim.add_user(
        client.caller.tenant_id, user, client.rules, deps.ports.clock.now()
    )
    return shown(request, show_user(made, client.base), made.version, 201)


@router.get("/Users/{resource}", response_model=Body)
@public
async def get_scim_user(request: Request, resource: Id, attributes: Text = None,
                        excludedAttributes: Text = None) -> Response:
    """One user."""
    client = await client_of(request)
    found = await deps_of(request).ports.federation.scim.user(client.caller.tenant_id, _id(resource))
    return shown(request, show_user(found, client.base), found.version)


@router.put("/Users/{resource}", response_model=Body)
@public
async def replace_scim_user(request: Request, resource: Id, body: Body) -> Response:
    """Changes a user to what the body says; one that is not active is a member no more."""
    client = await client_of(request)
    return await _put_user(request, client, _id(resource), body, version_asked(request))


async def _put_user(request: Request, client: Client, one: UUID, body: Body, version: int | None) -> Response:
    deps = deps_of(request)
    user, tenant_id, now = read_user(body, deps.limits), client.caller.tenant_id, deps.ports.clock.now()
    stored = await deps.ports.federation.scim.put_user(tenant_id, one, user, version, client.rules, now)
    return shown(request, show_user(stored, client.base), stored.version)


@router.patch("/Users/{resource}", response_model=Body)
@public
async def change_scim_user(request: Request, resource: Id, body: Body) -> Response:
    """Changes parts of a user."""
    client, deps, one = await client_of(request), deps_of(request), _id(resource)

    async def change() -> Response:
        before = await deps.ports.federation.scim.user(client.caller.tenant_id, one)
        _check(request, before.version)
        after = apply_patch(show_user(before, client.base), _operations(body), USER_LISTS, deps.limits)
        return await _put_user(request, client, one, after, before.version)

    return await _again(change)


@router.delete("/Users/{resource}", status_code=204)
@public
async def delete_scim_user(request: Request, resource: Id) -> Response:
    """Takes a person out of the tenant, with their sessions in it; the account stays where it is used elsewhere."""
    client, deps = await client_of(request), deps_of(request)
    await deps.ports.federation.scim.delete_user(
        client.caller.tenant_id, _id(resource), version_asked(request), deps.ports.clock.now()
    )
    return Response(status_code=204)


@router.post("/Groups", response_model=Body, status_code=201)
@public
async def create_scim_group(request: Request, body: Body) -> Response:
    """Makes a group; its members get the role that the rules of the provider give it."""
    client, deps = await client_of(request), deps_of(request)
    group = read_group(body, deps.limits)
    made = await deps.ports.federation.scim.add_group(
        client.caller.tenant_id, group, client.rules, deps.ports.clock.now()
    )
    return shown(request, show_group(made, client.base), made.version, 201)


@router.get("/Groups/{resource}", response_model=Body)
@public
async def get_scim_group(request: Request, resource: Id, attributes: Text = None,
                         excludedAttributes: Text = None) -> Response:
    """One group."""
    client = await client_of(request)
    found = await deps_of(request).ports.federation.scim.group(client.caller.tenant_id, _id(resource))
    return shown(request, show_group(found, client.base), found.version)


@router.put("/Groups/{resource}", response_model=Body)
@public
async def replace_scim_group(request: Request, resource: Id, body: Body) -> Response:
    """Changes a group to what the body says."""
    client = await client_of(request)
    return await _put_group(request, client, _id(resource), body, version_asked(request))


async def _put_group(request: Request, client: Client, one: UUID, body: Body, version: int | None) -> Response:
    deps = deps_of(request)
    group, tenant_id, now = read_group(body, deps.limits), client.caller.tenant_id, deps.ports.clock.now()
    stored = await deps.ports.federation.scim.put_group(tenant_id, one, group, version, client.rules, now)
    return shown(request, show_group(stored, client.base), stored.version)


@router.patch("/Groups/{resource}", response_model=Body)
@public
async def change_scim_group(request: Request, resource: Id, body: Body) -> Response:
    """Changes parts of a group, mostly its members."""
    client, deps, one = await client_of(request), deps_of(request), _id(resource)

    async def change() -> Response:
        before = await deps.ports.federation.scim.group(client.caller.tenant_id, one)
        _check(request, before.version)
        after = apply_patch(show_group(before, client.base), _operations(body), GROUP_LISTS, deps.limits)
        return await _put_group(request, client, one, after, before.version)

    return await _again(change)


@router.delete("/Groups/{resource}", status_code=204)
@public
async def delete_scim_group(request: Request, resource: Id) -> Response:
    """Removes a group; its members lose the role that it gave them."""
    client, deps = await client_of(request), deps_of(request)
    await deps.ports.federation.scim.delete_group(
        client.caller.tenant_id, _id(resource), version_asked(request), client.rules, deps.ports.clock.now()
    )
    return Response(status_code=204)


@router.get("/ServiceProviderConfig", response_model=Body)
@public
async def get_scim_configuration(request: Request) -> Response:
    """What of SCIM is there."""
    return _document(service_provider_config(deps_of(request).limits.max_page))


@router.get("/ResourceTypes", response_model=Body)
@public
async def list_scim_resource_types(request: Request) -> Response:
    """Users and groups."""
    return listed(len(RESOURCE_TYPES), 1, list(RESOURCE_TYPES.values()))


@router.get("/ResourceTypes/{resource}", response_model=Body)
@public
async def get_scim_resource_type(request: Request, resource: Id) -> Response:
    """One of the two."""
    return _document(_known(RESOURCE_TYPES, resource))


@router.get("/Schemas", response_model=Body)
@public
async def list_scim_schemas(request: Request) -> Response:
    """What users and groups are made of."""
    return listed(len(SCHEMAS), 1, list(SCHEMAS.values()))


@router.get("/Schemas/{resource}", response_model=Body)
@public
async def get_scim_schema(request: Request, resource: Annotated[str, Path(max_length=200)]) -> Response:
    """One schema, by its URN."""
    return _document(_known(SCHEMAS, resource))


def _document(document: Mapping[str, Any]) -> Response:
    return Response(encode(document), 200, None, SCIM)


def _known(documents: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    if name not in documents:
        raise NotFound(f"There is no {name[:100]}.")
    return documents[name]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such resource.") from None


def _operations(body: Body) -> Sequence[Any]:
    given = {name.lower(): value for name, value in body.items()}
    schemas, operations = given.get("schemas"), given.get("operations")
    if not isinstance(schemas, list) or PATCH not in schemas:
        raise InvalidInput("The body is not a PatchOp.", [Fault("/schemas", f"expected a list with {PATCH}")])
    if not isinstance(operations, list) or not operations:
        raise InvalidInput("There are no operations.", [Fault("/Operations", "expected a list")])
    return operations


def _check(request: Request, version: int) -> None:
    asked = version_asked(request)
    if asked is not None and asked != version:
        raise PreconditionFailed


async def _again(change: Callable[[], Awaitable[Response]]) -> Response:
    """Somebody else may have changed it between reading and writing."""
    for _ in range(_TRIES - 1):
        try:
            return await change()
        except VersionMoved:
            continue
    return await change()
