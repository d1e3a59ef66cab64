"""AsyncAPI 2 and 3: from an operation or a channel to the place where messages go to or come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.dsl.problems import Problem, problem
from models.domain.json_references import MISSHAPEN, misshapen, resolved

_VARIABLE = re.compile(r"\{([^{}]+)\}")
_SECURE = {"https": "http", "kafka-secure": "kafka"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where messages are: `protocol` is http or kafka (or one that is not spoken here), `secure` whether under TLS,
    `host` with its port, `path` of the server, `channel` the topic or path."""

    protocol: str
    secure: bool
    host: str
    path: str
    channel: str
    method: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address, for http."""
        parts = [part.strip("/") for part in (self.path, self.channel) if part.strip("/")]
        return f"{'https' if self.secure else 'http'}://{self.host}/{'/'.join(parts)}"


def find_place(document: Any, wanted: Mapping[str, Any]) -> Place:
    """The place that a call {operation or channel, server, protocol} means; Problem (configuration) without one."""
    try:
        return _found(document, wanted)
    except MISSHAPEN as error:
        raise misshapen("AsyncAPI", error) from None


def _found(document: Any, wanted: Mapping[str, Any]) -> Place:
    if not isinstance(document, dict) or not isinstance(document.get("asyncapi"), str):
        raise _wrong("The document is no AsyncAPI document.")
    if document["asyncapi"].startswith("2."):
        return _former(document, wanted)
    operations = document.get("operations") or {}
    name = wanted.get("operation")
    if name is None:
        raise _wrong("With AsyncAPI 3, name the operation, not the channel.")
    if name not in operations:
        raise _wrong(f"The AsyncAPI document has no operation {name}{_known(operations)}")
    operation = resolved(document, operations[name])
    channel = resolved(document, operation.get("channel"))
    if not isinstance(channel, dict):
        raise _wrong(f"The operation {name} has no channel.")
    address = channel.get("address")
    if not isinstance(address, str):
        raise _wrong(f"The channel of the operation {name} has no address.")
    own = [server["$ref"].rpartition("/")[2] for server in channel.get("servers") or () if "$ref" in server]
    server = _server(document, wanted, own)
    host = _filled(str(server.get("host") or ""), server, wanted)
    path = _filled(str(server.get("pathname") or ""), server, wanted)
    return _place(document, server, host, path, address, operation)


def _former(document: Mapping[str, Any], wanted: Mapping[str, Any]) -> Place:
    """AsyncAPI 2: channels with publish and subscribe."""
    channels = document.get("channels") or {}
    name = wanted.get("channel")
    if name is None:
        found = [key for key, item in channels.items() if _operation_of(item, wanted.get("operation"))]
        if not found:
            raise _wrong(f"The AsyncAPI document has no operation {wanted.get('operation')}{_known(channels)}")
        name = found[0]
    if name not in channels:
        raise _wrong(f"The AsyncAPI document has no channel {name}{_known(channels)}")
    channel = resolved(document, channels[name])
    operation = channel.get("publish" if "message" in wanted else "subscribe") or {}
    server = _server(document, wanted, list(channel.get("servers") or ()))
    url = _filled(str(server.get("url") or ""), server, wanted)
    host, _, path = url.partition("://")[2 if "://" in url else 0].partition("/")
    return _place(document, server, host, path, name, operation)


def _operation_of(item: Any, name: Any) -> bool:
    sides = [item.get(side) for side in ("publish", "subscribe")] if isinstance(item, dict) else []
    return any(isinstance(side, dict) and side.get("operationId") == name for side in sides)


def _place(
    document: Mapping[str, Any], server: Mapping[str, Any], host: str, path: str, channel: str, operation: Any
) -> Place:
    protocol = str(server.get("protocol") or "").lower()
    bindings = resolved(document, operation.get("bindings")) if isinstance(operation, dict) else None
    http = resolved(document, (bindings or {}).get("http")) if isinstance(bindings, dict) else None
    method = http.get("method") if isinstance(http, dict) else None
    return Place(_SECURE.get(protocol, protocol), protocol in _SECURE, host, path, channel, method)


def _server(document: Mapping[str, Any], wanted: Mapping[str, Any], own: list[str]) -> Mapping[str, Any]:
    servers = document.get("servers") or {}
    named = (wanted.get("server") or {}).get("name")
    if named is not None and named not in servers:
        raise _wrong(f"The AsyncAPI document has no server {named}{_known(servers)}")
    protocol = wanted.get("protocol")
    for name in [named] if named is not None else own or list(servers):
        server = resolved(document, servers.get(name))
        if isinstance(server, dict) and (named or protocol is None or _speaks(server, protocol)):
            return server
    told = f" that speaks {protocol}" if protocol else ""
    raise _wrong(f"The AsyncAPI document has no server{told}{_known(servers)}")


def _speaks(server: Mapping[str, Any], protocol: str) -> bool:
    found = str(server.get("protocol") or "").lower()
    return _SECURE.get(found, found) == protocol


def _filled(text: str, server: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    given = (wanted.get("server") or {}).get("variables") or {}
    known = server.get("variables") or {}

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        declared = known.get(name)
        default = declared.get("default") if isinstance(declared, dict) else None
        value = given.get(name, default)
        if value is None:
            raise _wrong(f"The server needs the variable {name}.")
        allowed = declared.get("enum") if isinstance(declared, dict) else None
        if allowed and value not in allowed:
            raise _wrong(f"The variable {name} of the server is one of {', '.join(map(str, allowed))[:200]}.")
        return str(value)

    return _VARIABLE.sub(value_of, text)


def _known(names: Mapping[str, Any]) -> str:
    return f"; it has {', '.join(sorted(map(str, names))[:12])}." if names else "."


def _wrong(detail: str) -> Problem:
    return Problem(problem("configuration", detail))
