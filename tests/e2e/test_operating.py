"""What people do to runs in the browser, and what the API says it did."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import faults_in_all_looks, new_page, open_browser, sign_in
from tests.e2e.client import Tenant, sign_up, workflow
from tests.servers.system import System

NAP = "- nap:\n    wait:\n      minutes: 10"
THEN = "\n- after:\n    set:\n      done: true"
HEAR = "- hear:\n    listen:\n      to:\n        one:\n          with:\n            type: dev.tidewire.signal.go"
STEPS = "- load:\n    set:\n      n: ${ .n + 1 }\n- add:\n    set:\n      n: ${ .n + 10 }"
FUSSY = (
    "- look:\n    set:\n      n: ${ .n }\n- check:\n    if: ${ .n < 0 }\n    raise:\n      error:\n"
    "        type: https://example.com/errors/negative\n        status: 422\n        title: Below zero"
)
ASK = """- ask:
    call: approval
    with:
      title: May it go?
      body: Look at the amount.
      assignee: {role: owner}
      due: {hours: 1}
      form:
        type: object
        required: [amount]
        properties:
          amount: {type: number, title: Amount, maximum: 500}"""
ONE_AT_A_TIME = "  metadata:\n    flowControl:\n      key: ${ .who }\n      concurrency:\n        limit: 1\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def owner(system: System) -> Iterator[Tenant]:
    tenant = sign_up(system.url)
    yield tenant
    tenant.http.close()


@pytest.fixture(scope="module")
def page(browser: Browser, system: System, owner: Tenant) -> Page:
    opened = new_page(browser)
    sign_in(opened, system, owner)
    return opened


def put(tenant: Tenant, name: str, body: str, version: str = "1.0.0", metadata: str = "") -> None:
    answer = tenant.put_workflow(workflow(name, body, version, metadata))
    assert answer.status_code == 201, answer.text


def started(tenant: Tenant, path: str, body: Any = None) -> str:
    answer = tenant.start(path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def status_of(page: Page) -> Any:
    return expect(page.get_by_test_id("run-status"))


def press(page: Page, name: str) -> None:
    """A button of the page, or of the dialog where one is open."""
    dialog = page.get_by_role("dialog")
    (dialog if dialog.count() else page).get_by_role("button", name=name, exact=True).first.click()


def more(page: Page, name: str) -> None:
    page.get_by_label("More that can be done").click()
    page.get_by_role("menuitem", name=name).click()


def write(page: Page, label: str, value: Any) -> None:
    """Into an editor."""
    page.get_by_role("textbox", name=label).fill(json.dumps(value))


def id_of_new_run(page: Page, old: str) -> str:
    expect(page).to_have_url(re.compile(rf"/runs/(?!{old})[0-9a-f-]{{36}}$"))
    return page.url.rpartition("/")[2]


def test_pause_resume_and_cancel(page: Page, system: System, owner: Tenant) -> None:
    put(owner, "napper", NAP)
    run = started(owner, "test/napper")
    page.goto(f"{system.url}/runs/{run}")
    status_of(page).to_contain_text("waiting")
    press(page, "Pause")
    page.get_by_label("Why (optional)").fill("the bank is closed")
    press(page, "Pause the run")
    status_of(page).to_contain_text("suspended")
    expect(page.get_by_test_id("notes")).to_contain_text("the bank is closed")
    press(page, "Resume")
    status_of(page).to_contain_text("waiting")
    press(page, "Cancel")
    assert faults_in_all_looks(page) == []
    press(page, "Cancel the run")
    status_of(page).to_contain_text("cancelled")
    assert owner.wait_ended(run)["status"] == "cancelled"


def test_a_signal_with_data(page: Page, system: System, owner: Tenant) -> None:
    put(owner, "hearer", HEAR)
    run = started(owner, "test/hearer")
    page.goto(f"{system.url}/runs/{run}")
    status_of(page).to_contain_text("waiting")
    more(page, "Send a signal")
    page.get_by_label("Name").fill("go")
    write(page, "Data", {"seat": "12A"})
    press(page, "Send the signal")
    status_of(page).to_contain_text("completed")
    assert "12A" in json.dumps(owner.wait_ended(run)["output"])


def test_run_again_from_a_step_on_another_version(page: Page, system: System, owner: Tenant) -> None:
    put(owner, "counter", STEPS)
    old = owner.run("test/counter", {"n": 1})
    assert old["output"] == {"n": 12}
    put(owner, "counter", STEPS.replace("10", "100"), "1.1.0")
    page.goto(f"{system.url}/runs/{old['id']}")
    page.get_by_test_id("timeline").get_by_role("button", name="add").click()
    press(page, "Run again from here")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("From")).to_have_value(re.compile("add"))
    dialog.get_by_label("Version", exact=True).select_option("1.1.0")
    expect(dialog.get_by_test_id("preview")).to_be_visible()
    press(page, "Run again")
    new = id_of_new_run(page, old["id"])
    status_of(page).to_contain_text("completed")
    run = owner.wait_ended(new)
    assert (run["output"], run["rerun_of"], run["workflow"]["version"]) == ({"n": 102}, old["id"], "1.1.0")
    expect(page.get_by_role("link", name="an earlier run")).to_be_visible()


def test_move_to_a_version_where_it_fits(page: Page, system: System, owner: Tenant) -> None:
    put(owner, "mover", NAP)
    run = started(owner, "test/mover")
    put(owner, "mover", NAP + THEN, "1.1.0")
    put(owner, "mover", NAP.replace("nap:", "doze:"), "1.2.0")
    page.goto(f"{system.url}/runs/{run}")
    status_of(page).to_contain_text("waiting")
    more(page, "Move to another version")
    version = page.get_by_role("dialog").get_by_label("Version", exact=True)
    version.select_option("1.2.0")
    expect(page.get_by_text("The run cannot move there")).to_be_visible()
    expect(page.get_by_role("button", name="Move to 1.2.0")).to_be_disabled()
    version.select_option("1.1.0")
    expect(page.get_by_text("It fits")).to_be_visible()
    press(page, "Move to 1.1.0")
    expect(page.get_by_test_id("notes")).to_contain_text("Moved to version 1.1.0")
    assert owner.http.get(f"/v1/runs/{run}").json()["workflow"]["version"] == "1.1.0"
    owner.http.post(f"/v1/runs/{run}/cancel")


def test_all_of_a_filter_run_again(page: Page, system: System, owner: Tenant) -> None:
    put(owner, "fussy", FUSSY)
    for n in (-1, -2, -3):
        assert owner.run("test/fussy", {"n": n})["status"] == "faulted"
    page.goto(f"{system.url}/runs?namespace=test&name=fussy&status=faulted")
    expect(page.get_by_test_id("run-row")).to_have_count(3)
    press(page, "Run all of this filter again")
    expect(page.get_by_test_id("preview")).to_contain_text("3 runs would run again")
    assert faults_in_all_looks(page) == []
    press(page, "Run again (3)")
    expect(page.get_by_test_id("job-progress")).to_contain_text("is done: 3 of 3")
    press(page, "Done")
    assert len(owner.http.get("/v1/runs", params={"name": "fussy"}).json()["items"]) == 6
    page.goto(f"{system.url}/jobs")
    expect(page.get_by_test_id("job")).to_contain_text("faulted runs of test/fussy")


def test_ticked_runs_run_again(page: Page, system: System, owner: Tenant) -> None:
    put(owner, "ticked", STEPS)
    for n in (1, 2):
        owner.run("test/ticked", {"n": n})
    page.goto(f"{system.url}/runs?namespace=test&name=ticked")
    page.get_by_label("All runs that are shown").check()
    press(page, "Run again")
    press(page, "Run again (2)")
    expect(page.get_by_test_id("progress")).to_contain_text("2 of 2 started")
    press(page, "Done")
    assert len(owner.http.get("/v1/runs", params={"name": "ticked"}).json()["items"]) == 4


def test_a_dead_letter_is_edited_and_retried_another_discarded(page: Page, system: System, owner: Tenant) -> None:
    put(owner, "letters", FUSSY)
    first, second = (owner.run("test/letters", {"n": n})["id"] for n in (-1, -2))
    page.goto(f"{system.url}/dead-letters?namespace=test&name=letters")
    expect(page.get_by_test_id("letter-row")).to_have_count(2)
    assert faults_in_all_looks(page) == []
    page.goto(f"{system.url}/dead-letters/{first}")
    write(page, "What the run was given", {"n": 5})
    press(page, "Save for the next retry")
    expect(page.get_by_text("Saved. The next retry begins with it.")).to_be_visible()
    assert faults_in_all_looks(page) == []
    press(page, "Retry")
    page.get_by_label("the start").check()
    press(page, "Retry")
    assert owner.wait_ended(id_of_new_run(page, first))["output"] == {"n": 5}
    page.goto(f"{system.url}/dead-letters/{second}")
    press(page, "Discard")
    press(page, "Discard it")
    expect(page.locator("main")).to_contain_text("discarded")
    assert owner.http.get(f"/v1/dead-letters/{second}").json()["state"] == "discarded"
    page.goto(f"{system.url}/dead-letters?namespace=test&name=letters")
    expect(page.locator("main")).to_contain_text("None is like that")


def test_a_person_is_asked(page: Page, system: System, owner: Tenant) -> None:
    put(owner, "asker", ASK)
    run = started(owner, "test/asker")
    page.goto(f"{system.url}/inbox")
    page.get_by_test_id("task-row").get_by_role("link", name="May it go?").click()
    expect(page.get_by_test_id("task-status")).to_contain_text("open")
    assert faults_in_all_looks(page) == []
    page.get_by_label("Amount").fill("120.5")
    page.get_by_label("approve").check()
    page.get_by_label("Comment").fill("fine")
    press(page, "Answer: approve")
    expect(page.get_by_test_id("task-answer")).to_contain_text("120.5")
    output = owner.wait_ended(run)["output"]
    assert (output["decision"], output["data"], output["comment"]) == ("approve", {"amount": 120.5}, "fine")


def test_a_link_is_answered_without_an_account(browser: Browser, page: Page, system: System, owner: Tenant) -> None:
    put(owner, "linker", ASK)
    run = started(owner, "test/linker")
    page.goto(f"{system.url}/tasks")
    page.get_by_role("link", name="May it go?").click()
    press(page, "Make a link")
    page.get_by_label("For whom").fill("Ada, supplier")
    press(page, "Make the link")
    address = page.get_by_test_id("task-link").inner_text()
    press(page, "Done")
    stranger = new_page(browser)
    stranger.goto(f"{system.url}{address[address.index('/answer/'):]}")
    expect(stranger.get_by_role("heading", name="May it go?")).to_be_visible()
    assert faults_in_all_looks(stranger) == []
    stranger.get_by_label("Amount").fill("9")
    stranger.get_by_label("reject").check()
    press(stranger, "Answer: reject")
    expect(stranger.get_by_test_id("answered")).to_contain_text("reject")
    assert owner.wait_ended(run)["output"]["by"] == {"link": "Ada, supplier"}
    stranger.reload()
    expect(stranger.get_by_text("answered already")).to_be_visible()
    stranger.goto(f"{system.url}/answer/nothing")
    expect(stranger.get_by_role("heading", name="This link is not valid")).to_be_visible()
    stranger.context.close()
    expect(page.get_by_test_id("task-status")).to_contain_text("answered")


def test_a_sample_and_a_dry_run(page: Page, system: System, owner: Tenant) -> None:
    put(owner, "tried", "- tell:\n    call: notify\n    with:\n      to: all\n      title: ${ .title }\n" + NAP + THEN)
    page.goto(f"{system.url}/workflows/test/tried?tab=samples")
    press(page, "New sample")
    page.get_by_label("Name").fill("greeting")
    write(page, "Input", {"title": "Only tried"})
    press(page, "Save")
    expect(page.get_by_role("heading", name="greeting")).to_be_visible()
    assert faults_in_all_looks(page) == []
    press(page, "Dry run")
    status_of(page).to_contain_text("completed")
    expect(page.get_by_text("This is a dry run")).to_be_visible()
    titles = [one["title"] for one in owner.http.get("/v1/notifications").json()["items"]]
    assert "Only tried" not in titles


def test_why_a_run_waits(page: Page, system: System, owner: Tenant) -> None:
    put(owner, "queued", NAP, metadata=ONE_AT_A_TIME)
    first, second = (started(owner, "test/queued", {"who": "Ada"}) for _ in range(2))
    page.goto(f"{system.url}/runs/{second}")
    expect(page.get_by_test_id("why-it-waits")).to_contain_text("Ada")
    expect(page.get_by_test_id("why-it-waits")).to_contain_text("at most 1 at a time")
    assert faults_in_all_looks(page) == []
    page.goto(f"{system.url}/workflows/test/queued")
    expect(page.get_by_test_id("flow-key")).to_contain_text("Ada")
    page.goto(f"{system.url}/")
    expect(page.get_by_test_id("queue")).to_contain_text("1 held back by a key")
    for run in (second, first):
        owner.http.post(f"/v1/runs/{run}/cancel")


def test_an_unknown_outcome_is_told(page: Page, system: System, owner: Tenant) -> None:
    """The API's answer stands in for a step that lost its result; the rest is real."""
    put(owner, "unsure", NAP)
    run = started(owner, "test/unsure")
    told: list[Any] = []

    def unsure(route: Route) -> None:
        answer = route.fetch()
        since = {"seq": 7, "task": "/do/0/charge", "path": [], "since": "2026-01-01T00:00:00Z"}
        route.fulfill(response=answer, json={**answer.json(), "undecided": [] if told else [since]})

    def decide(route: Route) -> None:
        told.append(route.request.post_data_json)
        route.fulfill(status=202, json={"id": run, "status": "running"})

    page.route(f"**/v1/runs/{run}", unsure)
    page.route(f"**/v1/runs/{run}/steps/7/outcome", decide)
    page.goto(f"{system.url}/runs/{run}")
    expect(page.get_by_test_id("undecided")).to_contain_text("Nobody knows whether charge happened")
    assert faults_in_all_looks(page) == []
    press(page, "It happened")
    write(page, "Output of the step", {"id": "ch_1"})
    press(page, "Go on with this")
    expect(page.get_by_test_id("undecided")).to_have_count(0)
    assert told == [{"happened": True, "output": {"id": "ch_1"}}]
    page.unroute_all()
    owner.http.post(f"/v1/runs/{run}/cancel")
