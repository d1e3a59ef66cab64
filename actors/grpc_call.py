"""`call: grpc`: one message out, one back, described by a .proto that the task names."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf import json_format

from actors.call_host import Call
from actors.egress_guard import EgressGuard
from actors.grpc_protos import Method, Protos
from actors.step_runner import StepError
from models.domain.dsl.problems import problem
from models.domain.errors import AnswerLost, Unavailable
from models.domain.limits import Limits
from models.domain.tracing import outgoing

_TLS_PORTS = frozenset({443, 8443})
_STATUS = {
    "CANCELLED": 499, "INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400, "ABORTED": 409, "OUT_OF_RANGE": 400, "UNIMPLEMENTED": 501, "INTERNAL": 500,
    "DATA_LOSS": 500, "UNKNOWN": 500,
}  # fmt: skip
_NOT_SENT = ("failed to connect", "connection refused", "dns resolution failed", "no route to host")


class GrpcCall:
    """A Performer. Ports 443 and 8443 speak TLS, others do not, unless the task's metadata has `tls`.

    `roots` are the certificates (PEM) that are trusted; None: those that gRPC comes with.
    """

    def __init__(self, guard: EgressGuard, limits: Limits, roots: bytes | None = None) -> None:
        self._guard, self._limits, self._roots = guard, limits, roots
        self._protos = Protos(limits)

    async def perform(self, call: Call) -> Any:
        """The answer as the JSON mapping of protobuf has it."""
        wanted = call.request
        text = await call.document_text(wanted["proto"])
        method = await self._protos.method(text, wanted["service"], wanted["method"])
        message = _message(method, wanted.get("arguments") or {})
        header = await call.header(await call.policy(wanted.get("authentication")))
        metadata = [("idempotency-key", call.idempotency_key)]
        traceparent = outgoing()
        if traceparent is not None:
            metadata.append(("traceparent", traceparent))
        if header is not None:
            metadata.append(("authorization", header))
        async with await self._channel(wanted) as channel:
            ask = channel.unary_unary(method.path, _serialized, method.answers.FromString)
            try:
                answer = await ask(message, metadata=metadata, timeout=call.seconds_left)
            except grpc.aio.AioRpcError as error:
                raise _told(error, method.path) from None
        return json_format.MessageToDict(answer, always_print_fields_with_no_presence=True)

    async def _channel(self, wanted: Any) -> grpc.aio.Channel:
        host, port = wanted["host"], wanted.get("port") or 443
        tls = wanted.get("tls")
        addresses = await self._guard.addresses(host, port)
        # To the address that was checked, whatever the name may mean by then.
        family = "ipv6" if ":" in addresses[0] else "ipv4"
        places = [a for a in addresses if (":" in a) == (family == "ipv6")]
        target = f"{family}:" + ",".join(f"[{a}]:{port}" if family == "ipv6" else f"{a}:{port}" for a in places)
        options = [
            ("grpc.default_authority", f"{host}:{port}"),
            ("grpc.max_receive_message_length", self._limits.max_http_response_bytes),
            ("grpc.enable_http_proxy", 0),
            ("grpc.enable_retries", 0),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if port in _TLS_PORTS if tls is None else bool(tls):
            options.append(("grpc.ssl_target_name_override", host))
            return grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(self._roots), options)
        return grpc.aio.insecure_channel(target, options)


def _message(method: Method, arguments: Any) -> Any:
    try:
        return json_format.ParseDict(arguments, method.asks())
    except json_format.ParseError as error:
        raise StepError(problem("validation", f"The arguments do not fit the method: {str(error)[:500]}")) from None


def _serialized(message: Any) -> bytes:
    encoded: bytes = message.SerializeToString()
    return encoded


def _told(error: grpc.aio.AioRpcError, path: str) -> Exception:
    code, details = error.code().name, str(error.details() or "")
    told = f"{path} answered {code}{f': {details[:300]}' if details else ''}."
    if code == "UNAUTHENTICATED":
        return StepError(problem("authentication", told))
    if code == "PERMISSION_DENIED":
        return StepError(problem("authorization", told))
    if code == "DEADLINE_EXCEEDED":
        return AnswerLost(f"{path} did not answer in time.")
    if code == "UNAVAILABLE":
        is_unsent = any(text in details.lower() for text in _NOT_SENT)
        return Unavailable(told) if is_unsent else AnswerLost(told)
    return StepError(problem("communication", told, status=_STATUS.get(code, 500)))
