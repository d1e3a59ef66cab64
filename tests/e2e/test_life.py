"""An instance begins, ends and begins again: on its own folder, with nothing left behind and nothing lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from cluster.runtime import load
from tests.chaos.processes import of_instance
from tests.e2e.client import PASSWORD, sign_up
from tests.servers.system import START_SECONDS, System, start_system

GONE_SECONDS = 40


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def wait_gone(instance: str) -> None:
    """Until no process of the instance is left."""
    deadline = time.monotonic() + GONE_SECONDS
    while left := of_instance(instance):
        assert time.monotonic() < deadline, [" ".join(process.cmdline()) for process in left]
        time.sleep(0.1)


def wait_said(system: System, words: str, times: int = 1) -> None:
    """Until the log of all starts has the words so many times."""
    deadline = time.monotonic() + START_SECONDS
    while system.log.read_text().count(words) < times:
        assert time.monotonic() < deadline, system.tail()
        time.sleep(0.05)


def refused(*arguments: str) -> str:
    """What `tidewire up` says when it does not start."""
    done = subprocess.run(
        [sys.executable, "-m", "cluster", "up", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    return " ".join((done.stdout + done.stderr).split())


def test_an_instance_ends_cleanly_dies_hard_and_keeps_what_it_had(data: Path) -> None:
    system = start_system(data)
    try:
        system.wait_ready()
        tenant = sign_up(system.url)
        tenant.http.close()
        assert "Another Tidewire" in refused("--data", str(data), "--port", str(system.port + 1))
        taken = refused("--data", str(data.with_name("other")), "--port", str(system.port))
        assert f"Port {system.port}" in taken
        assert "TIDEWIRE_PORT" in taken
        instance = load(data).instance

        # The supervisor dies without a chance to stop anything.
        system.process.kill()
        system.process.wait()
        wait_gone(instance)
        # It answers before it has said so: the one that died may have had no time to.
        said = system.log.read_text().count("is ready after")

        system = start_system(data, system.port)
        system.wait_ready()
        sign_in_again(system, tenant.email)
        wait_said(system, "is ready after", times=said + 1)

        system.stop()
        assert system.process.returncode == 0
        assert of_instance(instance) == []
        assert not load(data).sockets.exists()
    finally:
        system.stop()


def sign_in_again(system: System, email: str) -> None:
    answer = httpx.post(f"{system.url}/v1/auth/login", json={"email": email, "password": PASSWORD}, timeout=30)
    assert answer.status_code == 200, answer.text


def test_an_interrupted_start_leaves_nothing_behind(data: Path) -> None:
    system = start_system(data)
    try:
        wait_said(system, "ray is starting")
        instance = load(data).instance
        system.process.send_signal(signal.SIGTERM)
        assert system.process.wait(60) != 0
        assert of_instance(instance) == []
    finally:
        system.stop()
