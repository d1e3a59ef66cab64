"""Where everything of one instance is: folders, sockets, inner ports and secrets, handed to each process as a value."""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from cluster.settings import Settings
from models.domain.errors import TidewireError

INSTANCE_MARK = "TIDEWIRE_INSTANCE"
REPLICA_PORTS = 200
_PORTS = 256
_LONGEST_BASE = 8
_FIRST_PORT, _LAST_PORT = 20_000, 32_768


class DataFolderUnusable(TidewireError):
    """The data folder cannot be used."""


class NoFreePorts(TidewireError):
    """This machine has no ports left for the inner parts."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Inner ports, all on the loopback address, chosen free at each start. `replica_first` begins the row of ports
    that replicas of the API take."""

    push: int
    kafka: int
    ray: int
    proxy_metrics: int
    proxy_stats: int
    fallback_http: int
    fallback_grpc: int
    demo_desk: int
    replica_first: int


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made at the first start, kept in the data folder, readable for its owner only."""

    owner_password: str = field(repr=False)
    app_password: str = field(repr=False)
    engine_password: str = field(repr=False)
    token_keys: str = field(repr=False)
    sealing_keys: tuple[str, ...] = field(repr=False)
    ray_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Runtime:
    """One running instance. Picklable; made by `prepare`, read by child processes with `load`."""

    settings: Settings
    sockets: Path
    ports: Ports
    secrets: Secrets
    instance: str

    @property
    def data(self) -> Path:
        return self.settings.data

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def ray_folder(self) -> Path:
        """Ray opens its folder for all users of the machine; the one above it is closed to them."""
        return self.sockets / "r" / "t"

    def dsn(self, role: str, database: str = "tidewire") -> str:
        """Address of PostgreSQL for a login role: tidewire_app, tidewire_engine, or postgres (the owner)."""
        if self.settings.database_url is not None and role == "postgres":
            return self.settings.database_url
        password = {
            "tidewire_app": self.secrets.app_password,
            "tidewire_engine": self.secrets.engine_password,
            "postgres": self.secrets.owner_password,
        }[role]
        if self.settings.database_url is not None:
            scheme, _, rest = self.settings.database_url.partition("://")
            return f"{scheme}://{role}:{password}@{rest.rpartition('@')[2]}"
        return f"postgresql://{role}:{password}@/{database}?host={self.sockets / 'pg'}"

    @property
    def redis_url(self) -> str:
        return self.settings.redis_url or f"unix://{self.sockets / 'valkey.sock'}"

    @property
    def kafka(self) -> str:
        return self.settings.kafka or f"127.0.0.1:{self.ports.kafka}"

    @property
    def objects(self) -> str:
        return self.settings.objects or str(self.data / "objects")

    @property
    def egress_allow(self) -> tuple[str, ...]:
        """Private targets that outbound calls may reach: those of the settings, and the demo's incident desk."""
        desk = (f"127.0.0.1:{self.ports.demo_desk}",) if self.settings.demo else ()
        return (*self.settings.egress_allow, *desk)

    @property
    def sealing_keys(self) -> list[bytes]:
        return [bytes.fromhex(key) for key in self.secrets.sealing_keys]


def prepare(settings: Settings) -> Runtime:
    """Makes folders, secrets and free ports, and writes them down for the child processes."""
    data = settings.data
    try:
        for folder in (data, data / "logs", data / "objects"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataFolderUnusable(f"The data folder {data} cannot be made: {error.strerror}.") from None
    instance = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:10]
    runtime = Runtime(settings, _socket_folder(instance), _free_ports(), _secrets(data / "secrets.json"), instance)
    _write_private(data / "runtime.json", json.dumps(_plain(runtime)))
    return runtime


def load(data: Path) -> Runtime:
    """The runtime that `prepare` wrote down."""
    raw = json.loads((data / "runtime.json").read_text())
    kept = {**raw["secrets"], "sealing_keys": tuple(raw["secrets"]["sealing_keys"])}
    settings = Settings(**_read(raw["settings"]))
    return Runtime(settings, Path(raw["sockets"]), Ports(**raw["ports"]), Secrets(**kept), raw["instance"])


def _read(settings: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows neither tuples, which every list of the settings is, nor paths, which their types tell."""
    paths = {item.name for item in fields(Settings) if str(item.type).startswith("Path")}

    def read(name: str, value: Any) -> Any:
        if name in paths and value is not None:
            return Path(value)
        return tuple(value) if isinstance(value, list) else value

    return {name: read(name, value) for name, value in settings.items()}


def _plain(runtime: Runtime) -> dict[str, Any]:
    plain = asdict(runtime)
    plain["sockets"] = str(runtime.sockets)
    told = plain["settings"].items()
    plain["settings"] = {name: str(value) if isinstance(value, Path) else value for name, value in told}
    return plain


def _socket_folder(instance: str) -> Path:
    """A short path: unix sockets allow 107 bytes, and the front door's takes 80 below this while it is made."""
    usual = tempfile.gettempdir()
    base = usual if len(usual) <= _LONGEST_BASE or not os.access("/tmp", os.W_OK) else "/tmp"  # noqa: S108
    folder = Path(base, f"tw-{os.getuid()}-{instance}")
    folder.mkdir(mode=0o711, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise DataFolderUnusable(f"{folder} belongs to somebody else; remove it, then start again.")
    folder.chmod(0o711)
    return folder


def _secrets(file: Path) -> Secrets:
    if not file.exists():
        # 6 MB that every process of the instance would carry for the first start.
        from serve.auth.tokens import generate_keys  # noqa: PLC0415

        made = Secrets(
            owner_password=secrets.token_urlsafe(24),
            app_password=secrets.token_urlsafe(24),
            engine_password=secrets.token_urlsafe(24),
            token_keys=generate_keys(),
            sealing_keys=(secrets.token_hex(32),),
            ray_token=secrets.token_hex(32),
        )
        _write_private(file, json.dumps(asdict(made)))
    try:
        raw = json.loads(file.read_text())
        return Secrets(**{**raw, "sealing_keys": tuple(raw["sealing_keys"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataFolderUnusable(
            f"{file} cannot be read ({type(error).__name__}). It holds the keys of this instance: restore it."
        ) from None


def _write_private(file: Path, text: str) -> None:
    draft = file.with_suffix(".new")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(text)
            out.flush()
            os.fsync(handle)
        draft.replace(file)
    except OSError as error:
        raise DataFolderUnusable(f"{file} cannot be written: {error.strerror}.") from None


def _free_ports() -> Ports:
    """A block of ports that nobody listens on, the last ones for replicas. It lies below those that the system gives
    to outgoing calls, so that a part finds its port free again when it is restarted."""
    bases = range(_FIRST_PORT, _LAST_PORT - _PORTS, _PORTS)
    for base in random.SystemRandom().sample(bases, len(bases)):
        if all(_is_free(port) for port in range(base, base + _PORTS)):
            return Ports(*range(base, base + len(fields(Ports))))
    raise NoFreePorts(f"No {_PORTS} ports in a row are free between {_FIRST_PORT} and {_LAST_PORT} on this machine.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
