"""PATCH of SCIM (RFC 7644, 3.5.2): operations with paths, applied to a resource as it is shown."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.errors import Fault, InvalidInput
from models.domain.limits import Limits
from models.domain.scim_filter import (
    ENTERPRISE,
    Both,
    Compare,
    Filter,
    InvalidFilter,
    Path,
    matches,
    parse_filter,
    parse_path,
)

_PATH = re.compile(r"(?P<head>[^\[\]]+)(?:\[(?P<filter>.*)\](?:\.(?P<sub>[\w$-]+))?)?", re.DOTALL)


class InvalidPath(InvalidInput):
    """The path of an operation is not usable."""


class NoTarget(InvalidInput):
    """The path of an operation leads to nothing that could be changed."""


@dataclass(frozen=True, slots=True)
class Target:
    """`path[condition].sub`; the last two may be missing."""

    path: Path
    condition: Filter | None = None
    sub: str | None = None


def apply_patch(
    resource: Mapping[str, Any], operations: Sequence[Any], many: frozenset[str], limits: Limits
) -> dict[str, Any]:
    """The resource after all operations. `many` names, in lower case, the attributes that are lists."""
    changed = copy.deepcopy(dict(resource))
    if len(operations) > limits.max_scim_operations:
        raise InvalidInput(f"There are more than {limits.max_scim_operations} operations.")
    for index, operation in enumerate(operations):
        if not isinstance(operation, Mapping):
            raise InvalidInput("An operation is not an object.", [Fault(f"/Operations/{index}", "expected an object")])
        _apply(changed, _lowered(operation), many, limits)
    return changed


def _lowered(operation: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in operation.items()}


def _apply(resource: dict[str, Any], operation: Mapping[str, Any], many: frozenset[str], limits: Limits) -> None:
    verb = str(operation.get("op", "")).lower()
    if verb not in ("add", "replace", "remove"):
        raise InvalidInput("An operation is none of add, replace and remove.")
    path, value = operation.get("path"), operation.get("value")
    if path in (None, ""):
        _whole(resource, verb, value, many, limits)
        return
    target = parse_target(path, limits)
    if verb == "remove":
        _remove(resource, target, value, many)
    elif target.condition is not None:
        _set_some(resource, target, verb, value, many)
    else:
        _set(resource, target.path, verb, value, many)


def parse_target(text: Any, limits: Limits) -> Target:
    """InvalidPath when it is none."""
    found = _PATH.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise InvalidPath(f"{str(text)[:100]!r} is not a path.")
    try:
        condition = parse_filter(found["filter"], limits) if found["filter"] is not None else None
        return Target(parse_path(found["head"]), condition, found["sub"])
    except InvalidFilter as error:
        raise InvalidPath(error.detail) from None


def _whole(resource: dict[str, Any], verb: str, value: Any, many: frozenset[str], limits: Limits) -> None:
    """Without a path the value is an object of attributes; some clients write paths as their names."""
    if verb == "remove":
        raise NoTarget("A remove needs a path.")
    if not isinstance(value, Mapping):
        raise InvalidInput("Without a path, the value is an object of attributes.")
    for name, one in value.items():
        if "." in name or "[" in name or ":" in name:
            _apply(resource, {"op": verb, "path": name, "value": one}, many, limits)
        else:
            _set(resource, (name.lower(),), verb, one, many, name)


def _key(place: Mapping[str, Any], name: str, otherwise: str) -> str:
    return next((key for key in place if key.lower() == name.lower()), otherwise)


def _set(
    resource: dict[str, Any], path: Path, verb: str, value: Any, many: frozenset[str], spelled: str | None = None
) -> None:
    place = resource
    for name in path[:-1]:
        key = _key(place, name, _spelling(name))
        inner = place.setdefault(key, {})
        if not isinstance(inner, dict):
            raise NoTarget(f"{'.'.join(path)} leads through something that has no parts.")
        place = inner
    key = _key(place, path[-1], spelled or _spelling(path[-1]))
    is_many = len(path) == 1 and path[0] in many
    if is_many:
        items = value if isinstance(value, list) else [value]
        place[key] = _joined(place.get(key) or [], items) if verb == "add" else list(items)
    elif verb == "add" and isinstance(value, Mapping) and isinstance(place.get(key), dict):
        place[key] |= value
    else:
        place[key] = value


def _joined(before: Sequence[Any], added: Sequence[Any]) -> list[Any]:
    """One that is there already stays as it is; a new primary one takes that over from the old."""
    items = [one for one in added if one not in before]
    if any(_is_primary(one) for one in items):
        before = [{**one, "primary": False} if _is_primary(one) else one for one in before]
    return [*before, *items]


def _is_primary(one: Any) -> bool:
    return isinstance(one, Mapping) and one.get("primary") is True


def _set_some(resource: dict[str, Any], target: Target, verb: str, value: Any, many: frozenset[str]) -> None:
    assert target.condition is not None
    items = _items(resource, target, many)
    hit = [item for item in items if isinstance(item, dict) and matches(item, target.condition)]
    if not hit and target.sub is not None:
        # What clients mean by it: the value is to be there afterwards.
        hit = [_made_of(target.condition)]
        items.append(hit[0])
    if not hit:
        raise NoTarget("No value fits the path.")
    for item in hit:
        if target.sub is not None:
            item[_key(item, target.sub, target.sub)] = value
        elif isinstance(value, Mapping):
            if verb == "replace":
                item.clear()
            item |= value
        else:
            raise InvalidInput("The value of such a path is an object.")


def _made_of(condition: Filter) -> dict[str, Any]:
    parts = condition.parts if isinstance(condition, Both) else (condition,)
    if not all(isinstance(part, Compare) and part.operator == "eq" and len(part.path) == 1 for part in parts):
        raise NoTarget("No value fits the path.")
    return {part.path[0]: part.value for part in parts if isinstance(part, Compare)}


def _items(resource: dict[str, Any], target: Target, many: frozenset[str]) -> list[Any]:
    if len(target.path) != 1 or target.path[0] not in many:
        raise InvalidPath(f"{'.'.join(target.path)} has no values to choose from.")
    key = _key(resource, target.path[0], _spelling(target.path[0]))
    items = resource.setdefault(key, [])
    if not isinstance(items, list):
        raise NoTarget(f"{key} is no list.")
    return items


def _remove(resource: dict[str, Any], target: Target, value: Any, many: frozenset[str]) -> None:
    if target.condition is not None:
        _remove_some(resource, target, many)
        return
    place: Any = resource
    for name in target.path[:-1]:
        place = place.get(_key(place, name, name)) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        return
    key = _key(place, target.path[-1], target.path[-1])
    if isinstance(value, list) and isinstance(place.get(key), list):
        # Some clients name what to remove in the value instead of in the path.
        gone = [_value_of(one) for one in value]
        place[key] = [one for one in place[key] if _value_of(one) not in gone]
    else:
        place.pop(key, None)


def _value_of(one: Any) -> Any:
    return one.get("value") if isinstance(one, Mapping) else one


def _remove_some(resource: dict[str, Any], target: Target, many: frozenset[str]) -> None:
    assert target.condition is not None
    items = _items(resource, target, many)
    hit = [item for item in items if isinstance(item, dict) and matches(item, target.condition)]
    if target.sub is not None:
        for item in hit:
            item.pop(_key(item, target.sub, target.sub), None)
    else:
        items[:] = [item for item in items if item not in hit]


def _spelling(name: str) -> str:
    return _SPELLED.get(name, name)


_SPELLED = {
    name.lower(): name
    for name in (
        "userName", "displayName", "nickName", "profileUrl", "userType", "preferredLanguage", "externalId",
        "phoneNumbers", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix",
        "employeeNumber", "costCenter", ENTERPRISE,
    )
}  # fmt: skip
