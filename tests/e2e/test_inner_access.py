"""What runs inside an instance is closed to other programs of the machine."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Mapping

import pytest

from cluster.runtime import load
from tests.servers.system import System

# Ray's own client, in a process of its own: it reads its settings once.
ASK = """
import sys
from ray._raylet import GcsClient
print(GcsClient(address=sys.argv[1]).internal_kv_keys(b"", b"session"))
"""


def ask_ray(system: System, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    bare = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    address = f"127.0.0.1:{load(system.data).ports.ray}"
    return subprocess.run(
        [sys.executable, "-c", ASK, address], env={**bare, **settings}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "settings", [{}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}], ids=["none", "wrong"]
)
def test_ray_refuses_calls_without_its_token(system: System, settings: dict[str, str]) -> None:
    refused = ask_ray(system, settings)
    assert refused.returncode != 0
    assert "AuthenticationError" in refused.stderr


def test_ray_answers_calls_with_its_token(system: System) -> None:
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(system.data / "ray-token")}
    assert "session_name" in ask_ray(system, token).stdout


def test_secrets_and_sockets_are_closed_to_other_users(system: System) -> None:
    runtime = load(system.data)
    names = ("secrets.json", "runtime.json", "ray-token", "logs", "objects", "postgres")
    for private in (*(system.data / name for name in names), runtime.ray_folder.parent):
        assert stat.S_IMODE(private.stat().st_mode) & 0o077 == 0, private
