"""What all servers of the tests share: one process, ended as a power cut would or politely."""

from __future__ import annotations

import subprocess

STOP_SECONDS = 10


class ServerProcess:
    """A server that a subclass starts as `process`."""

    process: subprocess.Popen[bytes] | None

    def kill(self) -> None:
        """As a power cut."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Asks it to end, and ends it when it does not."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
