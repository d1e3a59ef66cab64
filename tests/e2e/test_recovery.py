"""A page that missed more than the gateway can tell it loads again: what is shown is what the API says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect
from redis import Redis

from cluster.runtime import load
from tests.e2e.browser import new_page, open_browser, sign_in
from tests.e2e.client import Tenant, event, workflow
from tests.servers.system import System

TELL = "- tell:\n    call: notify\n    with:\n      to: all\n      title: ${ .title }"
NAP = "- nap:\n    wait:\n      minutes: 10"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def history(system: System) -> Iterator[Redis]:
    """Where the gateways keep what was published."""
    client = Redis.from_url(load(system.data).redis_url)
    yield client
    client.close()


class Wire:
    """The live connection of a page, which can be cut."""

    def __init__(self, page: Page) -> None:
        self._cut = False
        self._open: list[WebSocketRoute] = []
        page.route_web_socket("**/connection/websocket", self._opened)

    def _opened(self, socket: WebSocketRoute) -> None:
        if self._cut:
            socket.close(code=1001)
            return
        socket.connect_to_server()
        self._open.append(socket)

    def cut(self) -> None:
        self._cut = True
        for socket in self._open:
            socket.close(code=1001)
        self._open.clear()

    def mend(self) -> None:
        self._cut = False


def channels(tenant: Tenant) -> list[str]:
    return [f"runs:{tenant.id}", f"metrics:{tenant.id}", f"inbox:{tenant.id}.{tenant.user_id}"]


def trimmed(history: Redis, tenant: Tenant) -> None:
    """Publications are gone, the count of them is not."""
    for channel in channels(tenant):
        history.xtrim(f"push:s:{channel}", maxlen=0, approximate=False)


def begun_anew(history: Redis, tenant: Tenant) -> None:
    """As after a loss of Redis: another epoch, offsets from the start."""
    for channel in channels(tenant):
        history.delete(f"push:s:{channel}", f"push:m:{channel}")


def published(history: Redis, channel: str) -> int:
    return int(history.hget(f"push:m:{channel}", "o") or 0)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def settled(history: Redis, tenant: Tenant) -> None:
    """Until nothing more is published."""
    before = [-1]
    while (now := [published(history, channel) for channel in channels(tenant)]) != before:
        before = now
        time.sleep(1)


@pytest.mark.parametrize("lose", [trimmed, begun_anew])
def test_what_cannot_be_recovered_is_loaded_again(
    browser: Browser, system: System, tenant: Tenant, history: Redis, lose: Callable[[Redis, Tenant], None]
) -> None:
    for name, body in (("teller", TELL), ("napper", NAP)):
        assert tenant.put_workflow(workflow(name, body)).status_code == 201
    assert tenant.http.post("/v1/events", json=event("test.seen", {})).status_code == 202
    tenant.run("test/teller", {"title": "Before"})
    napper = tenant.start("test/napper").json()["id"]
    page = new_page(browser)
    wire = Wire(page)
    sign_in(page, system, tenant)
    rows = page.get_by_test_id("latest-runs")
    expect(rows).to_contain_text("waiting")
    expect(page.get_by_test_id("unread-badge")).to_contain_text("1")
    expect(page.get_by_test_id("events-total")).to_contain_text("1")
    settled(history, tenant)

    wire.cut()
    expect(page.get_by_role("status").filter(has_text="Connection lost")).to_be_visible()
    for _ in range(2):
        assert tenant.http.post("/v1/events", json=event("test.seen", {})).status_code == 202
    tenant.run("test/teller", {"title": "Missed"})
    assert tenant.http.post(f"/v1/runs/{napper}/cancel").status_code in (200, 202)
    tenant.wait_ended(napper)
    settled(history, tenant)
    expect(rows).to_contain_text("waiting")
    lose(history, tenant)

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    wire.mend()
    expect(page.get_by_role("status").filter(has_text="loaded anew")).to_be_visible()
    expect(rows.get_by_text("cancelled")).to_have_count(1)
    expect(rows.get_by_text("waiting")).to_have_count(0)
    expect(page.get_by_test_id("unread-badge")).to_contain_text("2")
    expect(page.get_by_test_id("events-total")).to_contain_text("3")
    shown = rows.get_by_test_id("run-row").evaluate_all("rows => rows.map((row) => row.cells[0].innerText.trim())")
    told = [run["status"] for run in tenant.http.get("/v1/runs", params={"limit": 8}).json()["items"]]
    assert shown == told
    assert any("/v1/runs" in url for url in asked), "nothing was asked for"

    # From here on, it is live again.
    tenant.run("test/teller", {"title": "After"})
    expect(page.get_by_test_id("unread-badge")).to_contain_text("3")
    page.context.close()
