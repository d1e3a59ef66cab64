"""`run: script`: JavaScript in V8, in a process of its own for each script, which ends with it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from actors.step_runner import StepError
from models.domain.dsl.problems import problem
from models.domain.dsl.protocol import StartStep
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, OutboundHttp

_PROGRAM = Path(__file__).with_name("script_child.py")
# For the process to start and to tell the result.
_GRACE_SECONDS = 5.0


class ScriptStep:
    """At most `max_scripts` at a time in this process, one of each tenant, so that many of one delay no other; a script
    sees no network, no files and no variables of ours."""

    def __init__(self, limits: Limits, outbound: OutboundHttp) -> None:
        self._limits = limits
        self._outbound = outbound
        self._places = asyncio.Semaphore(limits.max_scripts)
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def perform(self, tenant_id: UUID, step: StartStep, seconds: float) -> Any:
        """{code, stdout, stderr}; StepError (timeout, runtime) when a limit was met."""
        wanted = step.request
        code = wanted["code"] if "code" in wanted else await self._fetched(wanted["source"], seconds)
        allowed = min(self._limits.script_seconds, seconds)
        asked = {
            "code": code,
            "stdin": wanted.get("stdin", ""),
            "arguments": wanted["arguments"],
            "environment": wanted["environment"],
            "seconds": allowed,
            "bytes": self._limits.script_bytes,
            "output_bytes": self._limits.script_output_bytes,
        }
        async with self._turns.setdefault(tenant_id, asyncio.Lock()), self._places:
            answer = await _ask(asked, allowed + _GRACE_SECONDS)
        if "limit" in answer:
            raise self._met(answer["limit"])
        return answer

    def is_safe(self, step: StartStep) -> bool:
        """A script has no effect outside."""
        return True

    async def _fetched(self, source: Mapping[str, Any], seconds: float) -> str:
        endpoint = source["endpoint"]
        if isinstance(endpoint, Mapping):
            if endpoint.get("authentication") is not None:
                raise StepError(problem("configuration", "A script is fetched without authentication; remove it."))
            endpoint = endpoint["uri"]
        response = await self._outbound.send(HttpRequest("GET", endpoint, {}, None, seconds, True, None))
        if not 200 <= response.status < 300:
            raise StepError(problem("communication", f"The script is not there: {response.status} of {endpoint}."))
        return response.body.decode("utf-8", "replace")

    def _met(self, limit: str) -> StepError:
        most = getattr(self._limits, limit)
        kind = "timeout" if limit == "script_seconds" else "runtime"
        return StepError(problem(kind, f"The script exceeded the limit {limit} of {most:,}."))


async def _ask(asked: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(_PROGRAM), env={}, cwd="/", start_new_session=True,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            told, _ = await process.communicate(json.dumps(asked).encode())
    except TimeoutError:
        return {"limit": "script_seconds"}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not told:
        # V8 ends its process when it cannot have more memory.
        return {"limit": "script_bytes"}
    return dict(json.loads(told))
