"""`call: mcp`: a session with an MCP server over streamable HTTP for one request."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from actors.call_host import Call
from actors.json_rpc import JsonRpc
from actors.step_runner import StepError
from models.domain.dsl.durations import parse_duration
from models.domain.dsl.problems import problem
from models.domain.errors import AnswerLost, TidewireError, Unavailable

_CLIENT = {"name": "Tidewire", "version": "0.1.0"}
_CLOSE_SECONDS = 2.0


class McpCall:
    """A Performer."""

    async def perform(self, call: Call) -> Any:
        """The result of the request; a tool that says it failed is an error of type runtime."""
        wanted = call.request
        seconds = parse_duration(wanted["timeout"]).total_seconds() if wanted.get("timeout") else None
        headers = {name.lower(): str(value) for name, value in (wanted.get("headers") or {}).items()}
        server = JsonRpc(call, wanted["uri"], wanted.get("authentication"), headers)
        try:
            async with asyncio.timeout(seconds):
                await self._begin(server, wanted)
                return await self._ask(server, wanted)
        except TimeoutError:
            raise StepError(problem("timeout", f"{wanted['method']} did not end in time.")) from None
        finally:
            if "mcp-session-id" in server.headers:
                with contextlib.suppress(TidewireError, TimeoutError, StepError):
                    async with asyncio.timeout(_CLOSE_SECONDS):
                        await server.close()

    async def _begin(self, server: JsonRpc, wanted: Any) -> None:
        """What has to be said before the request itself; nothing has happened until then."""
        client = {name: text for name, text in (wanted.get("client") or _CLIENT).items() if name != "description"}
        parameters = {"protocolVersion": wanted["protocolVersion"], "capabilities": {}, "clientInfo": client}
        try:
            (result, *_), headers = await server.ask(0, "initialize", parameters)
            agreed = result.get("protocolVersion") if isinstance(result, dict) else None
            server.headers["mcp-protocol-version"] = str(agreed or wanted["protocolVersion"])
            if "mcp-session-id" in headers:
                server.headers["mcp-session-id"] = headers["mcp-session-id"]
            await server.tell("notifications/initialized")
        except AnswerLost as error:
            raise Unavailable(error.detail) from None

    async def _ask(self, server: JsonRpc, wanted: Any) -> Any:
        method = wanted["method"]
        try:
            (result, *_), _ = await server.ask(1, method, wanted.get("parameters") or {})
        except AnswerLost as error:
            if method == "tools/call":
                raise
            raise Unavailable(error.detail) from None
        if method == "tools/call" and isinstance(result, dict) and result.get("isError"):
            content = result.get("content") or []
            texts = [part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)]
            raise StepError(problem("runtime", f"The tool failed: {' '.join(texts)[:500]}"))
        return result
