"""Arms the crash points of a running instance and hears when they have fired."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from cluster.crash.armed import FIRED

FOLDER = "crash"


@dataclass(frozen=True)
class Firing:
    """A process that ended at a point."""

    point: str
    pid: int
    at: float


class Points:
    """The folder of one instance. `env` goes into its environment."""

    env = {"TIDEWIRE_CRASH_POINTS": FOLDER}  # noqa: RUF012 (never changed)

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._began = time.time()

    def arm(self, point: str, nth: int = 1) -> None:
        """The process that reaches the point for the nth time from now ends there."""
        draft = self._folder / f".{point}"
        draft.write_text(str(nth))
        draft.rename(self._folder / point)

    def disarm(self, point: str) -> None:
        """Nothing happens there any more."""
        (self._folder / point).unlink(missing_ok=True)

    def fired(self, point: str) -> Firing | None:
        """What happened there, if it did; the last time counts."""
        try:
            pid, at = (self._folder / f"{point}{FIRED}").read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        return Firing(point, int(pid), float(at))

    def forget(self, point: str) -> None:
        """Makes the point ready to be walked again."""
        (self._folder / f"{point}{FIRED}").unlink(missing_ok=True)

    def wait(self, point: str, seconds: float) -> Firing:
        """Until it has fired; AssertionError when it does not."""
        deadline = time.monotonic() + seconds
        while (found := self.fired(point)) is None:
            if time.monotonic() > deadline:
                self.disarm(point)
                raise AssertionError(f"{point} was not reached within {seconds:g} s")
            time.sleep(0.02)
        return found
