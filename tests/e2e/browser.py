"""A Chromium for tests, and what they ask of every page: no fault that axe finds, nothing cut off on a phone."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.client import PASSWORD, Tenant
from tests.servers.system import System

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
AXE = Path(__file__).parents[2] / "serve" / "web" / "node_modules" / "axe-core" / "axe.min.js"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
# Contrast depends on the scheme, layout on the width: each of both is seen once.
LOOKS = (("light", WIDE), ("dark", PHONE))

_RUN_AXE = """async () => {
  const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']
  const found = await axe.run(document, { runOnly: rules, resultTypes: ['violations'] })
  const why = ({ any, all, none }) => [...any, ...all, ...none].map((one) => one.message).join('; ')
  const told = (id, node) => `${id}: ${node.target.join(' ')} (${why(node)})`
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => told(id, node)))
}"""


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser for the length of the block; it must not be open while asynchronous tests run."""
    if CHROMIUM is None:
        message = "no Chromium: install it with `apt-get install chromium` (Debian) to run the browser tests"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def new_page(browser: Browser) -> Page:
    """A page of its own, with its own cookies, that moves nothing for the eye alone."""
    page = browser.new_page(viewport=WIDE, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_default_timeout(30_000)
    return page


def sign_in(page: Page, system: System, tenant: Tenant) -> None:
    """By the form, as a person does."""
    page.goto(f"{system.url}/sign-in")
    page.get_by_label("E-mail").fill(tenant.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_test_id("dashboard")).to_be_visible()


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is: rule, place, and why."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    found: list[Any] = page.evaluate(_RUN_AXE)
    return [str(one) for one in found]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def faults_in_all_looks(page: Page) -> list[str]:
    """What is wrong with the page in light on a desk and in dark on a phone; empty when nothing is."""
    found: list[str] = []
    for scheme, size in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.wait_for_timeout(100)
        where = f"{scheme} {size['width']}"
        found += [f"{where}: {one}" for one in violations(page)]
        if sideways(page) > 0:
            found.append(f"{where}: {sideways(page)} pixels wider than the window")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    return found


_FOCUS = """async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  const at = document.activeElement
  if (at === null || at === document.body) return null
  const seen = (one) => {
    const style = getComputedStyle(one)
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
  }
  const frame = at.closest('.MuiInputBase-root.Mui-focused')?.querySelector('fieldset')
  const box = at.getBoundingClientRect()
  return {
    name: at.getAttribute('aria-label') ?? at.labels?.[0]?.innerText ?? at.innerText ?? '',
    visible: seen(at) || (frame && parseFloat(getComputedStyle(frame).borderTopWidth) >= 2)
      || at.closest('.cm-focused, .Mui-focusVisible') !== null,
    inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  }
}"""
_MOST_STOPS = 60


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Presses Tab until what has this name (a pattern) has the focus; each stop on the way must be seen."""
    stops: list[str] = []
    for _ in range(_MOST_STOPS):
        page.keyboard.press(key)
        focus = page.evaluate(_FOCUS)
        if focus is None:
            continue
        stops.append(" ".join(focus["name"].split()))
        assert focus["visible"], f"nobody sees that the focus is on {stops[-1]!r}"
        assert focus["inside"], f"the focus is on {stops[-1]!r}, outside of the window"
        if re.fullmatch(name, stops[-1]):
            return
    raise AssertionError(f"no way by {key} to {name!r}; the stops were {stops}")
