"""Pages of other origins: denied, but where the tenant of the token allows them."""

from __future__ import annotations

import asyncio
from typing import cast

import httpx

from models.domain.limits import Limits
from tests.unit.serve.api import Api, Caller, running_api
from tests.unit.serve.fake_accounts import FakeTenants

PAGE = "https://app.example.com"


async def preflight(api: Api, origin: str) -> httpx.Response:
    headers = {"origin": origin, "access-control-request-method": "GET"}
    return await api.http.options("/v1/me", headers=headers)


async def allowed(api: Api, caller: Caller, origin: str) -> str | None:
    answer = await api.call("GET", "/v1/me", caller, headers={"origin": origin})
    assert answer.status_code == 200
    found = answer.headers.get("access-control-allow-origin")
    return cast("str | None", found)


async def test_only_the_tenant_that_allows_a_page_is_read_by_it() -> None:
    async with running_api(limits=Limits(origins_watch_seconds=0.01)) as api:
        assert "access-control-allow-origin" not in (await preflight(api, PAGE)).headers
        tenants = cast(FakeTenants, api.ports.tenants)
        await tenants.put_settings(api.owner.tenant_id, "T", [PAGE], api.clock.now())
        async with asyncio.timeout(5):
            while (answer := await preflight(api, PAGE)).status_code != 204:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-credentials" not in answer.headers
        assert await allowed(api, api.owner, PAGE) == PAGE
        for caller, origin in ((api.stranger, PAGE), (api.owner, "https://evil.example"), (api.owner, "null")):
            assert await allowed(api, caller, origin) is None
        assert (await preflight(api, "https://evil.example")).status_code != 204
