"""Reads through the whole gateway beside FastAPI on uvicorn behind the same HAProxy, and without any proxy.

`python -m tests.bench.gateway [ROUNDS [SECONDS]]`. Ours are authenticated, limited and checked for permission: one
that the cache answers, and one with an indexed read of PostgreSQL. Theirs do nothing but answer.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg

from cluster.front_door import haproxy_program
from cluster.runtime import Runtime, load
from tests.bench.load import burst
from tests.bench.rounds import Row, Side, SideFailed, compare
from tests.bench.served import served
from tests.e2e.client import Tenant, sign_up, workflow
from tests.servers.system import System, free_port, running_system

_CONNECTIONS = 50
_STEPS = "- one:\n    set:\n      n: 1\n"


@contextmanager
def _peers(runtime: Runtime, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Addresses of hello on uvicorn, of hello behind HAProxy, and of a read of PostgreSQL behind HAProxy."""
    with ExitStack() as stack:
        alone = f"http://127.0.0.1:{free_port()}/healthz"
        app = [sys.executable, "-m", "tests.bench.bare_app"]
        stack.enter_context(served([*app, alone.split(":")[2].split("/", maxsplit=1)[0]], alone))
        socket, port = folder / "app.sock", free_port()
        server = subprocess.Popen([*app, str(socket), runtime.dsn("postgres", "bench_rows")])
        stack.callback(server.wait)
        stack.callback(server.kill)
        configuration = folder / "haproxy.cfg"
        configuration.write_text(_configuration(runtime, port, socket))
        base = f"http://127.0.0.1:{port}"
        stack.enter_context(
            served([str(haproxy_program()), "-db", "-f", str(configuration)], f"{base}/healthz")
        )
        yield alone, f"{base}/healthz", f"{base}/rows/1"


def _configuration(runtime: Runtime, port: int, socket: Path) -> str:
    """The front door's own configuration, with another address and another server."""
    own = next(runtime.sockets.glob("**/haproxy.cfg")).read_text()
    own = re.sub(r"(?m)^    (stats socket|server-state|load-server-state).*\n", "", own)
    own = re.sub(r"(?m)^( *bind 127\.0\.0\.1:)\d+", lambda found: f"{found[1]}{free_port()}", own)
    own = re.sub(r"(frontend http_frontend\n    bind ).*", rf"\g<1>127.0.0.1:{port}", own)
    own = re.sub(r"(?m)^    server SERVE_PROXY_ACTOR.*\n", "", own).replace("GET /-/healthz", "GET /healthz")
    return re.sub(r"(?m)^    server SERVE_REPLICA\S* \S+ .*", f"    server app unix@{socket}", own)


async def _rows(runtime: Runtime) -> None:
    connection = await asyncpg.connect(runtime.dsn("postgres", "postgres"))
    try:
        await connection.execute("CREATE DATABASE bench_rows")
    finally:
        await connection.close()
    connection = await asyncpg.connect(runtime.dsn("postgres", "bench_rows"))
    try:
        await connection.execute("CREATE TABLE rows (id bigint PRIMARY KEY, value json, at timestamptz DEFAULT now())")
        await connection.execute(
            "INSERT INTO rows SELECT n, json_build_object('input', n, 'output', n) FROM generate_series(1, 1000) AS n"
        )
    finally:
        await connection.close()


def rows(system: System, rounds: int, seconds: int) -> Iterator[Row]:
    """Rates and tails, ours first."""
    runtime = load(system.data)
    asyncio.run(_rows(runtime))
    tenant = sign_up(system.url)
    cached, read = _targets(system, tenant)
    headers = {"authorization": tenant.http.headers["authorization"]}
    with tempfile.TemporaryDirectory() as folder, _peers(runtime, Path(folder)) as (alone, hello, row):
        for title, ours, theirs, name in (
            ("a read that the cache answers", cached, hello, "hello behind HAProxy"),
            ("the same", cached, alone, "hello without a proxy"),
            ("a read of PostgreSQL by key", read, row, "asyncpg behind HAProxy"),
        ):
            yield from _beside(title, ours, headers, theirs, name, rounds, seconds)


def _beside(
    title: str, ours: str, headers: dict[str, str], theirs: str, name: str, rounds: int, seconds: int
) -> Iterator[Row]:
    tails: dict[str, list[float]] = {ours: [], theirs: []}

    def measure(url: str, sent: dict[str, str]) -> float:
        found = burst(url, connections=_CONNECTIONS, seconds=seconds, headers=sent)
        tails[url].append(found.p99)
        return found.per_second

    rate = compare(
        title, "requests/s", Side("Tidewire", lambda: measure(ours, headers)),
        Side(name, lambda: measure(theirs, {})), rounds,
    )  # fmt: skip
    yield rate
    yield Row(f"{title}, p99", "ms", tuple(tails[ours][1:]), tuple(tails[theirs][1:]), rate.names, False)


def _targets(system: System, tenant: Tenant) -> tuple[str, str]:
    if tenant.put_workflow(workflow("one", _STEPS)).status_code != 201:
        raise SideFailed("the workflow was refused")
    run = tenant.start("test/one", wait=30)
    if run.status_code != 200:
        raise SideFailed(run.text)
    return f"{system.url}/v1/workflows/test/one", f"{system.url}/v1/runs/{run.json()['id']}"


def main() -> None:
    """Prints the rows."""
    rounds, seconds = (int(word) for word in [*sys.argv[1:], *("3", "5")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as folder, running_system(Path(folder) / "data") as system:
        for row in rows(system, rounds, seconds):
            sys.stdout.write(" | ".join(row.cells()) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
