"""The first page is light: what it loads of scripts, packed as browsers get it."""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import new_page, open_browser, sign_in
from tests.e2e.client import Tenant
from tests.servers.system import System

DIST = Path(__file__).parents[2] / "serve" / "web" / "dist"
MOST_BYTES = 230_000


@pytest.mark.parametrize("inside", [False, True])
def test_scripts_of_the_first_page(system: System, tenant: Tenant, inside: bool) -> None:
    scripts: set[str] = set()
    with open_browser() as browser:
        page = new_page(browser)
        if inside:
            sign_in(page, system, tenant)
        page.on("request", lambda one: scripts.add(urlsplit(one.url).path) if one.resource_type == "script" else None)
        page.goto(f"{system.url}/")
        expect(page.get_by_test_id("dashboard") if inside else page.get_by_label("E-mail")).to_be_visible()
        page.wait_for_load_state("networkidle")
    assert len(scripts) > 10
    packed = sum(len(gzip.compress((DIST / path.lstrip("/")).read_bytes(), 9)) for path in scripts)
    assert packed < MOST_BYTES
