"""The phases of an instance's parts in its data folder, for those who ask from outside while it runs."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

_NAME = "parts.json"


class PhaseFile:
    """Written at each change, gone when the instance has stopped."""

    def __init__(self, data: Path, told: Callable[[str, str], None]) -> None:
        self._file = data / _NAME
        self._told = told
        self._phases: dict[str, str] = {}

    def told(self, name: str, phase: str) -> None:
        """A part has a new phase; handed on to who else is told."""
        self._phases[name] = phase
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(self._phases))
        os.replace(draft, self._file)
        self._told(name, phase)

    def remove(self) -> None:
        """The instance has stopped."""
        self._file.unlink(missing_ok=True)


def phases(data: Path) -> Mapping[str, str]:
    """Part -> phase of the instance whose data is there, in order of start; empty when none runs."""
    try:
        if not _is_running(data):
            return {}
        kept: dict[str, str] = json.loads((data / _NAME).read_text())
    except (OSError, ValueError):
        return {}
    return kept


def _is_running(data: Path) -> bool:
    """Whether somebody holds the folder: one that was killed leaves the file behind."""
    with (data / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
