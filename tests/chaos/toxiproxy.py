"""Toxiproxy between our processes and their servers: links that are cut, slow, silent or torn.

It is a Go program; it is built once into a cache folder, on machines that have Go.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.servers.process import ServerProcess
from tests.servers.system import free_port

_PACKAGE = "github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0"
_BUILD_SECONDS = 600


class NoToxiproxy(Exception):
    """It cannot be built here; the reason."""


def program() -> Path:
    """The built program; NoToxiproxy when there is no Go."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "tidewire-tests" / "toxiproxy"
    built = cache / "server"
    if built.exists():
        return built
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise NoToxiproxy("Toxiproxy is built with Go, and there is no Go on this machine")
    cache.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [go, "install", _PACKAGE], env={**os.environ, "GOBIN": str(cache)}, capture_output=True, text=True,
        timeout=_BUILD_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NoToxiproxy(f"Toxiproxy cannot be built: {done.stderr.strip()[-300:]}")
    return built


@dataclass
class Link:
    """A way to one server; `listen` is where clients connect."""

    name: str
    listen: int
    api: httpx.Client

    def cut(self) -> None:
        """Connections break and new ones are refused."""
        self._switch(False)

    def heal(self) -> None:
        """As at the beginning."""
        for toxic in self.api.get(f"/proxies/{self.name}/toxics").json():
            self.api.delete(f"/proxies/{self.name}/toxics/{toxic['name']}").raise_for_status()
        self._switch(True)

    def poison(self, kind: str, attributes: Mapping[str, Any], stream: str = "downstream") -> None:
        """One of Toxiproxy's toxics: latency, bandwidth, timeout, reset_peer, slicer, limit_data."""
        body = {"type": kind, "stream": stream, "attributes": dict(attributes)}
        self.api.post(f"/proxies/{self.name}/toxics", json=body).raise_for_status()

    def _switch(self, on: bool) -> None:
        self.api.post(f"/proxies/{self.name}", json={"enabled": on}).raise_for_status()


@dataclass
class Toxiproxy(ServerProcess):
    """A running proxy."""

    process: subprocess.Popen[bytes] | None
    api: httpx.Client

    def link(self, name: str, upstream: int, listen: int) -> Link:
        """A new way to a server on this machine."""
        body = {"name": name, "listen": f"127.0.0.1:{listen}", "upstream": f"127.0.0.1:{upstream}", "enabled": True}
        self.api.post("/proxies", json=body).raise_for_status()
        return Link(name, listen, self.api)


@contextmanager
def running_toxiproxy() -> Iterator[Toxiproxy]:
    """A proxy without links for the length of the block; NoToxiproxy."""
    port = free_port()
    process = subprocess.Popen(
        [str(program()), "-host", "127.0.0.1", "-port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    # Browsers are refused by their User-Agent, and every other client is welcome.
    api = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)
    proxy = Toxiproxy(process, api)
    try:
        _wait(api)
        yield proxy
    finally:
        api.close()
        proxy.stop()


def _wait(api: httpx.Client) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            api.get("/version").raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
