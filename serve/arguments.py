"""Arguments of an endpoint: what the framework derived from its signature, applied without the framework's detours.

The framework looks at each annotation anew for each request. Our endpoints take path and query parameters and one JSON
body, nothing else, so all of that can be known at start-up; it halves the cost of a small request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi._compat import ModelField, field_annotation_is_sequence
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from serve.body import LimitedRequest

_Errors = list[Any]


class Arguments:
    """Made once a route; TypeError when its endpoint wants more than is known here.

    `is_open`: query parameters that the route does not know are let through, as senders of webhooks add their own.
    """

    def __init__(self, endpoint: str, dependant: Dependant, body: ModelField | None, is_open: bool = False) -> None:
        foreign = [*dependant.dependencies, *dependant.header_params, *dependant.cookie_params]
        if foreign or len(dependant.body_params) > 1 or dependant.request_param_name is None:
            raise TypeError(f"{endpoint} may have a request, path and query parameters, and one body")
        self._request = dependant.request_param_name
        self._path = [(field.name, field.alias, field) for field in dependant.path_params]
        self._query = [
            (field.name, field.alias, field, field_annotation_is_sequence(field.field_info.annotation))
            for field in dependant.query_params
        ]
        self._known = None if is_open else frozenset(alias for _, alias, _, _ in self._query)
        self._body = (dependant.body_params[0].name, body) if body is not None and dependant.body_params else None

    async def of(self, request: LimitedRequest) -> dict[str, Any]:
        """Keyword arguments for the endpoint; RequestValidationError with every fault."""
        values: dict[str, Any] = {self._request: request}
        errors: _Errors = []
        for name, alias, field in self._path:
            values[name] = _checked(field, request.path_params[alias], ("path", alias), errors)
        self._read_query(request, values, errors)
        if self._body is not None:
            name, field = self._body
            if await request.body():
                values[name] = _checked(field, await request.json(), ("body",), errors)
            else:
                values[name] = _missing(field, ("body",), errors)
        if errors:
            raise RequestValidationError(errors)
        return values

    def _read_query(self, request: Request, values: dict[str, Any], errors: _Errors) -> None:
        given = request.query_params if request.scope["query_string"] else {}
        if self._known is not None and given:
            # One that is misspelt would otherwise be lost without a word.
            errors.extend(_foreign(name) for name in given if name not in self._known)
        for name, alias, field, is_list in self._query:
            if alias not in given:
                values[name] = _missing(field, ("query", alias), errors)
            else:
                raw = request.query_params.getlist(alias) if is_list else given[alias]
                values[name] = _checked(field, raw, ("query", alias), errors)


def _checked(field: ModelField, value: Any, place: tuple[str, ...], errors: _Errors) -> Any:
    checked, found = field.validate(value, {}, loc=place)
    if found:
        errors.extend(_as_list(found))
    return checked


def _missing(field: ModelField, place: tuple[str, ...], errors: _Errors) -> Any:
    if field.field_info.is_required():
        errors.append({"type": "missing", "loc": place, "msg": "Field required", "input": None})
        return None
    return field.get_default()


def _foreign(name: str) -> dict[str, Any]:
    return {"type": "extra", "loc": ("query", name[:100]), "msg": "there is no such parameter", "input": None}


def _as_list(found: Any) -> Sequence[Any]:
    return found if isinstance(found, list) else [found]
