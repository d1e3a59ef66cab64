"""HTTP load by the program wrk, whose figures are read back."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.rounds import SideFailed

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What one burst of requests came to; latencies in milliseconds."""

    requests: int
    per_second: float
    p50: float
    p99: float


def burst(
    url: str, *, connections: int, seconds: int, headers: Mapping[str, str] | None = None, body: str | None = None
) -> Load:
    """Keeps `connections` requests under way; SideFailed when an answer was not 2xx or a socket broke."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SideFailed("the load generator wrk is not installed: `apt-get install wrk`")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "load.lua")
        script.write_text(_script(headers or {}, body))
        command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "--latency", "-s", str(script)]
        answer = subprocess.run([*command, url], capture_output=True, text=True, check=False)
    return _read(answer.stdout + answer.stderr)


def _script(headers: Mapping[str, str], body: str | None) -> str:
    lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    if body is not None:
        lines += ['wrk.method = "POST"', f"wrk.body = [[{body}]]"]
    return "\n".join(lines)


def _read(text: str) -> Load:
    if "Non-2xx" in text or "Socket errors" in text or "Requests/sec" not in text:
        raise SideFailed(f"the load met errors:\n{text}")
    p50, p99 = (_number(text, rf"(?m)^ +{share}% +(\S+)") for share in (50, 99))
    total = re.search(r"(\d+) requests in", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert total is not None
    assert rate is not None
    return Load(int(total[1]), float(rate[1]), p50, p99)


def _number(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    assert found is not None, text
    value, unit = re.fullmatch(r"([\d.]+)([a-z]+)", found[1]).groups()  # type: ignore[union-attr]
    return float(value) * _UNITS[unit]
