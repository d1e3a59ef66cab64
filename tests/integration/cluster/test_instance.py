"""What must hold before an instance starts, each told in words that help."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cluster import instance
from cluster.runtime import INSTANCE_MARK, load, prepare
from cluster.settings import read_settings


def test_a_second_instance_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    wanted = f"process {os.getpid()}.*--data"
    with (
        instance.locked(tmp_path),
        pytest.raises(instance.CannotStart, match=wanted),
        instance.locked(tmp_path),
    ):
        pytest.fail("two instances share a folder")
    with instance.locked(tmp_path):
        pass


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = read_settings({}, {"data": tmp_path, "port": port})
        with pytest.raises(instance.CannotStart, match=f"Port {port}.*TIDEWIRE_PORT"):
            instance.check_port(settings)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    instance.check_space(tmp_path, needed=1)
    with pytest.raises(instance.CannotStart, match="MB left"):
        instance.check_space(tmp_path, needed=1 << 60)


def test_what_a_crash_left_behind_is_ended(tmp_path: Path) -> None:
    left = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], env={**os.environ, INSTANCE_MARK: "some-instance"}
    )
    try:
        assert instance.end_leftovers("another-instance") == 0
        assert psutil.pid_exists(left.pid)
        assert instance.end_leftovers("some-instance") == 1
        assert not psutil.pid_exists(left.pid)
    finally:
        left.kill()


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    settings = read_settings({}, {"data": tmp_path})
    first, second = prepare(settings), prepare(settings)
    assert first.secrets == second.secrets
    assert load(tmp_path) == second
    for name in ("secrets.json", "runtime.json"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert first.secrets.app_password not in repr(first)
    instance.tidy_sockets(first)
    assert not first.sockets.exists()


async def test_a_disk_that_gets_full_is_told_once(tmp_path: Path) -> None:
    free = iter([900_000_000, 100_000_000, 90_000_000, 900_000_000])
    told: list[str] = []

    async def no_sleep(_: float) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="StopIteration"):
        await instance.watch_disk(tmp_path, told.append, free_bytes=lambda _: next(free), sleep=no_sleep)
    assert [line.split()[0] for line in told] == ["ERROR", "INFO"]
    assert "100 MB left" in told[0]


def test_sockets_fit_into_their_107_bytes(tmp_path: Path) -> None:
    runtime = prepare(read_settings({}, {"data": tmp_path / ("deep/" * 30)}))
    deepest = runtime.sockets / "d" / ("0" * 56) / "a.sock.4194304.tmp"
    assert len(str(deepest)) + len("1000") - len(str(os.getuid())) <= 107
    runtime.sockets.rmdir()
