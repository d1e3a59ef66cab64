"""Short documents for tests of the DSL: a valid frame around the part that matters."""

from __future__ import annotations

from typing import Any

from models.domain.limits import Limits
from serve.yaml_source import read_yaml

DOCUMENT = {"dsl": "1.0.3", "namespace": "test", "name": "a-workflow", "version": "0.1.0"}


def parse(text: str) -> Any:
    """YAML as the API reads it."""
    return read_yaml(text, Limits())[0]


def with_tasks(text: str) -> dict[str, Any]:
    """A document with these tasks under `do`."""
    return {"document": dict(DOCUMENT), "do": parse(text)}


def with_parts(text: str) -> dict[str, Any]:
    """A document with these top-level parts, which may replace those of the frame."""
    return {"document": dict(DOCUMENT), "do": [{"one": {"set": {"a": 1}}}], **parse(text)}
