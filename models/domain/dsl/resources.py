"""What a definition uses from elsewhere: functions by address or from a catalog, and schemas.

They are read when a version is put and kept with it, so that a version means the same for ever. `with_resources` gives
the definition that stands on its own feet: functions under use.functions, schemas in their places.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.dsl.validation_shapes import escape
from models.domain.errors import Fault, InvalidDefinition

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*://\S+")
CATALOGED = re.compile(r"([^:@\s]+):([^:@\s]+)@([^:@\s]+)")
DEFAULT_CATALOG = "default"
_GITHUB = re.compile(
    r"https://github\.com/(?P<repo>[^/]+/[^/@]+)(?:/(?:tree|blob|raw)/(?P<ref>[^/]+))?(?P<path>/[^@]*)?(?:@(?P<tag>[^/@]+))?"
)
_GITLAB = re.compile(r"(https://gitlab\.com/.+?)/-/(?:tree|blob)/(.+)")
# Where a task may have schemas.
_EACH = ("with", "subscription", "foreach")
_FLOWS = (
    ("input",), ("output",), ("export",), ("foreach", "output"), ("foreach", "export"), (*_EACH, "output"),
    (*_EACH, "export"),
)  # fmt: skip
# Where lists of tasks stand below a task, by way of these members.
_LISTS = (
    ("do",), ("try",), ("catch", "do"), ("fork", "branches"), ("foreach", "do"),
    ("with", "subscription", "foreach", "do"), ("metadata", "unknownOutcome", "verify"),
)  # fmt: skip

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """Something to be read. `name` is how a task calls a function, or the address of a schema."""

    kind: str
    name: str
    uri: str
    authentication: Mapping[str, Any] | None
    pointer: str


def resources_of(definition: Node) -> list[Resource]:
    """The resources that a definition names, each once; InvalidDefinition for what cannot be read."""
    found: dict[tuple[str, str], Resource] = {}
    for pointer, node in _owners(definition):
        for resource in _named_by(definition, pointer, node):
            found.setdefault((resource.kind, resource.name), resource)
    return list(found.values())


def resources_of_function(definition: Node, function: Any, pointer: str) -> list[Resource]:
    """The resources that a function from elsewhere names in its turn."""
    found = [
        resource for _, node in _tasks_below(function, pointer) for resource in _named_by(definition, pointer, node)
    ]
    return list({(resource.kind, resource.name): resource for resource in found}.values())


def with_resources(definition: Node, resources: Mapping[str, Any]) -> Node:
    """The definition with its resources in it; `resources` is {functions: {name: {uri, document}}, schemas: {uri:
    document}}. InvalidDefinition when one is missing."""
    if not resources_of(definition):
        return definition
    schemas, functions = resources.get("schemas") or {}, resources.get("functions") or {}
    whole = _with_schemas(definition, schemas, "")
    use = dict(whole.get("use") or {})
    known = dict(use.get("functions") or {})
    for name, function in functions.items():
        body = _with_schemas(function["document"], schemas, "")
        source = {"uri": function["uri"], "sha256": digest(function["document"])}
        known[name] = {**body, "metadata": {**(body.get("metadata") or {}), "source": source}}
    for resource in resources_of(definition):
        if resource.kind == "function" and resource.name not in known:
            raise InvalidDefinition(f"The function {resource.name} was not kept with this version.")
    return {**whole, "use": {**use, "functions": known}}


def digest(document: Any) -> str:
    """SHA-256 over the canonical JSON of a document."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def is_external(callee: Any) -> bool:
    """Whether a call names a function from elsewhere."""
    return isinstance(callee, str) and bool(ADDRESS.fullmatch(callee) or CATALOGED.fullmatch(callee))


# ---------------------------------------------------------------- where they are


def raw_address(address: str) -> str:
    """The address of the text itself, where people are used to name the page that shows it."""
    found = _GITHUB.fullmatch(address)
    if found is not None:
        path = found["path"] or ""
        ref = f"refs/tags/{found['tag']}" if found["tag"] else f"refs/heads/{found['ref'] or 'main'}"
        return f"https://raw.githubusercontent.com/{found['repo']}/{ref}{path}"
    found = _GITLAB.fullmatch(address)
    return f"{found[1]}/-/raw/{found[2]}" if found is not None else address


def _function(definition: Node, callee: str, pointer: str) -> Resource:
    found = CATALOGED.fullmatch(callee)
    if found is None or ADDRESS.fullmatch(callee):
        uri = raw_address(callee)
        if uri.startswith("https://raw.githubusercontent.com/") and not uri.endswith((".yaml", ".yml", ".json")):
            uri = uri.rstrip("/") + "/function.yaml"
        return Resource("function", callee, uri, None, pointer)
    name, version, catalog = found.groups()
    known = (definition.get("use") or {}).get("catalogs") or {}
    if catalog not in known:
        told = f"There is no catalog {catalog}; declare it under use.catalogs."
        raise InvalidDefinition(told, [Fault(pointer, told)])
    address, authentication = _endpoint(definition, known[catalog]["endpoint"], pointer)
    uri = raw_address(f"{address.rstrip('/')}/functions/{name}/{version}/function.yaml")
    return Resource("function", callee, uri, authentication, pointer)


def _schema(definition: Node, resource: Node, pointer: str) -> Resource:
    address, authentication = _endpoint(definition, resource["endpoint"], pointer)
    return Resource("schema", address, raw_address(address), authentication, pointer)


def _endpoint(definition: Node, endpoint: Any, pointer: str) -> tuple[str, Mapping[str, Any] | None]:
    uri, policy = (endpoint, None) if isinstance(endpoint, str) else (endpoint["uri"], endpoint.get("authentication"))
    if isinstance(policy, Mapping) and "use" in policy:
        policy = ((definition.get("use") or {}).get("authentications") or {}).get(policy["use"])
    if "${" in uri or (policy is not None and "${" in json.dumps(policy)):
        told = "What is read when a version is put has no expressions: write it out, or use a secret by name."
        raise InvalidDefinition(told, [Fault(pointer, told)])
    return uri, policy


# ---------------------------------------------------------------- the tasks of a definition


def _named_by(definition: Node, pointer: str, node: Node) -> Iterator[Resource]:
    callee = node.get("call")
    if isinstance(callee, str) and is_external(callee):
        yield _function(definition, callee, f"{pointer}/call")
    for way in _FLOWS:
        resource = _at(node, (*way, "schema", "resource"))
        if isinstance(resource, Mapping):
            yield _schema(definition, resource, "/".join((pointer, *way, "schema/resource")))


def _owners(definition: Node) -> Iterator[tuple[str, Node]]:
    """The definition itself and all its tasks: what may have schemas and calls."""
    yield "", definition
    yield from _listed(definition["do"], "/do")
    use = definition.get("use") or {}
    for name, task in (use.get("functions") or {}).items():
        yield from _tasks_below(task, f"/use/functions/{escape(name)}")
    for index, item in enumerate(use.get("extensions") or ()):
        for name, extension in item.items():
            for part in ("before", "after"):
                pointer = f"/use/extensions/{index}/{escape(name)}/{part}"
                yield from _listed(extension.get(part) or (), pointer)
    metadata = definition["document"].get("metadata") or {}
    yield from _listed(metadata.get("finally") or (), "/document/metadata/finally")


def _listed(items: Any, pointer: str) -> Iterator[tuple[str, Node]]:
    for index, item in enumerate(items if isinstance(items, list) else ()):
        for name, task in item.items():
            yield from _tasks_below(task, f"{pointer}/{index}/{escape(name)}")


def _tasks_below(task: Any, pointer: str) -> Iterator[tuple[str, Node]]:
    if not isinstance(task, Mapping):
        return
    yield pointer, task
    for way in _LISTS:
        yield from _listed(_at(task, way), "/".join((pointer, *way)))


def _at(node: Any, way: tuple[str, ...]) -> Any:
    for name in way:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


def _with_schemas(node: Any, schemas: Mapping[str, Any], member: str) -> Any:
    """A copy with schemas in place of what names them; data of tasks is left as it is."""
    if isinstance(node, list):
        return [_with_schemas(child, schemas, member) for child in node]
    if member == "with" and isinstance(node, Mapping) and "subscription" in node:
        return {**node, "subscription": _with_schemas(node["subscription"], schemas, "subscription")}
    if not isinstance(node, Mapping) or member in ("set", "with", "document"):
        return node
    if member == "schema" and "resource" in node:
        uri = _address_of(node["resource"]["endpoint"])
        if uri not in schemas:
            raise InvalidDefinition(f"The schema {uri} was not kept with this version.")
        rest = {name: value for name, value in node.items() if name != "resource"}
        return {**rest, "document": schemas[uri]}
    return {name: _with_schemas(child, schemas, name) for name, child in node.items()}


def _address_of(endpoint: Any) -> str:
    return str(endpoint if isinstance(endpoint, str) else endpoint["uri"])
