"""OpenAPI 3.0 and 3.1 and Swagger 2.0: from an operation and its arguments to an HTTP request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin

from models.domain.dsl.problems import Problem, problem
from models.domain.json_references import MISSHAPEN, misshapen, resolved
from models.domain.openapi_bodies import encoded
from models.domain.openapi_styles import cookie, in_header, in_path, in_query, scalar

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a document, with the path item it stands in."""

    method: str
    path: str
    item: Mapping[str, Any]
    node: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """What goes out. `url` has its query; the body is encoded."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


def find_operation(document: Any, operation_id: str) -> Operation:
    """The operation of that id; Problem (configuration) when the document has none."""
    try:
        return _found(document, operation_id)
    except MISSHAPEN as error:
        raise misshapen("OpenAPI", error) from None


def _found(document: Any, operation_id: str) -> Operation:
    known = []
    for operation in _operations(document):
        found = operation.node.get("operationId")
        if found == operation_id:
            return operation
        if isinstance(found, str):
            known.append(found)
    told = f"; it has {', '.join(sorted(known)[:12])}" if known else ""
    raise _wrong(f'The OpenAPI document has no operation "{operation_id}"{told}.')


def build_request(
    document: Mapping[str, Any], address: str, operation: Operation, arguments: Mapping[str, Any]
) -> OperationRequest:
    """The request with these arguments; `address` is where the document came from.

    An argument is named as its parameter; `body` is the whole body, other names become members of it. Problem of type
    validation when one is missing or not known, of type configuration when the document is no good.
    """
    try:
        return _built(document, address, operation, arguments)
    except MISSHAPEN as error:
        raise misshapen("OpenAPI", error) from None


def _built(
    document: Mapping[str, Any], address: str, operation: Operation, arguments: Mapping[str, Any]
) -> OperationRequest:
    given = dict(arguments)
    parameters = _parameters(document, operation)
    names = {parameter["name"] for parameter in parameters}
    path, queries, headers, cookies = operation.path, [], {}, []
    fields: dict[str, Any] = {}
    body: Any = None
    for parameter in parameters:
        name, place = parameter["name"], parameter.get("in")
        value = _value_of(document, parameter, given)
        if value is None:
            continue
        if place == "path":
            path = path.replace(f"{{{name}}}", in_path(parameter, value))
        elif place == "query":
            queries += in_query(parameter, value)
        elif place == "header":
            headers[name.lower()] = in_header(parameter, value)
        elif place == "cookie":
            cookies.append(cookie(parameter, value))
        elif place == "formData":
            fields[name] = value
        elif place == "body":
            body = value
    rest = {name: value for name, value in given.items() if name not in names}
    media, body = _body(document, operation, rest, fields, body)
    if cookies:
        headers["cookie"] = "; ".join(cookies)
    headers.setdefault("accept", _accepted(document, operation))
    payload = None
    if media is not None:
        payload, headers["content-type"] = encoded(media, body)
    url = _server(document, address, operation).rstrip("/") + "/" + path.lstrip("/")
    if queries:
        url += ("&" if "?" in url else "?") + "&".join(queries)
    return OperationRequest(operation.method.upper(), url, headers, payload)


# ---------------------------------------------------------------- operations and parameters


def _operations(document: Any) -> Iterator[Operation]:
    paths = document.get("paths") if isinstance(document, dict) else None
    if not isinstance(paths, dict) or not ("openapi" in document or "swagger" in document):
        raise _wrong("The document is no OpenAPI document: it has no paths.")
    for path, item in paths.items():
        item = resolved(document, item)
        for method in _METHODS if isinstance(item, dict) else ():
            node = item.get(method)
            if isinstance(node, dict):
                yield Operation(method, path, item, node)


def _parameters(document: Mapping[str, Any], operation: Operation) -> list[Mapping[str, Any]]:
    found: dict[tuple[Any, Any], Mapping[str, Any]] = {}
    for written in (*(operation.item.get("parameters") or ()), *(operation.node.get("parameters") or ())):
        parameter = resolved(document, written)
        if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str):
            raise _wrong("The OpenAPI document has a parameter without a name.")
        found[parameter["name"], parameter.get("in")] = parameter
    return list(found.values())


def _value_of(document: Mapping[str, Any], parameter: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    name = parameter["name"]
    if given.get(name) is not None:
        return given[name]
    schema = resolved(document, parameter.get("schema"))
    default = (schema if isinstance(schema, dict) else parameter).get("default")
    if default is not None or not (parameter.get("required") or parameter.get("in") == "path"):
        return default
    raise Problem(problem("validation", f'The operation needs the parameter "{name}".'))


# ---------------------------------------------------------------- body


def _body(
    document: Mapping[str, Any], operation: Operation, rest: dict[str, Any], fields: dict[str, Any], body: Any
) -> tuple[str | None, Any]:
    """The media type (None: no body) and the value of the body."""
    if "swagger" in document:
        return _former_body(document, operation, rest, fields, body)
    wanted = resolved(document, operation.node.get("requestBody"))
    if not isinstance(wanted, dict):
        _refuse(rest)
        return None, None
    value = rest["body"] if set(rest) == {"body"} else rest or None
    if value is None:
        if wanted.get("required"):
            raise Problem(problem("validation", 'The operation needs a "body".'))
        return None, None
    return _preferred(list(wanted.get("content") or {})), value


def _former_body(
    document: Mapping[str, Any], operation: Operation, rest: dict[str, Any], fields: dict[str, Any], body: Any
) -> tuple[str | None, Any]:
    consumes = operation.node.get("consumes") or document.get("consumes") or []
    _refuse(rest)
    if fields:
        forms = [media for media in consumes if "form" in media]
        return (forms[0] if forms else "application/x-www-form-urlencoded"), fields
    return (None, None) if body is None else (_preferred(consumes), body)


def _refuse(rest: Mapping[str, Any]) -> None:
    if rest:
        names = ", ".join(sorted(rest)[:5])
        raise Problem(problem("validation", f"The operation has no parameter {names}, and no body."))


def _preferred(offered: list[str]) -> str:
    for fits in (
        lambda media: media.partition(";")[0].strip() == "application/json",
        lambda media: media.partition(";")[0].strip().endswith("+json"),
        lambda media: "x-www-form-urlencoded" in media,
        lambda media: "form-data" in media,
    ):
        for media in offered:
            if fits(media.lower()):
                return media
    return offered[0] if offered and "*" not in offered[0] else "application/json"


def _accepted(document: Mapping[str, Any], operation: Operation) -> str:
    if "swagger" in document:
        produced = operation.node.get("produces") or document.get("produces") or []
    else:
        answers = operation.node.get("responses") or {}
        nodes = [resolved(document, answers[code]) for code in answers if str(code)[:1] == "2" or code == "default"]
        produced = [media for node in nodes if isinstance(node, dict) for media in node.get("content") or {}]
    found = [media for media in dict.fromkeys(produced) if isinstance(media, str) and media.isascii()]
    return ", ".join(sorted(found, key=lambda media: "json" not in media)[:10]) or "*/*"


# ---------------------------------------------------------------- servers


def _server(document: Mapping[str, Any], address: str, operation: Operation) -> str:
    if "swagger" in document:
        return _former_server(document, address, operation)
    for owner in (operation.node, operation.item, document):
        servers = owner.get("servers")
        if isinstance(servers, list) and servers and isinstance(servers[0], dict):
            return urljoin(address, _with_variables(servers[0]))
    return urljoin(address, "/")


def _with_variables(server: Mapping[str, Any]) -> str:
    url = str(server.get("url") or "/")
    for name, variable in (server.get("variables") or {}).items():
        default = variable.get("default", "") if isinstance(variable, dict) else ""
        url = url.replace(f"{{{name}}}", scalar(default))
    return url


def _former_server(document: Mapping[str, Any], address: str, operation: Operation) -> str:
    scheme, _, rest = address.partition("://")
    host = document.get("host") or rest.partition("/")[0]
    schemes = operation.node.get("schemes") or document.get("schemes") or [scheme]
    chosen = "https" if "https" in schemes else "http" if "http" in schemes else scheme
    return f"{chosen}://{host}{quote(document.get('basePath') or '/', safe='/%')}"


def _wrong(detail: str) -> Problem:
    return Problem(problem("configuration", detail))
