"""The walls around unit tests stand."""

from __future__ import annotations

import asyncio
import socket

import pytest


def test_no_way_out() -> None:
    with socket.socket() as out, pytest.raises(AssertionError, match="sockets"):
        out.connect(("127.0.0.1", 9))
    with socket.socket() as door, pytest.raises(AssertionError, match="sockets"):
        door.bind(("127.0.0.1", 0))


async def test_no_way_out_of_the_loop() -> None:
    with pytest.raises(AssertionError, match="sockets"):
        await asyncio.open_connection("127.0.0.1", 9)
