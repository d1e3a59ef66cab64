"""Documents from elsewhere, JSON or YAML, read as JSON values: no dates, no objects, nothing that grows when read."""

from __future__ import annotations

from typing import Any

import orjson
import yaml

from models.domain.errors import InvalidInput, LimitExceeded
from models.domain.limits import Limits

_BASE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):  # type: ignore[misc, valid-type]
    """Leaves dates as the text they are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in _BASE.yaml_implicit_resolvers.items()
}


def parse_document(text: bytes, limits: Limits) -> Any:
    """The value; InvalidInput when the text is neither JSON nor YAML, LimitExceeded when it is too large or deep."""
    if len(text) > limits.max_resource_bytes:
        raise LimitExceeded("max_resource_bytes", limits.max_resource_bytes)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        found = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInput(f"The document is neither JSON nor YAML: {str(error)[:200]}") from None
    return _Plain(limits).value(found, 0)


class _Plain:
    """Copies a value as JSON. What YAML names once and uses often counts each time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.max_definition_nodes * 4

    def value(self, node: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise LimitExceeded("max_definition_nodes", self._limits.max_definition_nodes)
        if depth > self._limits.max_json_depth:
            raise LimitExceeded("max_json_depth", self._limits.max_json_depth)
        if isinstance(node, dict):
            return {_key(key): self.value(child, depth + 1) for key, child in node.items()}
        if isinstance(node, list):
            return [self.value(child, depth + 1) for child in node]
        if node is None or isinstance(node, str | int | float | bool):
            return node
        raise InvalidInput(f"The document has a value that JSON does not know ({type(node).__name__}).")


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return key if isinstance(key, str) else str(key)
