"""The same idempotency key from many clients at once, while the API is killed: one run, one answer."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx

from tests.chaos.load import Careful
from tests.chaos.processes import kill
from tests.chaos.scenario import Scenario

COPIES = 50
# So many keys of each hundred meet a dying replica.
KILL_EACH = 10


def repeat_keys(scenario: Scenario, count: int) -> list[str]:
    """Sends `count` requests, each 50 times at once; one sentence for each breach."""
    faults: list[str] = []
    load = scenario.load
    clients = [Careful(load.tenant, load.ledger, threading.Event()) for _ in range(COPIES)]
    try:
        with ThreadPoolExecutor(COPIES + 1) as threads:
            for number in range(count):
                key = uuid.uuid4().hex
                sent = [threads.submit(_start, client, key, number) for client in clients]
                if number % KILL_EACH == 0:
                    with suppress(AssertionError):
                        kill(scenario.instance, "api")
                faults += one_run([one.result() for one in sent], key)
                other = _start(clients[0], key, number + 1)
                if other is None or other.status_code != 422:
                    faults.append(f"key {key} with another body: {other and other.status_code}")
    finally:
        for client in clients:
            client.close()
    return faults


def one_run(answers: Sequence[httpx.Response | None], key: str) -> list[str]:
    """Breaches among the answers to the copies of one request."""
    statuses = Counter(0 if answer is None else answer.status_code for answer in answers)
    runs = {answer.json()["id"] for answer in answers if answer is not None and answer.status_code == 201}
    faults = [] if len(runs) == 1 else [f"key {key} gave {len(runs)} runs: {dict(statuses)}"]
    strange = set(statuses) - {201, 409}
    return faults + [f"key {key} was answered with {status}" for status in sorted(strange)]


def _start(client: Careful, key: str, number: int) -> httpx.Response | None:
    return client(
        "POST", "/v1/workflows/test/steps/runs", json={"n": number, "run": key}, headers={"idempotency-key": key}
    )
