"""Checks of what call tasks are called with: the protocols of the DSL, and functions of our own."""

from __future__ import annotations

import re
from typing import Any

from models.domain.dsl.validation_approvals import approval
from models.domain.dsl.validation_shapes import (
    EXPRESSION,
    Check,
    Place,
    choice,
    choose,
    clip,
    either,
    flag,
    kind_of,
    listing,
    mapping,
    matching,
    or_expression,
    shape,
    template,
    text,
    value,
    whole,
    words,
)
from models.domain.dsl.validation_types import duration, endpoint, referable_authentication, resource, uri
from models.domain.errors import InvalidInput
from models.domain.notifications import parse_notification

_PATH = re.compile(r"/\S*")
_OUTPUT = choice("raw", "content", "response")
_object = shape({}, is_open=True)

# ---------------------------------------------------------------- http


def _query_value(place: Place, node: Any) -> None:
    if node is None or isinstance(node, dict):
        place.fault(f"A query parameter is text, a number, a boolean or a list of them, not {kind_of(node)}.")
    else:
        value(place, node)


def _web_address(place: Place, node: Any) -> None:
    uri(place, node)
    if isinstance(node, str) and not EXPRESSION.fullmatch(node):
        scheme, found, _ = node.partition("://")
        if found and scheme.lower() not in ("http", "https"):
            place.fault(f"An HTTP call reaches http:// and https:// addresses, not {clip(scheme)}://.")


def _address_or_path(place: Place, node: Any) -> None:
    # A connection has the base address; what is named here may be a path below it.
    if not (isinstance(node, str) and _PATH.fullmatch(node)):
        _web_address(place, node)


def http(has_connection: bool) -> Check:
    """The arguments of `call: http`; with a connection, the endpoint may be a path."""
    address = _address_or_path if has_connection else _web_address
    located = shape({"uri": address, "authentication": referable_authentication}, ["uri"])
    return shape(
        {
            "method": matching("[A-Za-z]{1,32}", "an HTTP method such as get or post"),
            "endpoint": either(address, located),
            "headers": or_expression(mapping(template)),
            "query": or_expression(mapping(_query_value)),
            "body": value,
            "output": _OUTPUT,
            "redirect": flag,
        },
        ["method", "endpoint"],
    )


# ---------------------------------------------------------------- other protocols

_openapi = shape(
    {
        "document": resource,
        "operationId": words,
        "parameters": or_expression(mapping(value)),
        "authentication": referable_authentication,
        "output": _OUTPUT,
        "redirect": flag,
    },
    ["document", "operationId"],
)
_HOST = matching("[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,253}[a-zA-Z0-9])?", "a host name")
_grpc_service = shape(
    {
        "name": words,
        "host": or_expression(_HOST),
        "port": or_expression(whole(1, 65_535)),
        "authentication": referable_authentication,
    },
    ["name", "host"],
)
_grpc = shape(
    {"proto": resource, "service": _grpc_service, "method": words, "arguments": or_expression(mapping(value))},
    ["proto", "service", "method"],
)
_A2A_METHODS = (
    "message/send", "message/stream", "tasks/get", "tasks/list", "tasks/cancel", "tasks/resubscribe",
    "tasks/pushNotificationConfig/set", "tasks/pushNotificationConfig/get", "tasks/pushNotificationConfig/list",
    "tasks/pushNotificationConfig/delete", "agent/getAuthenticatedExtendedCard",
)  # fmt: skip
_parameters = either(template, mapping(value))
_agent = shape(
    {"agentCard": resource, "server": endpoint, "method": choice(*_A2A_METHODS), "parameters": _parameters},
    ["method"],
)


def _a2a(place: Place, node: Any) -> None:
    _agent(place, node)
    if isinstance(node, dict) and "agentCard" not in node:
        choose(place, node, ("server", "agentCard"))


_MCP_METHODS = (
    "tools/list", "tools/call", "prompts/list", "prompts/get", "resources/list", "resources/read",
    "resources/templates/list",
)  # fmt: skip
_program = shape({"command": words, "arguments": listing(template), "environment": mapping(template)}, ["command"])


def _stdio(place: Place, node: Any) -> None:
    place.not_yet("call mcp stdio", "An MCP server as a program (reach one over http)")
    _program(place, node)


_mcp_transport = shape(
    {
        "http": shape({"endpoint": endpoint, "headers": mapping(template)}, ["endpoint"]),
        "stdio": _stdio,
        "options": mapping(text),
    },
    one_of=("http", "stdio"),
)
_mcp = shape(
    {
        "protocolVersion": words,
        "method": choice(*_MCP_METHODS),
        "parameters": _parameters,
        "timeout": duration,
        "transport": _mcp_transport,
        "client": shape({"name": words, "version": words, "description": text}, ["name", "version"]),
    },
    ["method", "transport"],
)

_PROTOCOLS = (
    "amqp", "amqp1", "anypointmq", "googlepubsub", "http", "ibmmq", "jms", "kafka", "mercure", "mqtt", "mqtt5", "nats",
    "pulsar", "redis", "sns", "solace", "sqs", "stomp", "ws",
)  # fmt: skip
_message = shape({"payload": or_expression(_object), "headers": or_expression(_object)}, is_open=True)


def _consumption(place: Place, node: Any) -> None:
    amounts = {"amount": whole(1, 1_000_000_000), "while": or_expression(text), "until": or_expression(text)}
    shape({"for": duration, **amounts}, one_of=tuple(amounts))(place, node)


def asyncapi(loop: Check) -> Check:
    """The arguments of `call: asyncapi`; `loop` checks the `foreach` of a subscription."""
    subscription = shape({"filter": or_expression(text), "consume": _consumption, "foreach": loop}, ["consume"])
    fields = {
        "document": resource,
        "channel": words,
        "operation": words,
        "server": shape({"name": words, "variables": or_expression(_object)}, ["name"]),
        "protocol": choice(*_PROTOCOLS),
        "message": _message,
        "subscription": subscription,
        "authentication": referable_authentication,
    }
    plain = shape(fields, ["document"])

    def check(place: Place, node: Any) -> None:
        plain(place, node)
        if isinstance(node, dict):
            choose(place, node, ("operation", "channel"))
            choose(place, node, ("message", "subscription"))

    return check


# ---------------------------------------------------------------- functions of our own

_predict = shape({"model": or_expression(words), "version": or_expression(words), "inputs": value}, ["model", "inputs"])
# What an expression will give is not known yet; these stand in for it.
_STAND_INS = {"to": "all", "title": "-", "body": "", "severity": "info", "link": "/"}
_notify_shape = shape(dict.fromkeys(_STAND_INS, template), ["to", "title"])


def _notify(place: Place, node: Any) -> None:
    known = len(place.report.faults)
    _notify_shape(place, node)
    if len(place.report.faults) > known:
        return
    literal = {
        name: _STAND_INS[name] if place.report.is_loose or EXPRESSION.fullmatch(text) else text
        for name, text in node.items()
    }
    try:
        parse_notification(literal)
    except InvalidInput as error:
        for fault in error.faults:
            place.report.add(place.pointer + fault.pointer, f"This cannot be told: {fault.detail}.")


OWN: dict[str, Check] = {"predict": _predict, "notify": _notify, "approval": approval}
# What a connection may carry.
OVER_HTTP = ("http", "openapi", "asyncapi", "mcp", "a2a")
PROTOCOLS: dict[str, Check] = {"openapi": _openapi, "grpc": _grpc, "a2a": _a2a, "mcp": _mcp}
