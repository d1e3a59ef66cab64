"""The parts of an embedded instance, in the order that their needs give."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from cluster import front_door
from cluster.child import Child, Line
from cluster.crash.watch import watch_of
from cluster.embedded import kafka, postgres, valkey
from cluster.processes.running import ready_file
from cluster.runtime import INSTANCE_MARK, Runtime
from cluster.settings import base_environment
from cluster.supervisor import Part
from storage.migrate import migrate

DATABASE = "tidewire"


def parts(runtime: Runtime, line: Line) -> list[Part]:
    """What `tidewire up` runs: servers that no setting replaces, then our own processes."""
    settings = runtime.settings
    found = []
    if settings.database_url is None:
        found.append(_postgres(runtime, line))
    if settings.redis_url is None:
        found.append(_valkey(runtime, line))
    if settings.kafka is None:
        found.append(_kafka(runtime, line))
    servers = tuple(part.name for part in found)
    database = tuple(name for name in servers if name == "postgres")
    found += [
        _own(runtime, line, "ray", database, partial(_ray_ready, runtime), 25.0, 240.0),
        _own(runtime, line, "relay", servers, _marked(runtime, "relay")),
        _own(runtime, line, "streams", servers, _marked(runtime, "streams")),
    ]
    if settings.demo:
        demo = _own(runtime, line, "demo", ("ray",), _marked(runtime, "demo"), ready_seconds=240.0)
        found.append(replace(demo, essential=False))
    return found


async def prepare_database(runtime: Runtime) -> None:
    """Brings the schema to this version."""
    owner = runtime.dsn("postgres")
    if runtime.settings.database_url is None:
        await postgres.ensure_database(runtime.dsn("postgres", "postgres"), DATABASE)
    watch = watch_of(runtime)
    watch.reached("supervisor.database.made")
    await migrate(
        owner, {"tidewire_app": runtime.secrets.app_password, "tidewire_engine": runtime.secrets.engine_password}
    )
    watch.reached("supervisor.database.migrated")


def child_environment(runtime: Runtime) -> dict[str, str]:
    """What every process of the instance inherits: the mark by which leftovers are found."""
    return {**base_environment(), INSTANCE_MARK: runtime.instance, "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}


def ray_environment(runtime: Runtime) -> dict[str, str]:
    """Settings that Ray and Serve read from the environment, in all of their processes."""
    folder = runtime.sockets / "d"
    # HAProxy's control socket would take orders from every user of the machine.
    folder.mkdir(mode=0o700, exist_ok=True)
    token = runtime.data / "ray-token"
    token.write_text(runtime.secrets.ray_token)
    token.chmod(0o600)
    return {
        **front_door.environment(runtime.ports, front_door.write_script(runtime), folder),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Workers would yield to everything else on the machine, and they are the API and the shards.
        "RAY_worker_niceness": "0",
        "RAY_enable_metrics_collection": "0",
        # Nobody reads Ray's list of tasks, and with it the GCS grows by 100 MB in an hour.
        "RAY_task_events_report_interval_ms": "0",
        # Loopback only: nothing of Ray listens to the network.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_DEDUP_LOGS": "0",
    }


def _child(
    runtime: Runtime, line: Line, name: str, command: Callable[[], Sequence[str]],
    more: Mapping[str, str] | None = None, death_signal: signal.Signals = signal.SIGTERM,
) -> Callable[[], Awaitable[Child]]:  # fmt: skip
    async def start() -> Child:
        environment = {**child_environment(runtime), **(more or {})}
        return await Child.start(name, command(), environment, runtime.logs / f"{name}.log", line, death_signal)

    return start


def _postgres(runtime: Runtime, line: Line) -> Part:
    server = postgres.EmbeddedPostgres(
        runtime.data / "postgres", runtime.sockets / "pg", runtime.secrets.owner_password
    )
    dsn = runtime.dsn("postgres", "postgres")

    async def initialise() -> None:
        server.initialise()

    return Part(
        "postgres",
        _child(runtime, line, "postgres", server.command, postgres.environment({}), signal.SIGINT),
        lambda: postgres.answers(dsn),
        prepare=initialise,
        settle=lambda: prepare_database(runtime),
        stop_signal=signal.SIGINT,
        stop_seconds=15.0,
    )


def _valkey(runtime: Runtime, line: Line) -> Part:
    return Part(
        "valkey",
        _child(runtime, line, "valkey", lambda: valkey.command(runtime.sockets / "valkey.sock")),
        lambda: valkey.answers(runtime.sockets / "valkey.sock"),
    )


def _kafka(runtime: Runtime, line: Line) -> Part:
    return Part(
        "kafka",
        _child(runtime, line, "kafka", lambda: kafka.command(runtime.ports.kafka)),
        lambda: kafka.answers(runtime.kafka),
        stop_seconds=3.0,
    )


def _own(
    runtime: Runtime, line: Line, name: str, after: tuple[str, ...], ready: Callable[[], Awaitable[bool]],
    stop_seconds: float = 10.0, ready_seconds: float = 90.0,
) -> Part:  # fmt: skip
    command = [sys.executable, "-m", "cluster", "process", name, "--data", str(runtime.data)]
    more = ray_environment(runtime) if name == "ray" else None

    async def forget_readiness() -> None:
        ready_file(runtime, name).unlink(missing_ok=True)

    start = _child(runtime, line, name, lambda: command, more)
    return Part(
        name, start, ready, after, prepare=forget_readiness, stop_seconds=stop_seconds, ready_seconds=ready_seconds
    )


def _marked(runtime: Runtime, name: str) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        return ready_file(runtime, name).exists()

    return ready


async def _ray_ready(runtime: Runtime) -> bool:
    # Both: the front door of a Ray that is just going away may still answer.
    if not ready_file(runtime, "ray").exists():
        return False
    settings = runtime.settings
    answer = await front_door.ask(settings.local_host, settings.port, "/readyz", tls=settings.tls)
    return answer is front_door.Answer.OK
