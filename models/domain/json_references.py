"""References (`$ref`) inside a document of an API; none leads out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.domain.dsl.problems import Problem, problem

_MOST_HOPS = 20


def resolved(document: Mapping[str, Any], node: Any) -> Any:
    """The node itself, or what it refers to; Problem (configuration) when that is not in the document."""
    for _ in range(_MOST_HOPS):
        if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
            return node
        node = target(document, node["$ref"])
    raise Problem(problem("configuration", "A reference in the document leads to itself."))


def target(document: Mapping[str, Any], reference: str) -> Any:
    """What a reference of the form `#/a/b` points to; Problem (configuration)."""
    if not reference.startswith("#/"):
        raise Problem(problem("configuration", f"The reference {reference[:200]} leads out of the document."))
    node: Any = document
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and name in node:
            node = node[name]
        elif isinstance(node, list) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        else:
            raise Problem(problem("configuration", f"The document has nothing at {reference[:200]}."))
    return node


# What a document that is shaped as nobody expects leads to.
MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError, RecursionError)


def misshapen(kind: str, error: Exception) -> Problem:
    """The error of a document that cannot be read as one of its kind."""
    return Problem(problem("configuration", f"The {kind} document is not valid: {type(error).__name__} {error}"[:300]))
