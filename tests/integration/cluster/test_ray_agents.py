"""What stands in for Ray's agents: it says what they say in their minimal form, and goes with the raylet."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from ray import _raylet
from ray._private import ray_constants, services

from cluster.ray_agents import light_agents

NODE = "ab" * 28
DASHBOARD = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port")
# A parent that starts the command, tells its pid and waits.
PARENT = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); sys.stdin.read()"


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("component", "ports"),
    [
        (ray_constants.PROCESS_TYPE_DASHBOARD_AGENT, dict.fromkeys(DASHBOARD, -1)),
        (ray_constants.PROCESS_TYPE_RUNTIME_ENV_AGENT, {"runtime_env_agent_port": 1}),
    ],
)
def test_says_its_ports_and_ends_with_its_parent(tmp_path: Path, component: str, ports: dict[str, int]) -> None:
    session, expected = tmp_path / "session", tmp_path / "expected"
    for folder in (session, expected):
        folder.mkdir()
    with light_agents(tmp_path):
        command = services._build_python_executable_command_memory_profileable(component, str(session))
    command = [*command, "agent.py", f"--node-id={NODE}", "--minimal", f"--session-dir={session}", "--head"]
    # Compiled, without types.
    writer: Any = vars(_raylet)["persist_port"]
    for name, port in ports.items():
        writer(str(expected), NODE, name, port)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        try:
            assert parent.stdout is not None
            agent = psutil.Process(int(parent.stdout.readline()))
            until(lambda: len(list(session.glob(f"*_port_{NODE}"))) == len(ports))
            said = {file.name: file.read_bytes() for file in session.iterdir()}
            assert said == {file.name: file.read_bytes() for file in expected.iterdir()}
            assert agent.is_running()
        finally:
            parent.send_signal(signal.SIGKILL)
        until(lambda: not agent.is_running() or agent.status() == psutil.STATUS_ZOMBIE)


def test_everything_else_is_started_as_ray_does_it(tmp_path: Path) -> None:
    def command() -> list[str]:
        return list(services._build_python_executable_command_memory_profileable("dashboard", str(tmp_path)))

    before = command()
    with light_agents(tmp_path):
        assert command() == before
    component = ray_constants.PROCESS_TYPE_DASHBOARD_AGENT
    assert services._build_python_executable_command_memory_profileable(component, str(tmp_path))[0] == sys.executable
