"""What a person sees: sign up, put a workflow, post an event, see run and chart move, read the notification."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import open_browser
from tests.e2e.client import PASSWORD, event, workflow
from tests.servers.system import System


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(30_000)
        yield page


def test_a_person_sees_it_move(system: System, browser_page: Page) -> None:
    page, name = browser_page, f"b-{uuid.uuid4().hex[:10]}"
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    page.goto(f"{system.url}/")
    page.get_by_test_id("go-sign-up").click()
    page.get_by_test_id("sign-up-tenant").fill(name)
    page.get_by_test_id("sign-up-email").fill(f"me@{name}.example")
    page.get_by_test_id("sign-up-password").fill(PASSWORD)
    page.get_by_test_id("sign-up-submit").click()
    expect(page.get_by_test_id("dashboard")).to_be_visible()

    tokens = httpx.post(
        f"{system.url}/v1/auth/login", json={"email": f"me@{name}.example", "password": PASSWORD}
    ).json()
    api = httpx.Client(base_url=system.url, headers={"authorization": f"Bearer {tokens['access_token']}"}, timeout=30)
    schedule = "schedule:\n  on:\n    one:\n      with:\n        type: test.late\n"
    tell = '- tell:\n    call: notify\n    with:\n      to: all\n      title: ${ .[0].data.flight + " is late" }'
    put = api.put(
        "/v1/workflows", content=workflow("late", tell, extra=schedule), headers={"content-type": "application/yaml"}
    )
    assert put.status_code == 201, put.text

    marker = page.evaluate("() => (window.__kept = Math.random())")
    assert api.post("/v1/events", json=event("test.late", {"flight": "UA 1545"})).status_code == 202
    expect(page.get_by_test_id("latest-runs")).to_contain_text("late")
    expect(page.get_by_test_id("unread-badge")).to_contain_text("1")
    expect(page.get_by_test_id("events-total")).to_contain_text("1")
    assert page.evaluate("() => window.__kept") == marker, "the page was loaded again"

    page.get_by_test_id("nav-inbox").click()
    page.get_by_text("UA 1545 is late").first.click()
    expect(page.get_by_test_id("unread-badge")).not_to_contain_text("1")

    page.get_by_test_id("nav-runs").click()
    page.get_by_test_id("run-row").first.click()
    expect(page.get_by_test_id("run-status")).to_contain_text("completed", ignore_case=True)
    api.close()
    expect(page.get_by_test_id("timeline")).to_contain_text("tell")
    assert errors == []
    api.close()
