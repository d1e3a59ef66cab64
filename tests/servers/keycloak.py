"""A real Keycloak from Maven Central: an identity provider for OpenID Connect and SAML, with its data in memory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.servers.system import free_port

_VERSION = "26.7.3"
_ADMIN = "admin"
_JAVA = "-Xms64m -Xmx384m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@dataclass
class Keycloak:
    """A running server; `admin` calls its REST API."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, home: Path, seconds: float = 120.0) -> None:
        """Returns when it answers."""
        command = [
            str(home / "bin" / "kc.sh"), "start", "--optimized", "--http-enabled=true", "--hostname-strict=false",
            "--http-host=127.0.0.1", f"--http-port={self.port}",
        ]  # fmt: skip
        user = {"KC_BOOTSTRAP_ADMIN_USERNAME": _ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": _ADMIN, "JAVA_OPTS": _JAVA}
        with (self.folder / "log").open("wb") as log:
            # A group of its own: the script starts Java as a child.
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **user}, start_new_session=True
            )
        deadline = time.monotonic() + seconds
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/realms/master", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """Ends the script and its Java."""
        if self.process is None or self.process.poll() is not None:
            return
        for kind in (signal.SIGTERM, signal.SIGKILL):
            os.killpg(self.process.pid, kind)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                continue
            return

    def create_realm(self, realm: dict[str, Any]) -> None:
        """A realm with its clients, groups and users."""
        with self._admin() as admin:
            _posted(admin, "/admin/realms", realm)

    def extend_realm(self, name: str, more: dict[str, Any]) -> None:
        """Groups, clients and users for a realm that is there."""
        with self._admin() as admin:
            for kind in ("groups", "clients", "users"):
                for one in more[kind]:
                    _posted(admin, f"/admin/realms/{name}/{kind}", one)

    def _admin(self) -> httpx.Client:
        form = {"grant_type": "password", "client_id": "admin-cli", "username": _ADMIN, "password": _ADMIN}
        answer = httpx.post(f"{self.url}/realms/master/protocol/openid-connect/token", data=form, timeout=30)
        answer.raise_for_status()
        headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)


def _posted(admin: httpx.Client, path: str, body: dict[str, Any]) -> None:
    answer = admin.post(path, json=body)
    assert answer.status_code == 201, answer.text


def keycloak_home() -> Path:
    """The folder of the distribution, fetched by Maven the first time; FileNotFoundError without Java or Maven."""
    if shutil.which("java") is None:
        raise FileNotFoundError("Keycloak needs Java: install a JRE 17 or newer")
    cache = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "tidewire-tests"
    home = cache / f"keycloak-{_VERSION}"
    if home.exists():
        return home
    maven = shutil.which("mvn")
    if maven is None:
        raise FileNotFoundError("Keycloak needs Maven (mvn) once, to fetch it")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        artifact = f"org.keycloak:keycloak-quarkus-dist:{_VERSION}:zip"
        subprocess.run(
            [maven, "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"],
            check=True, capture_output=True,
        )  # fmt: skip
        archive = Path(folder) / f"keycloak-quarkus-dist-{_VERSION}.zip"
        with zipfile.ZipFile(archive) as files:
            files.extractall(folder)
        _build(Path(folder) / f"keycloak-{_VERSION}")
        (Path(folder) / f"keycloak-{_VERSION}").rename(home)
    return home


def _build(home: Path) -> None:
    """What would otherwise take half a minute at each start."""
    program = home / "bin" / "kc.sh"
    program.chmod(0o755)
    subprocess.run([str(program), "build", "--db=dev-mem", "--cache=local"], check=True, capture_output=True)


@contextmanager
def running_keycloak() -> Iterator[Keycloak]:
    """A new server for the length of the block."""
    home = keycloak_home()
    folder = Path(tempfile.mkdtemp(prefix="twkc-"))
    server = Keycloak(folder)
    try:
        server.start(home)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
