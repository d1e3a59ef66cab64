"""A gRPC server with a method that greets, in a thread of its own, and the HTTP server that has its proto."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
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
    def running(self, credentials: grpc.ServerCredentials | None = None) -> Iterator[int]:
        """The port it listens on; with credentials, under TLS."""
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
        if credentials is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        try:
            yield port
        finally:
            self.go_on.set()
            server.stop(0).wait()


def certificate(name: str) -> tuple[bytes, bytes]:
    """A key and a certificate for a host name, signed by itself; both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key.private_bytes(*form), made.public_bytes(Encoding.PEM)


def proto_app() -> FastAPI:
    """Has texts that are protos, and some that are not."""
    app = FastAPI()
    texts = {"greet": PROTO, "broken": "message {", "endless": 'import "service.proto";', "large": "//" + "x" * 300_000}

    @app.get("/{name}.proto")
    async def proto(name: str) -> Response:
        return Response(texts[name], media_type="text/plain")

    return app
