"""Every page for everybody: no fault that axe finds, light and dark, on a phone, and without a mouse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import faults_in_all_looks, new_page, open_browser, sign_in, tab_to
from tests.e2e.client import PASSWORD, Tenant, sign_up, workflow
from tests.servers.system import System

TELL = "- tell:\n    call: notify\n    with:\n      to: all\n      title: ${ .title }\n      body: It is so."
FAIL = (
    "- stop:\n    raise:\n      error:\n        type: https://example.com/errors/none\n        status: 500\n"
    "        title: None left"
)
NAP = "- nap:\n    wait:\n      minutes: 10"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def lived_in(system: System) -> Iterator[Tenant]:
    """A tenant with workflows, a run in each state, and a notification."""
    tenant = sign_up(system.url)
    for name, body in (("teller", TELL), ("failer", FAIL), ("napper", NAP)):
        assert tenant.put_workflow(workflow(name, body)).status_code == 201
    assert tenant.put_workflow(workflow("teller", TELL, version="1.1.0")).status_code == 201
    tenant.run("test/teller", {"title": "Hello"})
    tenant.run("test/failer")
    tenant.start("test/napper")
    yield tenant
    tenant.http.close()


@pytest.fixture(scope="module")
def inside(browser: Browser, system: System, lived_in: Tenant) -> Page:
    page = new_page(browser)
    sign_in(page, system, lived_in)
    return page


def latest(tenant: Tenant, name: str) -> str:
    return str(tenant.http.get("/v1/runs", params={"name": name}).json()["items"][0]["id"])


@pytest.mark.parametrize(("path", "heading"), [("/sign-in", "Sign in"), ("/sign-up", "Create a tenant")])
def test_entrances(browser: Browser, system: System, path: str, heading: str) -> None:
    page = new_page(browser)
    page.goto(f"{system.url}{path}")
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert faults_in_all_looks(page) == []
    page.context.close()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "Latest runs"),
        ("/workflows", "napper"),
        ("/workflows/new", "Valid"),
        ("/workflows/test/teller", "completed"),
        ("/workflows/test/teller?tab=versions&version=1.1.0&against=1.0.0", "Changes since 1.0.0"),
        ("/runs", "None left"),
        ("/inbox", "Hello"),
        ("/tasks", "Nothing waits"),
        ("/jobs", "No job yet"),
        ("/dead-letters", "None left"),
        ("/models", "Models"),
        ("/connections", "Connections"),
        ("/settings", "Settings"),
        ("/nowhere", "nothing at this address"),
    ],
)
def test_pages(inside: Page, system: System, path: str, shown: str) -> None:
    inside.goto(f"{system.url}{path}")
    expect(inside.locator("main")).to_contain_text(shown)
    assert faults_in_all_looks(inside) == []


@pytest.mark.parametrize(("name", "step"), [("teller", "tell"), ("failer", "stop"), ("napper", "nap")])
def test_one_run(inside: Page, system: System, lived_in: Tenant, name: str, step: str) -> None:
    inside.goto(f"{system.url}/runs/{latest(lived_in, name)}")
    expect(inside.get_by_test_id("timeline")).to_contain_text(step)
    assert faults_in_all_looks(inside) == []


def test_editor_with_faults(inside: Page, system: System) -> None:
    inside.goto(f"{system.url}/workflows/new")
    editor = inside.get_by_role("textbox", name="Definition")
    editor.fill("document:\n  dsl: '1.0.3'\n  namespace: test\n  name: Wrong Name\n  version: '1.0.0'\ndo: 3\n")
    expect(inside.get_by_test_id("faults")).to_be_visible()
    assert faults_in_all_looks(inside) == []


def test_by_keyboard_alone(browser: Browser, system: System, tenant: Tenant) -> None:
    """Sign in, write a workflow, start a run, read what it tells: no mouse, and the focus always seen."""
    page = new_page(browser)
    page.goto(f"{system.url}/")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(tenant.email)
    tab_to(page, r"Password \*")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("dashboard")).to_be_visible()

    tab_to(page, "Workflows")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
    tab_to(page, "New workflow")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Definition")).to_be_visible()
    tab_to(page, "Definition")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(workflow("by-keys", TELL))
    expect(page.get_by_role("status").filter(has_text="Valid")).to_be_visible()
    page.keyboard.press("Escape")
    tab_to(page, "Save version", "Shift+Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="by-keys")).to_be_visible()
    tab_to(page, "Start a run")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Input")).to_be_visible()
    tab_to(page, "Input")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text('{"title": "Typed"}')
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_visible()
    tab_to(page, "Start")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("run-status")).to_contain_text("completed")

    tab_to(page, "Inbox.*")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    tab_to(page, ".*Typed.*")
    page.keyboard.press("Enter")
    expect(page.get_by_text("It is so.")).to_be_visible()
    page.context.close()
