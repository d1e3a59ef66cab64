"""A chat over HTTP and Kafka, described by AsyncAPI documents of both generations."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse


@dataclass
class Chat:
    """What was published over HTTP, and the answers that consumers get one after another."""

    kafka: str
    published: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    answers: deque[tuple[str, str]] = field(default_factory=deque)
    status: int = 202

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/v3.json")(self.document)
        app.get("/v2.json")(self.former)
        app.post("/chat/room")(self.publish)
        app.get("/chat/room")(self.consume)
        return app

    async def document(self, request: Request) -> dict[str, Any]:
        host = f"{request.url.hostname}:{request.url.port}"
        server = {"host": "{place}", "pathname": "/{root}", "protocol": "http",
                  "variables": {"place": {"default": host},
                                "root": {"enum": ["chat", "talk"], "default": "chat"}}}  # fmt: skip
        operation = {"action": "send", "channel": {"$ref": "#/channels/room"}}
        return {
            "asyncapi": "3.0.0",
            "servers": {"broker": {"host": self.kafka, "protocol": "kafka"}, "web": server,
                        "mail": {"host": "mail.example", "protocol": "smtp"}},
            "channels": {"room": {"address": "room"}, "web-room": {"address": "room", "servers": [
                {"$ref": "#/servers/web"}]}},
            "operations": {"say": operation, "hear": {**operation, "action": "receive"},
                           "web-say": {"action": "send", "channel": {"$ref": "#/channels/web-room"}}},
        }  # fmt: skip

    async def former(self, request: Request) -> dict[str, Any]:
        url = f"http://{request.url.hostname}:{request.url.port}/chat"
        return {
            "asyncapi": "2.6.0",
            "servers": {"web": {"url": url, "protocol": "http"}},
            "channels": {"room": {"publish": {"operationId": "say"}, "subscribe": {"operationId": "hear"}}},
        }

    async def publish(self, request: Request) -> Response:
        self.published.append((dict(request.headers), await request.json()))
        return Response(status_code=self.status)

    async def consume(self) -> Response:
        if not self.answers:
            return Response(status_code=204)
        kind, text = self.answers.popleft()
        return Response(text, media_type=kind) if kind else JSONResponse({"text": text})
