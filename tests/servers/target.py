"""A third-party HTTP API that keeps a ledger: what reached it, and how often each effect happened."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Target:
    """Keeps books by the Idempotency-Key header: `arrivals` of each key, and `effects`.

    One that honours keys has one effect a key, however often it is asked; one that does not has one each time.
    """

    def __init__(self, honours_keys: bool = True) -> None:
        self.honours_keys = honours_keys
        self.effects: Counter[str] = Counter()
        self.arrivals: Counter[str] = Counter()
        self.requests: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], tuple[int, Any]] = lambda _request: (200, {"ok": True})
        self.port = 0
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def handle(self, request: dict[str, Any]) -> tuple[int, Any]:
        key = request["headers"].get("idempotency-key")
        with self._lock:
            self.requests.append(request)
            status, body = self.answer(request)
            if key:
                self.arrivals[key] += 1
                if status < 400 and not (self.honours_keys and key in self.effects):
                    self.effects[key] += 1
        return status, body


def _handler(target: Target) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = {"method": self.command, "path": self.path, "headers": headers, "body": body}
            status, answer = target.handle(request)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: the ledger is the log."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Quiet: tests kill callers in the middle of a call."""


@contextmanager
def running_target(honours_keys: bool = True) -> Iterator[Target]:
    """A target on a free loopback port for the length of the block."""
    target = Target(honours_keys)
    server = _Server(("127.0.0.1", 0), _handler(target))
    target.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, name="target", daemon=True)
    thread.start()
    try:
        yield target
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
