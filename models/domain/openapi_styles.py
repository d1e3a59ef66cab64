"""How OpenAPI writes parameters: style and explode, and collectionFormat of Swagger 2.0."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_FORMER_JOINTS = {"csv": ",", "ssv": "%20", "tsv": "%09", "pipes": "|"}
_JOINTS = {"spaceDelimited": "%20", "pipeDelimited": "|"}


def in_path(parameter: Mapping[str, Any], value: Any) -> str:
    """For its `{name}` in the path: style simple, label or matrix."""
    name, explode = parameter["name"], bool(parameter.get("explode"))
    style = parameter.get("style", "simple")
    if "content" in parameter:
        return quote(json.dumps(value), safe="")
    if style == "label":
        return "." + _joined(value, "." if explode else ",", explode)
    if style == "matrix":
        return _matrix(name, value, explode)
    return _joined(value, ",", explode)


def in_query(parameter: Mapping[str, Any], value: Any) -> list[str]:
    """Pairs `name=value`, encoded."""
    name = quote(parameter["name"], safe="[]")
    if "content" in parameter:
        return [f"{name}={quote(json.dumps(value), safe='')}"]
    style = parameter.get("style", "form")
    former = parameter.get("collectionFormat") or ("csv" if "type" in parameter else None)
    explode = bool(parameter.get("explode", style == "form")) if former is None else former == "multi"
    joint = _FORMER_JOINTS.get(former or "", ",") if former else _JOINTS.get(style, ",")
    if isinstance(value, list):
        items = [_encoded(item) for item in value]
        return [f"{name}={item}" for item in items] if explode else [f"{name}={joint.join(items)}"]
    if isinstance(value, dict):
        if style == "deepObject":
            return [f"{name}[{quote(key, safe='')}]={_encoded(item)}" for key, item in value.items()]
        if explode:
            return [f"{quote(key, safe='')}={_encoded(item)}" for key, item in value.items()]
        return [f"{name}={_joined(value, joint, False)}"]
    return [f"{name}={_encoded(value)}"]


def in_header(parameter: Mapping[str, Any], value: Any) -> str:
    """Style simple, not encoded."""
    if "content" in parameter:
        return json.dumps(value)
    if isinstance(value, list):
        return ",".join(map(scalar, value))
    if isinstance(value, dict):
        joint = "=" if parameter.get("explode") else ","
        return ",".join(f"{key}{joint}{scalar(item)}" for key, item in value.items())
    return scalar(value)


def cookie(parameter: Mapping[str, Any], value: Any) -> str:
    """Style form."""
    pairs = in_query({**parameter, "explode": False}, value)
    return "; ".join(pairs)


def scalar(value: Any) -> str:
    """Text of one value; objects and lists inside others become JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e17:
        return str(int(value))
    return str(value)


def _matrix(name: str, value: Any, explode: bool) -> str:
    if explode and isinstance(value, list):
        return "".join(f";{name}={_encoded(item)}" for item in value)
    if explode and isinstance(value, dict):
        return "".join(f";{quote(key, safe='')}={_encoded(item)}" for key, item in value.items())
    return f";{name}={_joined(value, ',', False)}"


def _joined(value: Any, joint: str, explode: bool) -> str:
    if isinstance(value, list):
        return joint.join(map(_encoded, value))
    if isinstance(value, dict):
        inner = "=" if explode else joint
        return joint.join(f"{quote(key, safe='')}{inner}{_encoded(item)}" for key, item in value.items())
    return _encoded(value)


def _encoded(value: Any) -> str:
    return quote(scalar(value), safe="")
