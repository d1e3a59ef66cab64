"""A child that dies is told at once, and nothing of its group stays behind."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from cluster.child import Child

# It has a child of its own, which holds its output, and dies without a farewell.
DIES = "sleep 1000 & echo $!; read -t 0.2 _; kill -9 $$"


async def test_the_end_is_told_though_a_grandchild_holds_the_output(tmp_path: Path) -> None:
    lines: list[str] = []
    child = await Child.start(
        "dying", ["bash", "-c", DIES], dict(os.environ), tmp_path / "log", lambda _, text: lines.append(text)
    )
    async with asyncio.timeout(10):
        assert await child.wait() == -signal.SIGKILL
    async with asyncio.timeout(10):
        while _runs(int(lines[0])):  # noqa: ASYNC110 (nobody tells the end of a process that is not ours)
            await asyncio.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
