"""`make run` as a person meets it: the address signs in, real flights move the dashboard, predictions arrive."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_browser import browser_page as browser_page  # noqa: PLC0414 - a fixture
from tests.servers.system import System, start_system

PICTURE = Path(__file__).parents[2] / "docs" / "dashboard.png"
READY_SECONDS = 240


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, str]]:
    """A running demo and the address it has told."""
    system = start_system(tmp_path_factory.mktemp("demo") / "data", None, None, "--demo")
    try:
        yield system, _told(system)
    finally:
        system.stop()


def _told(system: System) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"http://127\.0\.0\.1:\d+/#ticket=\S+", system.log.read_text())
        if found:
            return found[0]
        assert system.process.poll() is None, system.tail()
        time.sleep(0.2)
    raise AssertionError(f"no address was told within {READY_SECONDS} s:\n{system.tail()}")


def number(page: Page, test_id: str) -> int:
    """The number that a tile shows."""
    found = re.search(r"\d[\d,.]*", page.get_by_test_id(test_id).inner_text())
    return int(re.sub(r"\D", "", found[0])) if found else 0


def test_the_demo_lives(demo: tuple[System, str], browser_page: Page) -> None:
    _, address = demo
    page = browser_page
    page.goto(address)
    expect(page.get_by_test_id("dashboard")).to_be_visible(timeout=60_000)
    expect(page).not_to_have_url(re.compile("ticket"))
    page.evaluate("() => { window.__kept = true }")
    before = number(page, "events-total")
    expect(page.get_by_test_id("latest-runs")).to_contain_text("completed", timeout=90_000)
    expect(page.get_by_test_id("unread-badge")).to_be_visible(timeout=90_000)
    deadline = time.monotonic() + 60
    while number(page, "events-total") <= before:
        assert time.monotonic() < deadline, "no flight has arrived on the dashboard"
        page.wait_for_timeout(200)
    assert page.evaluate("() => window.__kept === true"), "the page was loaded again"
    if not PICTURE.exists():
        page.wait_for_timeout(30_000)
        page.screenshot(path=PICTURE)
