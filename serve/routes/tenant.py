"""What a tenant sets for itself."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from models.domain.errors import Fault, InvalidInput, LimitExceeded
from models.domain.limits import Limits
from serve.account_ports import TenantSettings
from serve.guard import GuardedRoute, deps_of, needs, principal_of
from serve.responses import json_response
from serve.schemas import account as s

router = APIRouter(tags=["tenant"], route_class=GuardedRoute)


@router.get("/v1/tenant/settings", response_model=s.TenantSettings)
@needs("tenant:write")
async def get_tenant_settings(request: Request) -> Response:
    """The settings of the caller's tenant."""
    return _shown(await deps_of(request).ports.tenants.settings(principal_of(request).tenant_id))


@router.put("/v1/tenant/settings", response_model=s.TenantSettings)
@needs("tenant:write")
async def put_tenant_settings(request: Request, body: s.TenantSettingsRequest) -> Response:
    """Replaces the settings; allowed origins hold on every replica within seconds."""
    deps = deps_of(request)
    origins = checked_origins(body.allowed_origins, deps.limits)
    found = await deps.ports.tenants.put_settings(
        principal_of(request).tenant_id, body.display_name.strip(), origins, deps.ports.clock.now()
    )
    return _shown(found)


def checked_origins(given: Sequence[str], limits: Limits) -> list[str]:
    """In lower case, each once; InvalidInput for what no browser sends as an origin."""
    if len(given) > limits.max_allowed_origins:
        raise LimitExceeded("max_allowed_origins", limits.max_allowed_origins, pointer="/allowed_origins")
    faults = [
        Fault(f"/allowed_origins/{place}", "expected https://host[:port] without a path")
        for place, origin in enumerate(given) if not _is_origin(origin)
    ]  # fmt: skip
    if faults:
        raise InvalidInput("These are no origins.", faults)
    return list(dict.fromkeys(origin.lower() for origin in given))


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    plain = f"{parts.scheme}://{parts.netloc}" == text and "@" not in text and "*" not in text and text.isascii()
    return plain and bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and local))


def _shown(settings: TenantSettings) -> Response:
    return json_response({
        "name": settings.name, "display_name": settings.display_name,
        "allowed_origins": list(settings.allowed_origins), "updated_at": settings.updated_at,
    })
