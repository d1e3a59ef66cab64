"""The OpenAPI 3.1 document: what the framework derives, completed by errors, security and shared schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from serve.errors import PROBLEM
from serve.guard import Access, GuardedRoute, access_of
from serve.schemas.common import Problem
from serve.schemas.events import CloudEvent

_REFERENCE = "#/components/schemas/{model}"
_ALWAYS = {
    "400": "The body or the address is not well-formed",
    "413": "The body is too large",
    "415": "The body has another media type",
    "422": "A part of the request is wrong; `errors` says which",
    "503": "A part that is needed is away; try again",
}
_SIGNED_IN = {"401": "There is no valid access token", "403": "The role does not allow this"}
_NAMES = {
    "304": "What you have is still right",
    "401": "Who calls cannot be told from what was sent",
    "403": "This call is for our own page alone",
    "404": "There is no such thing, or you may not see it",
    "409": "It contradicts what is stored",
    "429": "Too many tries; wait as Retry-After says",
}


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _complete(app)
    return app.openapi_schema


def _complete(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes,
        openapi_version="3.1.0",
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _, added = models_json_schema([(Problem, "serialization"), (CloudEvent, "validation")], ref_template=_REFERENCE)
    for name, schema in added["$defs"].items():
        schemas.setdefault(name, schema)
    made["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    for route, operation in _operations(app, made):
        _tell_access(operation, access_of(route.endpoint))
        _tell_errors(route, operation)
        route.describe(operation)
    made["components"]["schemas"] = dict(sorted(schemas.items()))
    return made


def _operations(app: FastAPI, made: dict[str, Any]) -> Iterator[tuple[GuardedRoute, dict[str, Any]]]:
    for route in _routes(app):
        for method in route.methods or ():
            operation = made["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                yield route, operation


def _routes(app: FastAPI) -> list[GuardedRoute]:
    return [route for route in app.routes if isinstance(route, GuardedRoute)]


def _tell_access(operation: dict[str, Any], access: Access) -> None:
    if access.public:
        operation["security"] = []
        return
    operation["security"] = [{"bearer": []}]
    if access.permission is not None:
        operation["x-permission"] = access.permission


def _tell_errors(route: GuardedRoute, operation: dict[str, Any]) -> None:
    public = access_of(route.endpoint).public
    responses = operation["responses"]
    wanted = {**_ALWAYS, **({} if public else _SIGNED_IN)}
    if "requestBody" not in operation:
        wanted = {code: text for code, text in wanted.items() if code not in ("413", "415")}
    if not operation.get("parameters") and "requestBody" not in operation:
        del wanted["422"]
    responses.update({code: {"description": text} for code, text in wanted.items() if code not in _declared(responses)})
    for code, response in responses.items():
        if code in _NAMES and code not in wanted:
            response["description"] = _NAMES[code]
        if int(code) >= 400 and "content" not in response:
            response["content"] = {PROBLEM: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
    operation["responses"] = dict(sorted(responses.items()))


def _declared(responses: dict[str, Any]) -> set[str]:
    """Codes that the route told itself; the framework's own 422 is not one of them."""
    return {code for code, response in responses.items() if code != "422" or "Validation" not in str(response)}
