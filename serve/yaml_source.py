"""YAML text to JSON values, by the core schema of YAML 1.2, with the place of each value in the text.

Of YAML it reads what JSON can say: one document, text as names, no tags of applications. So `on`, `no` and dates stay
text, and a name that comes twice is a fault. An alias counts as much as what it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from models.domain.errors import Fault, InvalidDefinition, LimitExceeded
from models.domain.limits import Limits
from serve.errors import pointer_of

Marks = dict[str, tuple[int, int]]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_NULL = re.compile(r"(?:null|Null|NULL|~|)")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?|[-+]?\.inf|\.nan", re.IGNORECASE)
_MAX_DIGITS = 400


@dataclass(slots=True)
class _Open:
    """A list or object that is being read; `key` is the name whose value comes next."""

    node: dict[str, Any] | list[Any]
    path: tuple[Any, ...]
    anchor: str | None
    before: tuple[int, int]
    key: str | None = None


@dataclass(slots=True)
class _Reader:
    limits: Limits
    marks: Marks = field(default_factory=dict)
    anchors: dict[str, tuple[Any, int, int]] = field(default_factory=dict)
    open: list[_Open] = field(default_factory=list)
    pending: set[str] = field(default_factory=set)
    nodes: int = 0
    size: int = 0
    result: Any = None


def read_yaml(text: str, limits: Limits) -> tuple[Any, Marks]:
    """The value of the text, and line and column (from 1) by pointer; InvalidDefinition or LimitExceeded."""
    reader = _Reader(limits)
    documents = 0
    try:
        for event in _events(text):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _fault(reader, event, "Send one document; there is another one here.")
            else:
                _take(reader, event)
    except yaml.MarkedYAMLError as error:
        raise _syntax(error.problem_mark or error.context_mark, error.problem or error.context or "") from None
    except yaml.YAMLError as error:
        raise InvalidDefinition(None, [Fault("", f"This is no YAML: {str(error).splitlines()[0]}.")]) from None
    if not documents:
        raise InvalidDefinition(None, [Fault("", "The document is empty.", 1, 1)])
    return reader.result, reader.marks


def _events(text: str) -> Iterator[Any]:
    loader = _Loader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _take(reader: _Reader, event: Any) -> None:
    if isinstance(event, yaml.AliasEvent):
        _alias(reader, event)
    elif isinstance(event, yaml.ScalarEvent):
        _scalar(reader, event)
    elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
        _begin(reader, event)
    elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
        done = reader.open.pop()
        if done.anchor is not None:
            _remember(reader, done.anchor, done.node, done.before)


def _begin(reader: _Reader, event: Any) -> None:
    is_map = isinstance(event, yaml.MappingStartEvent)
    if event.tag not in (None, "!", f"{_TAG}{'map' if is_map else 'seq'}"):
        raise _fault(reader, event, f"The tag {event.tag} is not known here; remove it.")
    _forbid_as_name(reader, event)
    if len(reader.open) >= reader.limits.max_definition_depth:
        _too_much(reader, event, "max_definition_depth")
    before = (reader.nodes, reader.size)
    if event.anchor is not None:
        # Until it is complete, an alias to it would make it endless.
        reader.anchors.pop(event.anchor, None)
        reader.pending.add(event.anchor)
    node: dict[str, Any] | list[Any] = {} if is_map else []
    path = _place(reader, event, node, 1, 2)
    reader.open.append(_Open(node, path, event.anchor, before))


def _scalar(reader: _Reader, event: Any) -> None:
    top = reader.open[-1] if reader.open else None
    if top is not None and isinstance(top.node, dict) and top.key is None:
        return _name(reader, top, event)
    before = (reader.nodes, reader.size)
    _place(reader, event, _resolve(reader, event), 1, len(event.value) + 2)
    if event.anchor is not None:
        _remember(reader, event.anchor, _resolve(reader, event), before)


def _name(reader: _Reader, top: _Open, event: Any) -> None:
    assert isinstance(top.node, dict)
    name = event.value
    path = (*top.path, name)
    if name in top.node:
        raise _fault(reader, event, f'The name "{name[:60]}" comes twice in this object; keep one.', path)
    top.key = name
    reader.marks[pointer_of(path)] = _where(event)
    if event.anchor is not None:
        _remember(reader, event.anchor, name, (reader.nodes, reader.size))


def _alias(reader: _Reader, event: Any) -> None:
    _forbid_as_name(reader, event)
    if event.anchor in reader.pending:
        raise _fault(reader, event, f"*{event.anchor} stands inside of what it stands for; that has no end.")
    if event.anchor not in reader.anchors:
        raise _fault(reader, event, f"There is no &{event.anchor} before this *{event.anchor}.")
    value, nodes, size = reader.anchors[event.anchor]
    _place(reader, event, value, nodes, size)


def _remember(reader: _Reader, anchor: str, value: Any, before: tuple[int, int]) -> None:
    reader.pending.discard(anchor)
    reader.anchors[anchor] = (value, reader.nodes - before[0], reader.size - before[1])


def _place(reader: _Reader, event: Any, value: Any, nodes: int, size: int) -> tuple[Any, ...]:
    """Puts a value where it belongs; its path."""
    reader.nodes += nodes
    reader.size += size
    if reader.nodes > reader.limits.max_definition_nodes:
        _too_much(reader, event, "max_definition_nodes")
    if reader.size > reader.limits.max_definition_bytes:
        _too_much(reader, event, "max_definition_bytes")
    if not reader.open:
        reader.result = value
        reader.marks[""] = _where(event)
        return ()
    top = reader.open[-1]
    if isinstance(top.node, list):
        path = (*top.path, len(top.node))
        top.node.append(value)
        reader.marks[pointer_of(path)] = _where(event)
        return path
    assert top.key is not None
    path, top.node[top.key], top.key = (*top.path, top.key), value, None
    return path


def _resolve(reader: _Reader, event: Any) -> Any:
    text, tag = event.value, event.tag
    if tag is None or tag == "!":
        return _plain(text) if event.implicit[0] and tag is None else text
    kind = tag.removeprefix(_TAG)
    if kind == "str":
        return text
    value = _plain(text)
    kinds: dict[str, Any] = {"null": type(None), "bool": bool, "int": int, "float": (int, float)}
    if kind not in kinds or tag == kind or not isinstance(value, kinds[kind]):
        raise _fault(reader, event, f"The tag {tag[:60]} is not possible here; remove it.")
    return value


def _plain(text: str) -> Any:
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text[0] in "tT"
    if len(text) > _MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan")) if _FLOAT.fullmatch(text) else text


def _forbid_as_name(reader: _Reader, event: Any) -> None:
    top = reader.open[-1] if reader.open else None
    if top is not None and isinstance(top.node, dict) and top.key is None:
        raise _fault(reader, event, "A name must be text.")


def _where(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _fault(reader: _Reader, event: Any, detail: str, path: tuple[Any, ...] | None = None) -> InvalidDefinition:
    if path is None:
        path = reader.open[-1].path if reader.open else ()
    return InvalidDefinition(None, [Fault(pointer_of(path), detail, *_where(event))])


def _syntax(mark: Any, problem: str) -> InvalidDefinition:
    where = (mark.line + 1, mark.column + 1) if mark is not None else (None, None)
    return InvalidDefinition(None, [Fault("", f"This is no YAML: {problem}.", *where)])


def _too_much(reader: _Reader, event: Any, name: str) -> None:
    line, _ = _where(event)
    limit = getattr(reader.limits, name)
    pointer = pointer_of(reader.open[-1].path) if reader.open else ""
    detail = f"The limit {name} of {limit:,} was exceeded in line {line}; aliases count as what they stand for."
    raise LimitExceeded(name, limit, detail, pointer)
