"""`call: http`: a request from the step, and the step's output from the response."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson

from actors.step_runner import StepError
from models.domain.dsl.problems import problem
from models.domain.dsl.protocol import StartStep
from models.domain.ports import CallGateway, ConnectionGateway, HttpRequest, HttpResponse, OutboundCall, OutboundHttp
from models.domain.secrets import SECRET_MARK
from models.domain.tracing import outgoing

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_SHOWN_BODY = 500


class HttpStep:
    """Sends through the tenant's connection where the task names one, else straight out.

    What needs secrets or tokens of the tenant goes through `calls`.
    """

    def __init__(
        self, outbound: OutboundHttp, connections: ConnectionGateway, calls: CallGateway | None = None
    ) -> None:
        self._outbound = outbound
        self._connections = connections
        self._calls = calls

    async def perform(self, tenant_id: UUID, step: StartStep, seconds: float) -> Any:
        """The output in the form that the task asks for; a status outside 2xx is an error."""
        if self._calls is not None and needs_host(step.request):
            return await perform_call(self._calls, tenant_id, step, seconds)
        request = http_request(step, seconds)
        connection = step.request.get("connection")
        if connection is not None:
            response = await self._connections.send(tenant_id, connection, request)
        else:
            response = await self._outbound.send(request)
        check_status(step, request, response)
        return shaped(step.request, response)

    def is_safe(self, step: StartStep) -> bool:
        """By the method alone."""
        return str(step.request["method"]).upper() in SAFE_METHODS


def needs_host(wanted: Mapping[str, Any]) -> bool:
    """Whether only a session host can send this: it has references to secrets, or needs a token or a challenge."""
    policy = wanted.get("authentication")
    if isinstance(policy, dict) and any(
        kind not in ("basic", "bearer") or (isinstance(fields, dict) and "use" in fields)
        for kind, fields in policy.items()
    ):
        return True
    return SECRET_MARK.encode() in orjson.dumps(wanted)


async def perform_call(calls: CallGateway, tenant_id: UUID, step: StartStep, seconds: float) -> Any:
    """The output of a step that a session host performs; StepError when it failed."""
    call = OutboundCall(step.kind.value, step.request, step.idempotency_key, step.task, step.path, seconds, outgoing())
    answer = await calls.call(tenant_id, call)
    if "error" in answer:
        raise StepError(answer["error"])
    return answer.get("output")


def http_request(step: StartStep, seconds: float) -> HttpRequest:
    """What goes out."""
    return request_of(step.request, step.idempotency_key, seconds)


def request_of(wanted: Mapping[str, Any], idempotency_key: str, seconds: float) -> HttpRequest:
    """The HTTP request that a request of a step describes."""
    headers = {name.lower(): value for name, value in (wanted.get("headers") or {}).items()}
    body = _body(wanted, headers)
    headers.update(_authorization(wanted.get("authentication")))
    key = None if "idempotency-key" in headers else idempotency_key
    return HttpRequest(
        str(wanted["method"]).upper(), _url(wanted), headers, body, seconds, bool(wanted.get("redirect")), key,
        outgoing(),
    )


def check_status(step: StartStep, request: HttpRequest, response: HttpResponse) -> None:
    """StepError (communication, with the status of the response) unless the response counts as success."""
    check_answer(step.request, request, response)


def check_answer(wanted: Mapping[str, Any], request: HttpRequest, response: HttpResponse) -> None:
    """As check_status, by the request of a step."""
    highest = 399 if wanted.get("redirect") else 299
    if 200 <= response.status <= highest:
        return
    where = request.url.partition("?")[0]
    detail = f"{request.method} {where} answered {response.status}."
    shown = response.body[:_SHOWN_BODY].decode(errors="ignore")
    if shown:
        detail += f" {shown}"
    raise StepError(problem("communication", detail, status=response.status))


def shaped(wanted: Mapping[str, Any], response: HttpResponse) -> Any:
    """raw: base64 text; content (the default): decoded; response: the whole of it."""
    form = wanted.get("output") or "content"
    if form == "raw":
        return base64.b64encode(response.body).decode()
    content = _content(response)
    if form == "content":
        return content
    asked = {"method": wanted["method"], "uri": wanted["uri"], "headers": wanted.get("headers") or {}}
    return {
        "request": asked,
        "statusCode": response.status,
        "headers": dict(response.headers),
        "content": content,
    }


def _url(wanted: Mapping[str, Any]) -> str:
    address = str(wanted["uri"]).partition("#")[0]
    query = urlencode(wanted.get("query") or {}, doseq=True)
    if not query:
        return address
    return f"{address}{'&' if '?' in address else '?'}{query}"


def _body(wanted: Mapping[str, Any], headers: dict[str, str]) -> bytes | None:
    if "body" not in wanted or wanted["body"] is None:
        return None
    body = wanted["body"]
    if isinstance(body, str):
        headers.setdefault("content-type", "text/plain; charset=utf-8")
        return body.encode()
    kind = headers.setdefault("content-type", "application/json")
    if kind.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded" and isinstance(body, dict):
        return urlencode(body, doseq=True).encode()
    return orjson.dumps(body)


def _authorization(policy: Any) -> dict[str, str]:
    if policy is None:
        return {}
    match policy:
        case {"basic": {"username": str(user), "password": str(password)}}:
            return basic(user, password)
        case {"bearer": {"token": str(token)}}:
            return {"authorization": f"Bearer {token}"}
    raise StepError(problem("configuration", "This kind of authentication cannot be used yet; use a connection."))


def basic(user: str, password: str) -> dict[str, str]:
    """RFC 7617."""
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _content(response: HttpResponse) -> Any:
    if not response.body:
        return None
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return orjson.loads(response.body)
        except orjson.JSONDecodeError:
            raise StepError(problem("communication", "The answer says it is JSON and is not.", status=502)) from None
    text = _text(response.body)
    return base64.b64encode(response.body).decode() if text is None else text


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
