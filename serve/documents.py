"""What the OpenAPI document says about bodies that the framework does not read itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def raw_body(
    description: str, content: Mapping[str, Any], *, required: bool = True, parameters: tuple[dict[str, Any], ...] = ()
) -> dict[str, Any]:
    """openapi_extra for a body by media type: `content` maps media type -> (schema, example)."""
    extra: dict[str, Any] = {
        "requestBody": {
            "description": description,
            "required": required,
            "content": {
                media: {"schema": schema, **({"example": example} if example is not None else {})}
                for media, (schema, example) in content.items()
            },
        }
    }
    if parameters:
        extra["parameters"] = list(parameters)
    return extra


def header(name: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """An optional header parameter."""
    return {"name": name, "in": "header", "required": False, "description": description, "schema": dict(schema)}


def reference(model: str) -> dict[str, str]:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{model}"}
