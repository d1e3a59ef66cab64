"""What Ray starts beside its raylet, in a form that weighs nothing.

In its minimal form Ray's dashboard agent says "no port" and then only looks whether the raylet is still there, and its
agent of runtime environments is asked by actors that name one, which none of ours does: 115 MB for nothing. The raylet
gets a shell script in the place of both, which says the same and goes when the raylet goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ray._private import ray_constants, services

# "Not in use" for the first; the raylet wants a real port for the other, and nobody listens on this one.
_PORTS = {
    ray_constants.PROCESS_TYPE_DASHBOARD_AGENT: {
        "metrics_agent_port": -1, "metrics_export_port": -1, "dashboard_agent_listen_port": -1,
    },
    ray_constants.PROCESS_TYPE_RUNTIME_ENV_AGENT: {"runtime_env_agent_port": 1},
}  # fmt: skip
_SCRIPT = """#!/bin/sh
# Called as: sh {self} NAME=PORT,NAME=PORT... THE ARGUMENTS OF RAY'S OWN AGENT
ports="$1"
for argument in "$@"; do
    case "$argument" in
        --node-id=*) node="${{argument#*=}}" ;;
        --session-dir=*) session="${{argument#*=}}" ;;
    esac
done
for pair in $(echo "$ports" | tr , ' '); do
    file="$session/${{pair%=*}}_$node"
    printf %s "${{pair#*=}}" > "$file.new" && mv "$file.new" "$file"
done
if command -v setpriv >/dev/null 2>&1; then
    exec setpriv --pdeathsig KILL sleep 2147483647
fi
while kill -0 "$PPID" 2>/dev/null; do
    sleep 1
done
"""


@contextmanager
def light_agents(folder: Path) -> Iterator[None]:
    """A raylet that is started in this block gets the script, which is written to `folder`, for its agents."""
    script = folder / "agent"
    script.write_text(_SCRIPT.format(self=script))
    original = services._build_python_executable_command_memory_profileable

    def command(component: str, session_dir: str, unbuffered: bool = True) -> Sequence[str]:
        ports = _PORTS.get(component)
        if ports is None:
            return list(original(component, session_dir, unbuffered))
        return ["/bin/sh", str(script), ",".join(f"{name}={port}" for name, port in ports.items())]

    services._build_python_executable_command_memory_profileable = command
    try:
        yield
    finally:
        services._build_python_executable_command_memory_profileable = original
