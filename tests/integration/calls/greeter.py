"""A gRPC server with a method that greets, in a thread of its own, and the HTTP server that has its proto."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from fastapi import FastAPI, Response

from actors.grpc_protos import Protos
from models.domain.limits import Limits

PROTO = """\
syntax = "proto3";
package demo.v1;
import "google/protobuf/timestamp.proto";

enum Tone { CALM = 0; LOUD = 1; }
message Person { string name = 1; repeated string titles = 2; map<string, int64> ages = 3; Tone tone = 4; }
message Ask { Person who = 1; oneof how { string greeting = 2; int32 number = 3; } google.protobuf.Timestamp at = 4; }
message Answer { string text = 1; Ask asked = 2; int32 visits = 3; }
service Greeter {
  rpc Greet(Ask) returns (Answer);
  rpc Refuse(Ask) returns (Answer);
  rpc Stall(Ask) returns (Answer);
  rpc Many(Ask) returns (stream Answer);
}
"""
SERVICE = "demo.v1.Greeter"


@dataclass
class Greeter:
    """What came, and how the next `Refuse` answers."""

    metadata: list[dict[str, str]] = field(default_factory=list)
    code: grpc.StatusCode = grpc.StatusCode.NOT_FOUND
    go_on: threading.Event = field(default_factory=threading.Event)

    def greet(self, ask: Any, context: grpc.ServicerContext) -> Any:
        self.metadata.append(dict(context.invocation_metadata()))
        return self.answers(text=f"{ask.greeting or 'Hello'} {ask.who.name}", asked=ask)

    def refuse(self, ask: Any, context: grpc.ServicerContext) -> Any:
        context.abort(self.code, "not today")

    def stall(self, ask: Any, context: grpc.ServicerContext) -> Any:
        self.go_on.wait(10)
        return self.answers()

    @contextmanager
    def running(self) -> Iterator[int]:
        """The port it listens on."""
        with ThreadPoolExecutor(1) as elsewhere:
            found = elsewhere.submit(lambda: asyncio.run(Protos(Limits()).method(PROTO.encode(), SERVICE, "Greet")))
            method = found.result()
        self.answers: Callable[..., Any] = method.answers
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                act, method.asks.FromString, lambda answer: answer.SerializeToString()
            )
            for name, act in (("Greet", self.greet), ("Refuse", self.refuse), ("Stall", self.stall))
        }
        server = grpc.server(ThreadPoolExecutor(4))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield port
        finally:
            self.go_on.set()
            server.stop(0).wait()


def proto_app() -> FastAPI:
    """Has texts that are protos, and some that are not."""
    app = FastAPI()
    texts = {"greet": PROTO, "broken": "message {", "endless": 'import "service.proto";', "large": "//" + "x" * 300_000}

    @app.get("/{name}.proto")
    async def proto(name: str) -> Response:
        return Response(texts[name], media_type="text/plain")

    return app
