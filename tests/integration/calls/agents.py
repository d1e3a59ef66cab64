"""An MCP server and an A2A agent over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse


@dataclass
class Agents:
    """What was asked. `streams`: answers come as events, with another message before them."""

    streams: bool = False
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.post("/mcp")(self.mcp)
        app.delete("/mcp")(self.end)
        app.post("/a2a")(self.a2a)
        app.get("/card.json")(self.card)
        return app

    async def mcp(self, request: Request) -> Response:
        message = await request.json()
        headers, method = dict(request.headers), message["method"]
        self.asked.append((method, headers, message.get("params")))
        if method == "initialize":
            self.sessions.add("s1")
            result = {"protocolVersion": "2025-03-26", "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}}
            return JSONResponse(self._answer(message, result), headers={"mcp-session-id": "s1"})
        if headers.get("mcp-session-id") not in self.sessions:
            return JSONResponse({"error": "no session"}, 400)
        if method == "notifications/initialized":
            return Response(status_code=202)
        if method == "tools/list":
            return self._told(message, {"tools": [{"name": "add"}]})
        if method != "tools/call":
            error = {"code": -32601, "message": "no such method"}
            return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "error": error})
        found = message["params"]["arguments"]
        if "a" not in found:
            return self._told(message, {"isError": True, "content": [{"type": "text", "text": "a is missing"}]})
        return self._told(message, {"structuredContent": {"sum": found["a"] + found["b"]}, "content": []})

    async def end(self, request: Request) -> Response:
        self.sessions.discard(request.headers["mcp-session-id"])
        return Response(status_code=204)

    async def card(self, request: Request) -> Any:
        return {"name": "agent", "url": f"{request.base_url}a2a"}

    async def a2a(self, request: Request) -> Response:
        message = await request.json()
        self.asked.append((message["method"], dict(request.headers), message["params"]))
        if message["method"] == "message/stream":
            texts = [json.dumps(self._answer(message, {"step": n})) for n in range(3)]
            return Response("".join(f"data: {text}\n\n" for text in texts), media_type="text/event-stream")
        if message["method"] == "tasks/get":
            error = {"code": -32001, "message": "Task not found"}
            return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "error": error})
        return JSONResponse(self._answer(message, {"said": message["params"]["message"]}))

    def _told(self, message: Any, result: Any) -> Response:
        answer = self._answer(message, result)
        if not self.streams:
            return JSONResponse(answer)
        progress = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}
        text = f"event: message\ndata: {json.dumps(progress)}\n\nevent: message\ndata: {json.dumps(answer)}\n\n"
        return Response(text, media_type="text/event-stream")

    @staticmethod
    def _answer(message: Any, result: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}
