"""From errors to RFC 9457 problem documents; the only place that knows HTTP status codes of errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from models.domain import errors as domain
from models.domain.errors import Fault, TidewireError
from serve.context import log_failure, request_id

PROBLEM = "application/problem+json"


class MalformedBody(domain.InvalidInput):
    """The body is not well-formed."""


class UnsupportedMediaType(TidewireError):
    """The body has a media type that this route does not read."""


class PreconditionFailed(TidewireError):
    """What is stored has changed since you read it."""


class Kind(NamedTuple):
    """What a class of errors looks like outside."""

    status: int
    slug: str
    title: str


_KINDS: dict[type[BaseException], Kind] = {
    MalformedBody: Kind(400, "malformed-body", "Malformed body"),
    UnsupportedMediaType: Kind(415, "unsupported-media-type", "Unsupported media type"),
    PreconditionFailed: Kind(412, "precondition-failed", "Precondition failed"),
    domain.InvalidDefinition: Kind(422, "invalid-definition", "Invalid workflow definition"),
    domain.LimitExceeded: Kind(422, "limit-exceeded", "Limit exceeded"),
    domain.InvalidInput: Kind(422, "invalid-input", "Invalid input"),
    domain.NotFound: Kind(404, "not-found", "Not found"),
    domain.Conflict: Kind(409, "conflict", "Conflict"),
    domain.StaleEpoch: Kind(409, "conflict", "Conflict"),
    domain.IdempotencyMismatch: Kind(422, "idempotency-mismatch", "Idempotency key reused"),
    domain.WrongFactor: Kind(401, "wrong-factor", "Not proved"),
    domain.StepUpRequired: Kind(401, "step-up-required", "Prove that it is you"),
    domain.SecondFactorRequired: Kind(403, "second-factor-required", "A second factor is required"),
    domain.Unauthenticated: Kind(401, "unauthenticated", "Not signed in"),
    domain.Forbidden: Kind(403, "forbidden", "Not allowed"),
    domain.TooManyRequests: Kind(429, "too-many-requests", "Too many requests"),
    domain.EgressRefused: Kind(422, "egress-refused", "Target refused"),
    domain.InProgress: Kind(409, "in-progress", "In progress"),
    domain.AnswerGone: Kind(409, "answer-gone", "The answer was lost"),
    domain.BodyTooSlow: Kind(408, "body-too-slow", "The body came too slowly"),
    domain.TookTooLong: Kind(504, "took-too-long", "It took too long"),
    domain.Overloaded: Kind(503, "overloaded", "Too much to do"),
    domain.Unavailable: Kind(503, "unavailable", "Temporarily unavailable"),
    TimeoutError: Kind(503, "unavailable", "Temporarily unavailable"),
}
_UNEXPECTED = Kind(500, "unexpected", "Unexpected error")
_HTTP = {404: ("not-found", "Not found"), 405: ("method-not-allowed", "Method not allowed")}
# A size that is too large is told by 413, any other limit by 422.
_SIZES = frozenset({
    "max_request_bytes", "max_definition_bytes", "max_data_bytes", "max_event_bytes", "max_model_bundle_bytes",
    "max_inference_bytes",
})


def kind_of(error: BaseException) -> Kind:
    """The nearest kind among the classes of the error."""
    if isinstance(error, domain.LimitExceeded) and error.name in _SIZES:
        return Kind(413, "limit-exceeded", "Too large")
    for cls in type(error).__mro__:
        if cls in _KINDS:
            return _KINDS[cls]
    return _UNEXPECTED


def problem(
    status: int,
    slug: str,
    title: str,
    detail: str,
    *,
    instance: str,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> Response:
    """One problem document as a response."""
    body: dict[str, Any] = {
        "type": f"urn:tidewire:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        **extra,
    }
    if errors:
        body["errors"] = list(errors)
    if instance.startswith("/v2/"):
        # Where clients of the Open Inference Protocol look.
        body["error"] = "; ".join([detail, *(f"{one['pointer']}: {one['detail']}" for one in errors)])
    return Response(orjson.dumps(body), status, dict(headers or {}), PROBLEM)


def _fault(fault: Fault) -> dict[str, Any]:
    shown: dict[str, Any] = {"pointer": fault.pointer, "detail": fault.detail}
    if fault.line is not None:
        shown |= {"line": fault.line, "column": fault.column}
    return shown


def problem_of(request: Request, error: BaseException) -> Response:
    """Any error of ours, or a time-out, as a response."""
    kind = kind_of(error)
    headers: dict[str, str] = {}
    extra: dict[str, Any] = {}
    detail = error.detail if isinstance(error, TidewireError) else (domain.Unavailable.__doc__ or "")
    if kind.status == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, domain.StepUpRequired):
        # RFC 9470.
        headers["www-authenticate"] = f'Bearer error="insufficient_user_authentication", max_age="{error.seconds}"'
        extra = {"factors": list(error.factors)}
    if isinstance(error, (domain.TooManyRequests, domain.InProgress)):
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    elif kind.status == 503:
        headers["retry-after"] = "1"
    if isinstance(error, (domain.LimitExceeded, domain.TookTooLong)):
        extra = {"limit": {"name": error.name, "value": error.limit}}
    faults = error.faults if isinstance(error, domain.InvalidInput) else ()
    return problem(
        *kind, detail, instance=request.url.path, errors=[_fault(f) for f in faults], headers=headers, **extra
    )


def unexpected(path: str, error: Exception) -> Response:
    """A fault of ours: tells the request id, and nothing about the inside."""
    log_failure(path, error)
    return problem(
        *_UNEXPECTED, "Something went wrong on our side. Tell us the request id.",
        instance=path, request_id=request_id(),
    )


def headers_too_large(path: str, limit: int) -> Response:
    """431."""
    return problem(
        431, "headers-too-large", "Request headers too large", f"The limit max_header_bytes of {limit:,} was exceeded.",
        instance=path, limit={"name": "max_header_bytes", "value": limit},
    )


def pointer_of(parts: Sequence[Any]) -> str:
    """RFC 6901 pointer of a path of keys and indices."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _validation_fault(error: Mapping[str, Any]) -> dict[str, Any]:
    place, *path = error["loc"] or ("body",)
    message = str(error["msg"]).removeprefix("Value error, ")
    shown: dict[str, Any] = {"pointer": pointer_of(path), "detail": message}
    return shown if place == "body" else {**shown, "in": place}


# What is answered in full: everything else is a fault of ours.
ANSWERED = (domain.TidewireError, TimeoutError, RequestValidationError, HTTPException)


def answer_of(request: Request, error: Exception) -> Response:
    """The problem document of an error in ANSWERED."""
    if isinstance(error, RequestValidationError):
        return _invalid(request, error)
    if isinstance(error, HTTPException):
        return _refused(request, error)
    return problem_of(request, error)


def _invalid(request: Request, error: RequestValidationError) -> Response:
    """Faults that the framework found in parameters and bodies."""
    faults = [_validation_fault(e) for e in error.errors()]
    return problem(
        *_KINDS[domain.InvalidInput], "The request does not have the expected form.",
        instance=request.url.path, errors=faults,
    )


def _refused(request: Request, error: HTTPException) -> Response:
    """What is refused before a route is reached: unknown paths and methods."""
    slug, title = _HTTP.get(error.status_code, ("refused", "Refused"))
    details = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.url.path} does not know the method {request.method}.",
    }
    detail = details.get(error.status_code, str(error.detail))
    return problem(
        error.status_code, slug, title, detail, instance=request.url.path, headers=error.headers
    )
