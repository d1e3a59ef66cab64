"""One instance for a data folder: the lock, what must be true before a start, and what an earlier crash left behind."""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from cluster.runtime import INSTANCE_MARK, Runtime
from cluster.settings import Settings
from models.domain.errors import TidewireError

MIN_FREE_BYTES = 500_000_000
_LOW_BYTES = 200_000_000
_LOOK_SECONDS = 10.0


class CannotStart(TidewireError):
    """The instance cannot be started."""


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Holds the data folder for the length of the block; CannotStart when another instance has it."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(f"The data folder {data} cannot be used: {error.strerror}.") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 20, 0).decode(errors="replace").strip()
            raise CannotStart(
                f"Another Tidewire (process {holder or 'unknown'}) uses the data folder {data}. "
                "Stop it, or give this one a folder of its own with --data."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def check_port(settings: Settings) -> None:
    """CannotStart when the port is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotStart(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}). "
                "Choose another one with --port or TIDEWIRE_PORT."
            ) from None


def check_space(data: Path, needed: int = MIN_FREE_BYTES) -> None:
    """CannotStart when the disk is nearly full."""
    free = shutil.disk_usage(data).free
    if free < needed:
        raise CannotStart(
            f"The disk of {data} has {free // 1_000_000} MB left and Tidewire needs {needed // 1_000_000} MB. "
            "Free some space, or choose another disk with --data."
        )


async def watch_disk(
    data: Path, tell: Callable[[str], object], low: int = _LOW_BYTES,
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:  # fmt: skip
    """Tells once when the disk gets full while the instance runs, and once when there is space again."""
    was_low = False
    while True:
        free = free_bytes(data)
        if free < low and not was_low:
            tell(
                f"ERROR The disk of {data} has {free // 1_000_000} MB left. PostgreSQL stops taking changes when it is "
                "full, and goes on when there is space again; nothing that was accepted is lost. Free some space."
            )
        elif free >= low and was_low:
            tell(f"INFO The disk of {data} has space again.")
        was_low = free < low
        await sleep(_LOOK_SECONDS)


def raise_file_limit(most: int = 65_536) -> None:
    """Lets this process and its children open as many files and sockets as the system permits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def end_leftovers(instance: str, seconds: float = 3.0) -> int:
    """Ends every process that carries the mark of this instance but us; returns how many there were."""
    found = [process for process in psutil.process_iter() if _is_ours(process, instance)]
    for how in (signal.SIGINT, signal.SIGKILL):
        for process in found:
            try:
                process.send_signal(how)
            except psutil.Error:
                continue
        _, left = psutil.wait_procs(found, timeout=seconds)
        if not left:
            break
    return len(found)


def end_old_ray(instance: str) -> int:
    """Ends what is left of a Ray whose head has died: before the next one starts, so that there is never a second front
    door; returns how many processes there were."""
    found = [
        process for process in psutil.process_iter()
        if _is_ours(process, instance) and (process.name().startswith(_RAY_NAMES) or "ray::" in _title(process))
    ]  # fmt: skip
    for process in found:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(found, timeout=3)
    return len(found)


_RAY_NAMES = ("ray::", "raylet", "gcs_server", "haproxy")


def _title(process: psutil.Process) -> str:
    try:
        return (process.cmdline() or [""])[0]
    except psutil.Error:
        return ""


def _is_ours(process: psutil.Process, instance: str) -> bool:
    if process.pid in (os.getpid(), os.getppid()):
        return False
    try:
        # A server that writes its title over its environment is known by its socket.
        return process.environ().get(INSTANCE_MARK) == instance or (
            process.name() == "valkey-server" and instance in " ".join(process.cmdline())
        )
    except (psutil.Error, OSError):
        return False


def tidy_sockets(runtime: Runtime) -> None:
    """Removes sockets and scripts of an instance that has ended; what Ray said last is kept with the other logs."""
    tidy_ray(runtime)
    shutil.rmtree(runtime.sockets, ignore_errors=True)


def tidy_ray(runtime: Runtime) -> None:
    """Keeps the logs of the last session of Ray, and nothing else of it."""
    said = runtime.ray_folder / "session_latest" / "logs"
    if said.is_dir():
        kept = runtime.logs / "ray"
        shutil.rmtree(kept, ignore_errors=True)
        # A full disk must not keep an instance from starting or stopping.
        with suppress(OSError):
            shutil.copytree(said, kept, ignore=_no_sockets)
    shutil.rmtree(runtime.ray_folder, ignore_errors=True)


def _no_sockets(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if not (path := Path(folder, name)).is_dir() and not path.is_file()}
