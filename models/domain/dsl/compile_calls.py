"""Calls that a session host performs: from their definition to their node."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from models.domain.dsl.compile_awaits import each_flow
from models.domain.dsl.compile_parts import Parts
from models.domain.dsl.compile_tasks import Built, Common, Node, step_of
from models.domain.dsl.nodes_calls import CallOutside, Subscription
from models.domain.dsl.protocol import StepKind
from models.domain.dsl.templates import Template
from models.domain.errors import InvalidDefinition

MCP_VERSION = "2025-06-18"
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)
# What a subscription evaluates for each message.
_PER_MESSAGE = ("while", "until")


def _openapi(parts: Parts, node: Node, common: Common) -> Built:
    found = node["with"]
    request = {
        "document": _resource(parts, found["document"]),
        "operationId": found["operationId"],
        "parameters": found.get("parameters"),
        "authentication": _authentication(parts, found.get("authentication")),
        "output": found.get("output", "content"),
        "redirect": found.get("redirect", False),
    }
    return _built(parts, node, common, StepKind.OPENAPI, request)


def _grpc(parts: Parts, node: Node, common: Common) -> Built:
    found = node["with"]
    service = found["service"]
    request = {
        "proto": _resource(parts, found["proto"]),
        "service": service["name"],
        "host": service["host"],
        "port": service.get("port"),
        "method": found["method"],
        "arguments": found.get("arguments"),
        "authentication": _authentication(parts, service.get("authentication")),
        "tls": (node.get("metadata") or {}).get("tls"),
    }
    return _built(parts, node, common, StepKind.GRPC, request)


def _asyncapi(parts: Parts, node: Node, common: Common) -> Built:
    found = node["with"]
    subscription = found.get("subscription")
    request = {
        "document": _resource(parts, found["document"]),
        **{name: found[name] for name in ("operation", "channel", "server", "protocol", "message") if name in found},
        "authentication": _authentication(parts, found.get("authentication")),
    }
    if subscription is None:
        return _built(parts, node, common, StepKind.ASYNCAPI, request)
    consume = dict(subscription["consume"])
    fixed = {name: consume.pop(name) for name in _PER_MESSAGE if name in consume}
    if "filter" in subscription:
        fixed["filter"] = subscription["filter"]
    for text in fixed.values():
        parts.expression(text)
    each = subscription.get("foreach")
    until = None if each is None else fixed.pop("until", None)
    names = {} if each is None else {each.get("item", "item"): "item", each.get("at", "index"): "index"}
    inside = parts.seeing(*names)
    request["subscription"] = {"consume": consume}
    task = Subscription(
        **common,
        **step_of(node, StepKind.ASYNCAPI),
        request=_template(parts, node, request),
        fixed=fixed,
        seen=tuple(sorted({name for text in fixed.values() for name in _VARIABLE.findall(text)})),
        until=None if until is None else inside.expression(until),
        is_each=each is not None,
        each="" if each is None else each.get("item", "item"),
        at="" if each is None else each.get("at", "index"),
        each_output=each_flow(inside, each, "output"),
        each_export=each_flow(inside, each, "export"),
    )
    return Built(task, {"do": ("with/subscription/foreach/do", None if each is None else each.get("do"), names)})


def _mcp(parts: Parts, node: Node, common: Common) -> Built:
    found = node["with"]
    transport = found["transport"].get("http")
    if transport is None:
        raise InvalidDefinition("An MCP server is reached over HTTP here; programs are not started.")
    endpoint = _resource(parts, transport)
    request = {
        "uri": endpoint["uri"],
        "authentication": endpoint["authentication"],
        "headers": transport.get("headers"),
        "protocolVersion": found.get("protocolVersion", MCP_VERSION),
        "method": found["method"],
        "parameters": found.get("parameters"),
        "timeout": found.get("timeout"),
        "client": found.get("client"),
    }
    return _built(parts, node, common, StepKind.MCP, request)


def _a2a(parts: Parts, node: Node, common: Common) -> Built:
    found = node["with"]
    request = {"method": found["method"], "parameters": found.get("parameters")}
    if "agentCard" in found:
        request["agentCard"] = _resource(parts, found["agentCard"])
    else:
        request |= _resource(parts, {"endpoint": found["server"]})
    return _built(parts, node, common, StepKind.A2A, request)


def _built(parts: Parts, node: Node, common: Common, kind: StepKind, request: dict[str, Any]) -> Built:
    return Built(CallOutside(**common, **step_of(node, kind), request=_template(parts, node, request)))


def _template(parts: Parts, node: Node, request: dict[str, Any]) -> Template:
    connection = (node.get("metadata") or {}).get("connection")
    written = {name: value for name, value in {**request, "connection": connection}.items() if value is not None}
    return parts.template(written)


def _resource(parts: Parts, resource: Node) -> dict[str, Any]:
    """An external resource, or what else has an endpoint: {uri, authentication}."""
    endpoint = resource["endpoint"]
    if isinstance(endpoint, str):
        return {"uri": endpoint, "authentication": None}
    return {"uri": endpoint["uri"], "authentication": _authentication(parts, endpoint.get("authentication"))}


def _authentication(parts: Parts, policy: Any) -> Any:
    if isinstance(policy, Mapping) and "use" in policy:
        policy = policy["use"]
    return None if policy is None else parts.used("authentications", policy)


CALLS: dict[str, Callable[[Parts, Node, Common], Built]] = {
    "call openapi": _openapi,
    "call grpc": _grpc,
    "call asyncapi": _asyncapi,
    "call mcp": _mcp,
    "call a2a": _a2a,
}
