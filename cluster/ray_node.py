"""Ray on this machine: the head's processes as children of ours, on the loopback address, with token auth.

Left out: the dashboard's API server, the autoscaler's monitor, the client server, the log monitor and the agents beside
the raylet. Nothing here uses them, and together they take 400 MB (ADR 0010).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray._private.node import Node
from ray._private.parameter import RayParams

from cluster.ray_agents import light_agents

NAMESPACE = "tidewire"
PUSH_ACTOR = "push-gateway"
_STOP_SECONDS = 8.0
_WORKER = str(Path(__file__).with_name("ray_worker.py"))


class _Head(Node):  # type: ignore[misc]
    def start_api_server(self, *, include_dashboard: bool | None, raise_on_failure: bool) -> None:
        """Nothing: there is no dashboard, and no job API."""
        self._webui_url = ""

    def start_raylet(self, *arguments: Any, **options: Any) -> None:
        """As Ray does it, with light agents."""
        with light_agents(Path(self._ray_params.temp_dir).parent):
            super().start_raylet(*arguments, **options)


class RayHead:
    """A running head that this process is connected to."""

    def __init__(self, folder: Path, port: int, cpus: int, object_store_bytes: int) -> None:
        parameters = RayParams(
            num_cpus=cpus, object_store_memory=object_store_bytes, include_dashboard=False, temp_dir=str(folder),
            no_monitor=True, include_log_monitor=False, node_ip_address="127.0.0.1", gcs_server_port=port,
            dashboard_agent_listen_port=0, worker_path=_WORKER,
        )  # fmt: skip
        # With the reaper, the kernel ends the children when this process dies.
        self._node: Any = _Head(parameters, head=True, shutdown_at_exit=False, spawn_reaper=True, connect_only=False)
        connect(self._node.address)

    def dead(self) -> list[str]:
        """Names of its processes that have ended."""
        return [str(kind) for kind, _ in self._node.dead_processes()]

    def stop(self) -> None:
        """Disconnects and ends the processes."""
        ray.shutdown()
        self._node.kill_all_processes(check_alive=False, allow_graceful=True)


def connect(address: str) -> None:
    """Makes this process a driver of the Ray at `host:port`."""
    ray.init(
        address=address, _node_ip_address="127.0.0.1", namespace=NAMESPACE, log_to_driver=False, configure_logging=False
    )


async def stop_actors(names: Sequence[str]) -> None:
    """Lets actors finish what they do and give back what they own."""

    async def stop(name: str) -> None:
        # One that is gone already, or is late, is ended with all of Ray.
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_STOP_SECONDS):
                await ray.get_actor(name, NAMESPACE).stop.remote()

    await asyncio.gather(*(stop(name) for name in names))
