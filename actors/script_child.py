"""The other side of script_step.py: runs one script of a stranger in V8, tells what came of it, and ends.

Started as a file of its own, with an empty environment. In: one JSON object {code, stdin, arguments, environment,
seconds, bytes, output_bytes}. Out: {code, stdout, stderr}, or {limit} with the name of the limit that was met. V8
itself knows neither files nor a network; the little that scripts expect of a host stands in script_prelude.js.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from py_mini_racer import JSEvalException, JSOOMException, JSTimeoutException, MiniRacer

_PRELUDE = Path(__file__).with_name("script_prelude.js")
# What V8 may need beside the script.
_OWN_BYTES = 64_000_000


def run(asked: dict[str, Any]) -> dict[str, Any]:
    """What came of the script."""
    context = MiniRacer()
    context.set_hard_memory_limit(asked["bytes"])
    _limit_memory(asked["bytes"] + _OWN_BYTES)
    context.eval(_PRELUDE.read_text())
    given = {name: asked[name] for name in ("stdin", "arguments", "environment", "output_bytes")}
    context.eval(f"tidewire.begin({json.dumps(json.dumps(given))})")
    try:
        promise: Any = context.eval(f"tidewire.run({json.dumps(asked['code'])})", timeout_sec=asked["seconds"])
        promise.get(timeout=asked["seconds"])
        return dict(json.loads(str(context.eval("tidewire.result()"))))
    except JSOOMException:
        return {"limit": "script_bytes"}
    except (JSTimeoutException, TimeoutError):
        return {"limit": "script_seconds"}
    except JSEvalException as error:
        return {"code": 1, "stdout": "", "stderr": str(error)}


def _limit_memory(more: int) -> None:
    """V8 holds its buffers outside of its heap; of the address space it has reserved, little is used."""
    status = Path("/proc/self/status").read_text()
    used = int(status.partition("VmData:")[2].split()[0]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (used + more, used + more))


def main() -> None:
    """One question, one answer."""
    asked = json.loads(sys.stdin.buffer.read())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    cpu = int(asked["seconds"]) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    answer = run(asked)
    if len(answer.get("stdout", "")) + len(answer.get("stderr", "")) > asked["output_bytes"]:
        answer = {"limit": "script_output_bytes"}
    sys.stdout.buffer.write(json.dumps(answer).encode())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
