"""What an operator can set. The only reader of the environment; every fault is told at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from models.domain.egress import EgressPolicy
from models.domain.errors import Fault, InvalidInput

T = TypeVar("T")
PREFIX = "TIDEWIRE_"
LEVELS = ("debug", "info", "warning", "error")


class InvalidSettings(InvalidInput):
    """The settings are not valid."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is one setting: `TIDEWIRE_<NAME>` in the environment. Addresses left empty mean the embedded part."""

    port: int = 8080
    host: str = "127.0.0.1"
    data: Path = field(default_factory=lambda: Path(".tidewire").absolute())
    log_level: str = "info"
    egress_allow: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    # The address that links in mails lead to, when it is not this machine's own.
    public_url: str | None = None
    # The host name that passkeys are made for; without it that of the public address.
    rp_id: str | None = None
    # Domains that the operator vouches for: `example.com=tenant`.
    sso_domains: tuple[str, ...] = ()
    secure: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str = "Tidewire <tidewire@localhost>"
    verify_email: str | None = None
    # 0: keys that sign tokens are changed by `tidewire keys rotate` only.
    key_rotation_days: int = 90
    demo: bool = False
    demo_speed: float = 600.0
    shard_actors: int = 2
    session_hosts: int = 1
    api_replicas: int = 1
    stream_runner: str = "faust"
    database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    kafka: str | None = None
    search: str = "postgresql"
    objects: str | None = None
    # For tests: a folder in the data folder, see cluster/crash/armed.py.
    crash_points: str | None = None

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        scheme = "https" if self.tls else "http"
        host = f"[{self.local_host}]" if ":" in self.local_host else self.local_host
        return f"{scheme}://{host}:{self.port}"

    @property
    def relying_party(self) -> str:
        """The host name that passkeys are made for: browsers take names only, so without one it is localhost."""
        if self.rp_id is not None:
            return self.rp_id
        host = urlsplit(self.public_url or "").hostname or ""
        return host if host.strip("0123456789.") and ":" not in host else "localhost"

    @property
    def passkey_origins(self) -> tuple[str, ...]:
        """Our pages that lie under that name."""
        local = f"{'https' if self.tls else 'http'}://localhost:{self.port}"
        named = (self.public_url, *self.origins, local)
        pages = [f"{found.scheme}://{found.netloc}" for found in map(urlsplit, filter(None, named))]
        party = self.relying_party
        under = [one for one in pages if f".{urlsplit(one).hostname}".endswith(f".{party}")]
        return tuple(dict.fromkeys(under))

    @property
    def tls(self) -> bool:
        """Whether TLS ends here, at the front door."""
        return self.tls_cert is not None

    @property
    def behind_tls(self) -> bool:
        """Whether browsers come by TLS, wherever it ends."""
        return self.secure or self.tls

    @property
    def verification(self) -> str:
        """What an address must be verified for: `off`, `before_invite` or `before_use`."""
        return self.verify_email or ("before_use" if self.smtp_url else "off")

    @property
    def local_host(self) -> str:
        """An address of this machine at which it answers."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104


def from_environment(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Settings of this process: the environment, then what the command line says; InvalidSettings lists all faults."""
    return read_settings(os.environ, overrides or {})


def base_environment() -> dict[str, str]:
    """What child processes inherit: everything that is not ours to hand on in another form."""
    return {key: value for key, value in os.environ.items() if not key.startswith((PREFIX, "RAY_"))}


def read_settings(environment: Mapping[str, str], overrides: Mapping[str, Any]) -> Settings:
    """Pure form of from_environment; overrides that are None count as not given."""
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    known = {f"{PREFIX}{item.name.upper()}": item.name for item in fields(Settings)}
    for key, text in environment.items():
        if not key.startswith(PREFIX):
            continue
        name = known.get(key)
        if name is None:
            faults.append(Fault(key, "there is no such setting"))
        else:
            _take(values, name, key, text, faults)
    for name, value in overrides.items():
        if value is not None:
            option = f"--{name.replace('_', '-')}"
            _take(values, name, option, str(value), faults)
    faults += _contradictions(values)
    if faults:
        raise InvalidSettings("The settings are not valid.", faults)
    return Settings(**values)


def _contradictions(values: Mapping[str, Any]) -> list[Fault]:
    faults = []
    if (values.get("tls_cert") is None) != (values.get("tls_key") is None):
        faults.append(Fault(f"{PREFIX}TLS_CERT", f"TLS needs both {PREFIX}TLS_CERT and {PREFIX}TLS_KEY"))
    if values.get("verify_email") in ("before_invite", "before_use") and values.get("smtp_url") is None:
        faults.append(Fault(f"{PREFIX}VERIFY_EMAIL", f"mails are sent only when {PREFIX}SMTP_URL is set"))
    return faults


def _take(values: dict[str, Any], name: str, shown: str, text: str, faults: list[Fault]) -> None:
    try:
        values[name] = _READERS[name](text.strip())
    except ValueError as error:
        values.pop(name, None)
        faults.append(Fault(shown, str(error)))


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return read


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text) if text.replace(".", "", 1).isdigit() else float("nan")
        if not low <= value <= high:
            raise ValueError(f"expected a number from {low:g} to {high:g}, not {text!r}")
        return value

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}, not {text!r}")
        return text.lower()

    return read


def _flag(text: str) -> bool:
    if text.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ValueError(f"expected true or false, not {text!r}")
    return text.lower() in ("1", "true", "yes", "on")


def _folder(text: str) -> Path:
    if not text:
        raise ValueError("expected a folder")
    return Path(text).expanduser().absolute()


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if urlsplit(text).scheme not in schemes:
            # The text is not repeated: it can hold a password.
            raise ValueError(f"expected an address that begins with {' or '.join(f'{s}://' for s in schemes)}")
        return text

    return read


def _file(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not text or not path.is_file():
        raise ValueError(f"there is no file {text!r}")
    return path


def _host_name(text: str) -> str:
    if not re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", text) or text.strip("0123456789.") == "":
        raise ValueError(f"expected the name of a host such as example.com, not {text!r}")
    return text


def _smtp(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        # The text is not repeated: it can hold a password.
        raise ValueError("expected smtp[s]://[user:password@]host[:port]")
    return text


def _sender(text: str) -> str:
    if not re.fullmatch(r"(?:[^<>\r\n]+ )?<?[^@\s<>]+@[^@\s<>]+>?", text):
        raise ValueError(f"expected an address such as Tidewire <no-reply@example.com>, not {text!r}")
    return text


def _servers(text: str) -> str:
    for server in text.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"expected host:port,..., not {text!r}")
    return text


def _egress(text: str) -> tuple[str, ...]:
    entries = tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        EgressPolicy(entries)
    except InvalidInput as error:
        raise ValueError(error.detail) from None
    return entries


def _vouched(text: str) -> tuple[str, ...]:
    entries = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for entry in entries:
        domain, _, tenant = entry.partition("=")
        if not tenant or "." not in domain:
            raise ValueError(f"expected example.com=tenant,..., not {entry!r}")
    return entries


def _origins(text: str) -> tuple[str, ...]:
    entries = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    for entry in entries:
        if urlsplit(entry).scheme not in ("http", "https") or not urlsplit(entry).netloc:
            raise ValueError(f"expected https://host,..., not {entry!r}")
    return entries


def _text(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


_READERS: dict[str, Callable[[str], Any]] = {
    "port": _whole(1, 65535),
    "host": _text,
    "data": _folder,
    "log_level": _one_of(*LEVELS),
    "egress_allow": _egress,
    "origins": _origins,
    "public_url": _url("http", "https"),
    "rp_id": _host_name,
    "sso_domains": _vouched,
    "secure": _flag,
    "tls_cert": _file,
    "tls_key": _file,
    "smtp_url": _smtp,
    "mail_from": _sender,
    "verify_email": _one_of("off", "before_invite", "before_use"),
    "key_rotation_days": _whole(0, 3650),
    "demo": _flag,
    "demo_speed": _number(0.1, 100_000),
    "shard_actors": _whole(1, 64),
    "session_hosts": _whole(1, 64),
    "api_replicas": _whole(1, 64),
    "stream_runner": _one_of("faust", "plain"),
    "database_url": _url("postgresql", "postgres"),
    "redis_url": _url("redis", "rediss", "unix"),
    "kafka": _servers,
    "search": _one_of("postgresql"),
    "objects": _text,
    "crash_points": _text,
}
