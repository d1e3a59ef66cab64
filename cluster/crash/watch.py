"""How a process gets its ports: bare, or with crash points between it and them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from cluster.runtime import Runtime

if TYPE_CHECKING:
    from storage.postgres import Database
    from storage.relay import Relay, Sink

T = TypeVar("T")


class Watch(Protocol):
    """Asked for every port when it is made."""

    def reached(self, point: str) -> None:
        """See CrashPoints."""

    def port(self, place: str, port: T) -> T:
        """What to use for the port at this place of cluster/crash/hooks.py."""

    def ports(self, process: str, ports: T) -> T:
        """As `port`, for each field of a dataclass: the place is `<process>.<field>`."""

    def database(self, dsn: str, application: str, max_size: int, commits: str | None = None) -> Database:
        """A pool, not opened; `commits` names transactions that no port gives a name."""

    def relay(self, database: Database, sinks: Sequence[Sink]) -> Relay:
        """The relay over its sinks."""


class Unwatched:
    """Production: everything is what it was."""

    def reached(self, point: str) -> None:
        """Returns."""

    def port(self, place: str, port: T) -> T:
        """The port itself."""
        return port

    def ports(self, process: str, ports: T) -> T:
        """The ports themselves."""
        return ports

    def database(self, dsn: str, application: str, max_size: int, commits: str | None = None) -> Database:
        """See Watch."""
        from storage.postgres import Database  # noqa: PLC0415 (the supervisor has no use for it)

        return Database(dsn, application=application, max_size=max_size)

    def relay(self, database: Database, sinks: Sequence[Sink]) -> Relay:
        """See Watch."""
        from storage.relay import Relay  # noqa: PLC0415

        return Relay(database, sinks)


def watch_of(runtime: Runtime) -> Watch:
    """Bare ports, unless the settings name a folder in which a test arms crash points."""
    if runtime.settings.crash_points is None:
        return Unwatched()
    from cluster.crash.armed import Armed  # noqa: PLC0415 (nothing of it is loaded in production)

    return Armed(runtime.data / runtime.settings.crash_points)
