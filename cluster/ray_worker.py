"""What the raylet starts for each worker: Ray's own program, which loads some of its libraries late."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    # A script finds its neighbours first: `settings` or `child` would be ours for every library that has its own.
    sys.path[0] = str(Path(__file__).parents[1])
    from cluster.late_libraries import load_late

    load_late()
    runpy.run_module("ray._private.workers.default_worker", run_name="__main__", alter_sys=True)
