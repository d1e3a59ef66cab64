"""A passkey in a real browser with a virtual authenticator: made in the settings, then signing in by itself."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from models.domain.factors import step_of, totp_code
from tests.e2e.browser import faults_in_all_looks, new_page, open_browser
from tests.e2e.client import PASSWORD, Tenant
from tests.servers.system import System


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def on_localhost(system: System) -> str:
    """Passkeys are for names, not for addresses of numbers."""
    return f"http://localhost:{urlsplit(system.url).port}"


def plug_in(page: Page) -> None:
    """A device that knows its person."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip


def sign_in(page: Page, home: str, tenant: Tenant) -> None:
    page.goto(f"{home}/sign-in")
    page.get_by_label("E-mail").fill(tenant.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    """Waits for the page of sign-in, which comes by itself: a second way there at the same time would cut the first."""
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_a_passkey_is_made_and_signs_in(browser: Browser, system: System, tenant: Tenant) -> None:
    page, home = new_page(browser), on_localhost(system)
    plug_in(page)
    sign_in(page, home, tenant)
    expect(page.get_by_test_id("dashboard")).to_be_visible()
    page.goto(f"{home}/settings")
    page.get_by_test_id("add-passkey").click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_test_id("passkey")).to_contain_text("My laptop")
    assert faults_in_all_looks(page) == []

    page.get_by_test_id("new-codes").click()
    page.get_by_role("button", name="Make ten codes").click()
    expect(page.get_by_test_id("recovery-codes").get_by_role("listitem")).to_have_count(10)
    assert faults_in_all_looks(page) == []
    page.get_by_role("button", name="I have kept them").click()

    sign_out(page)
    expect(page.get_by_test_id("passkey-sign-in")).to_be_visible()
    page.get_by_test_id("passkey-sign-in").click()
    expect(page.get_by_test_id("passkey")).to_contain_text("last used")

    # And as the second step, after the password.
    page.goto(f"{home}/settings")
    sign_out(page)
    expect(page.get_by_test_id("passkey-sign-in")).to_be_visible()
    sign_in(page, home, tenant)
    expect(page.get_by_test_id("second-step")).to_be_visible()
    assert faults_in_all_looks(page) == []
    page.get_by_test_id("prove").click()
    expect(page.locator("#content")).to_be_visible()
    page.context.close()


def test_an_authenticator_and_a_recovery_code(browser: Browser, system: System, tenant: Tenant) -> None:
    import base64
    from datetime import UTC, datetime

    page, home = new_page(browser), on_localhost(system)
    sign_in(page, home, tenant)
    expect(page.get_by_test_id("dashboard")).to_be_visible()
    page.goto(f"{home}/settings")
    page.get_by_test_id("add-totp").click()
    secret = base64.b32decode(page.get_by_test_id("totp-secret").inner_text())
    assert page.get_by_role("img", name="QR code").evaluate("(one) => one.complete && one.naturalWidth > 0")
    assert faults_in_all_looks(page) == []
    page.get_by_label("Code").fill(totp_code(secret, step_of(datetime.now(UTC))))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_test_id("factors")).to_contain_text("since")
    page.get_by_test_id("new-codes").click()
    page.get_by_role("button", name="Make ten codes").click()
    code = page.get_by_test_id("recovery-codes").get_by_role("listitem").first.inner_text()
    page.get_by_role("button", name="I have kept them").click()
    sign_out(page)
    sign_in(page, home, tenant)
    page.get_by_role("button", name="Use a recovery code").click()
    page.get_by_label("Recovery code").fill(code)
    page.get_by_test_id("prove").click()
    expect(page.get_by_test_id("dashboard")).to_be_visible()
    page.context.close()


def test_a_stale_session_steps_up_and_the_change_goes_on(browser: Browser, system: System, tenant: Tenant) -> None:
    page, home = new_page(browser), on_localhost(system)
    sign_in(page, home, tenant)
    expect(page.get_by_test_id("dashboard")).to_be_visible()
    page.goto(f"{home}/settings")
    stale = {
        "type": "urn:tidewire:problem:step-up-required", "title": "Prove that it is you", "status": 401,
        "detail": "", "instance": "/v1/me/factors/totp", "factors": ["password"],
    }  # fmt: skip
    refused: list[str] = []

    def old(route: object) -> None:
        refused.append("once")
        route.fulfill(status=401, json=stale, content_type="application/problem+json")  # type: ignore[attr-defined]

    # Ten minutes pass: the call is refused, and so is its repetition with a renewed token.
    page.route("**/v1/me/factors/totp", old, times=2)
    page.get_by_test_id("add-totp").click()
    expect(page.get_by_test_id("step-up")).to_be_visible()
    assert faults_in_all_looks(page) == []
    page.get_by_test_id("step-up").get_by_label("Password").fill(PASSWORD)
    page.get_by_test_id("prove").click()
    expect(page.get_by_test_id("totp-secret")).to_be_visible()
    assert len(refused) == 2
    page.context.close()
