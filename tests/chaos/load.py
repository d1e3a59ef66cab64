"""Load that uses every part of the system until it is told to stop, and notes down what was promised to it."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from models.learned.bundles import pack_folder
from tests.chaos.flows import Flow, flows
from tests.chaos.ledger import Accepted, Ledger
from tests.e2e.client import PASSWORD, Tenant, event, sign_up, workflow
from tests.models.bundles import write_model_folder
from tests.servers.target import Target

SECONDS = 420.0
_HOOK_SECRET = "a secret shared with GitHub"
# Workflows that the load starts itself.
_STARTED = ("steps", "call", "blind", "secret", "connect", "predict", "tell", "forks", "nap", "ask", "careful")


class Careful:
    """Sends the same request again until it is known what became of it."""

    def __init__(self, tenant: Tenant, ledger: Ledger, stop: threading.Event) -> None:
        self._ledger, self._stop = ledger, stop
        self.tenant = tenant
        self.http = httpx.Client(base_url=tenant.http.base_url, timeout=10)
        self.http.headers["authorization"] = tenant.http.headers["authorization"]

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """The answer, whatever it says but 5xx; None when the load ends before there is one."""
        began, last = time.monotonic(), ""
        while time.monotonic() - began < SECONDS:
            try:
                answer = self.http.request(method, path, **more)
            except httpx.HTTPError as error:
                last = repr(error)
                time.sleep(0.1)
            else:
                last = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code == 401 and not path.startswith("/v1/auth/"):
                    self.sign_in()
                    continue
                if answer.status_code < 500 and answer.status_code != 429:
                    self._ledger.slowest = max(self._ledger.slowest, time.monotonic() - began)
                    return answer
                self._ledger.refused += 1
                time.sleep(0.1)
            if self._stop.is_set() and time.monotonic() - began > 30:
                return None
        raise AssertionError(f"{method} {path} had no answer for {SECONDS:g} s, at last {last}")

    def sign_in(self) -> str:
        """A session of this client's own; its refresh token."""
        account = {"email": self.tenant.email, "password": PASSWORD}
        answer = self("POST", "/v1/auth/login", json=account)
        if answer is None:
            return ""
        assert answer.status_code == 200, answer.text
        self.http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return str(answer.json()["refresh_token"])

    def close(self) -> None:
        """Lets go of connections."""
        self.http.close()


class Load:
    """Lanes of one tenant, each a thread that does one thing after another; `is_whole`: not runs alone."""

    def __init__(self, url: str, target: Target, folder: Path, is_whole: bool = True) -> None:
        self.tenant = sign_up(url)
        self.flows = flows(target.host)
        self.ledger = Ledger()
        self.faults: list[BaseException] = []
        self._target, self._folder, self._is_whole = target, folder, is_whole
        self._refresh_token = ""
        self._stop, self._closed = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._answering = threading.Thread(
            target=self._lane, args=(self._answer_asks, 0.3, self._closed), name="load answers"
        )
        self._numbers = iter(range(1, 10_000_000))

    def prepare(self) -> None:
        """Workflows, a model, a secret, a connection and a source of webhooks."""
        self._doubler("1.0.0")
        http = self.tenant.http
        puts = {
            "/v1/secrets/key": {"value": "a secret of the tenant"},
            "/v1/connections/crm": {
                "base_url": f"http://{self._target.host}",
                "quota": {"requests": 100_000, "per_seconds": 60},
                "breaker": {"failures": 1_000, "reset_seconds": 1},
            },
            "/v1/hooks/sources/github": {"scheme": "github", "secret": _HOOK_SECRET},
        }
        for path, body in puts.items():
            answer = http.put(path, json=body)
            assert answer.status_code in (200, 201), answer.text
        for flow in self.flows.values():
            answer = self.tenant.put_workflow(flow.source)
            assert answer.status_code in (200, 201), (flow.name, answer.text)

    def begin(self) -> None:
        """Starts the lanes."""
        lanes: list[tuple[Callable[[Careful], None], float]] = [(self._start_run, 0.1)]
        if self._is_whole:
            lanes += [
                (self._start_run, 0.05), (self._post_event, 0.1), (self._deliver_hook, 0.3),
                (self._change_something, 0.2), (self._refresh, 0.5), (self._deploy, 2.0),
                (self._infer, 0.5),
            ]  # fmt: skip
        for number, (once, pause) in enumerate(lanes):
            thread = threading.Thread(target=self._lane, args=(once, pause, self._stop), name=f"load {number}")
            self._threads.append(thread)
            thread.start()
        self._answering.start()

    def stop(self) -> None:
        """Lets the lanes end, without waiting for them. Questions of runs are answered until `close`."""
        self._stop.set()

    def end(self) -> None:
        """Stops the lanes; raises what one of them raised."""
        self.stop()
        for thread in self._threads:
            thread.join(SECONDS + 10)
        self._raise()

    def close(self) -> None:
        """Answers nobody any more; raises what went wrong."""
        self._closed.set()
        if self._answering.ident is not None:
            self._answering.join(SECONDS + 10)
        self._raise()

    def _raise(self) -> None:
        if self.faults:
            raise self.faults[0]

    def _lane(self, once: Callable[[Careful], None], pause: float, stop: threading.Event) -> None:
        client = Careful(self.tenant, self.ledger, stop)
        try:
            while not stop.is_set():
                once(client)
                stop.wait(pause)
        except BaseException as fault:
            self.faults.append(fault)
        finally:
            client.close()

    # ---------------------------------------------------------------- what lanes do

    def _start_run(self, client: Careful) -> None:
        number = next(self._numbers)
        flow: Flow = self.flows[_STARTED[number % len(_STARTED)]]
        body = {"n": number, "run": uuid.uuid4().hex}
        answer = client(
            "POST", f"/v1/workflows/test/{flow.name}/runs", json=body, headers={"idempotency-key": body["run"]}
        )
        if answer is not None:
            assert answer.status_code == 201, answer.text
            self.ledger.runs.append(Accepted(answer.json()["id"], flow.name, number))

    def _post_event(self, client: Careful) -> None:
        number = next(self._numbers)
        kind = "chaos.start" if number % 4 == 0 else "chaos.event"
        body = event(kind, {"n": number}, event_id=f"chaos-{number}")
        if client("POST", "/v1/events", json=body) is not None:
            self.ledger.events.add(body["id"])

    def _deliver_hook(self, client: Careful) -> None:
        body = json.dumps({"n": next(self._numbers)}).encode()
        delivery = uuid.uuid4().hex
        headers = {
            "content-type": "application/json", "x-github-event": "push", "x-github-delivery": delivery,
            "x-hub-signature-256": "sha256=" + hmac.new(_HOOK_SECRET.encode(), body, hashlib.sha256).hexdigest(),
        }  # fmt: skip
        if client("POST", f"/v1/hooks/{self.tenant.name}/github", content=body, headers=headers) is not None:
            self.ledger.events.add(delivery)

    def _answer_asks(self, client: Careful) -> None:
        page = client("GET", "/v1/tasks", params={"status": "open", "limit": 20})
        for task in page.json()["items"] if page is not None else ():
            answer = client("POST", f"/v1/tasks/{task['id']}/answer", json={"decision": "approve"})
            if answer is not None:
                # 409: the first try got through and its answer did not come back.
                assert answer.status_code in (200, 409), answer.text
                self.ledger.answered.add(task["id"])

    def _change_something(self, client: Careful) -> None:
        """A new version of a workflow, a cancelled run, a new tenant, in turn."""
        number = next(self._numbers)
        match number % 3:
            case 0:
                source = workflow("versioned", "- one:\n    set:\n      n: 1", version=f"1.{number}.0")
                if client("PUT", "/v1/workflows", content=source, headers={"content-type": "application/yaml"}):
                    self.ledger.versions.append(f"1.{number}.0")
            case 1:
                self._cancel_one(client)
            case 2:
                name = f"c-{uuid.uuid4().hex[:12]}"
                account = {"email": f"owner@{name}.example", "password": PASSWORD, "tenant": name}
                answer = client("POST", "/v1/auth/register", json=account)
                if answer is not None and answer.status_code in (201, 409):
                    self.ledger.registered.append((account["email"], name))

    def _cancel_one(self, client: Careful) -> None:
        key = uuid.uuid4().hex
        answer = client("POST", "/v1/workflows/test/nap/runs", json={"n": 0}, headers={"idempotency-key": key})
        if answer is not None and client("POST", f"/v1/runs/{answer.json()['id']}/cancel") is not None:
            self.ledger.cancelled.append(answer.json()["id"])

    def _refresh(self, client: Careful) -> None:
        """In a session of its own: one whose answer is lost for ten seconds is ended, as a stolen token's is."""
        self._refresh_token = self._refresh_token or client.sign_in()
        answer = client("POST", "/v1/auth/refresh", json={"refresh_token": self._refresh_token})
        if answer is not None:
            assert answer.status_code in (200, 401), answer.text
            self._refresh_token = answer.json().get("refresh_token", "")

    def _infer(self, client: Careful) -> None:
        body = {"inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [21.0]}]}
        answer = client("POST", "/v2/models/doubler/infer", json=body)
        if answer is not None:
            assert answer.status_code == 200, answer.text
            assert answer.json()["outputs"][0]["data"] == [42.0], answer.text

    def _deploy(self, client: Careful) -> None:
        self._doubler(f"1.{next(self._numbers)}.0", client)

    def _doubler(self, version: str, client: Careful | None = None) -> None:
        folder = write_model_folder(self._folder / version, "doubler", version)
        archive = pack_folder(folder, None)
        own = client or Careful(self.tenant, self.ledger, self._stop)
        try:
            answer = own("POST", "/v1/models", content=archive, headers={"content-type": "application/zip"}, timeout=30)
        finally:
            if client is None:
                own.close()
        if answer is not None:
            assert answer.status_code in (200, 201), answer.text
            self.ledger.models.append(version)
