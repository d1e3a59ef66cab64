"""Workflow definitions from request bodies: YAML or JSON in, a checked version out, every fault on its line."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import Any

import orjson
from fastapi import Request

from models.domain.dsl.validation import check_definition
from models.domain.errors import Fault, InvalidDefinition
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from models.domain.triggers import triggers_of
from serve.body import media_type, strict_json
from serve.errors import MalformedBody, UnsupportedMediaType
from serve.json_source import json_marks
from serve.records import NewVersion
from serve.yaml_source import Marks, read_yaml

EXAMPLE = """\
document:
  dsl: '1.0.3'
  namespace: ops
  name: late-flights
  version: 1.0.0
  title: Tell the desk about late flights
schedule:
  on:
    one:
      with:
        type: com.example.flight.departed
do:
  - predictDelay:
      input:
        from: .[0].data
      call: predict
      with:
        model: flight-delay
        inputs: ${ . }
      output:
        as: '{ flight: $input, minutes: .minutes }'
  - isLate:
      switch:
        - late:
            when: .minutes > 30
            then: tellDesk
        - default:
            then: end
  - tellDesk:
      call: notify
      with:
        to: role:operator
        title: ${ "Flight \\(.flight.number) will be late" }
        severity: warning
"""
_YAML = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/vnd.yaml"})


async def read_definition(request: Request, limits: Limits) -> NewVersion:
    """The body as a new version; InvalidDefinition has every fault with pointer, line and column."""
    raw = await request.body()
    media = media_type(request)
    # Large documents take a while; the loop serves others meanwhile.
    return await asyncio.to_thread(parse_definition, raw, media, limits)


def parse_definition(raw: bytes, media: str, limits: Limits) -> NewVersion:
    """Text of a media type to a new version; UnsupportedMediaType, InvalidDefinition or LimitExceeded."""
    is_json = media == "application/json" or media.endswith("+json")
    if not is_json and media not in _YAML and not media.endswith("+yaml"):
        raise UnsupportedMediaType(f"Send application/yaml or application/json, not {media or 'nothing'}.")
    text = _decode(raw)
    definition, marks = _read_json(text, limits) if is_json else read_yaml(text, limits)
    faults = check_definition(definition, limits)
    if faults:
        raise InvalidDefinition(_summary(faults), [_placed(fault, marks) for fault in faults])
    return _version(definition, "application/json" if is_json else "application/yaml", text)


def content_hash(definition: Any) -> bytes:
    """SHA-256 over the canonical JSON of a definition: equal for documents that say the same."""
    return hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)).digest()


def _version(definition: dict[str, Any], media: str, text: str) -> NewVersion:
    document = definition["document"]
    return NewVersion(
        ref=WorkflowRef(document["namespace"], document["name"], document["version"]),
        title=document.get("title", ""),
        summary=document.get("summary", ""),
        media_type=media,
        source=text,
        definition=definition,
        content_hash=content_hash(definition),
        triggers=triggers_of(definition),
    )


def _decode(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidDefinition(None, [Fault("", "The text is not UTF-8.", line, 1)]) from None
    if not text.strip():
        raise InvalidDefinition(None, [Fault("", "The document is empty.", 1, 1)])
    return text


def _read_json(text: str, limits: Limits) -> tuple[Any, Marks]:
    try:
        value = strict_json(text.encode(), limits)
    except MalformedBody as error:
        raise InvalidDefinition(None, error.faults) from None
    return value, json_marks(text)


def _placed(fault: Fault, marks: Marks) -> Fault:
    """The fault with the line of what it is about, or of the nearest thing around that is in the text."""
    pointer = fault.pointer
    while pointer and pointer not in marks:
        pointer = pointer.rpartition("/")[0]
    line, column = marks.get(pointer, (1, 1))
    return replace(fault, line=line, column=column)


def _summary(faults: list[Fault]) -> str:
    if len(faults) == 1:
        return "The workflow definition has a fault."
    return f"The workflow definition has {len(faults)} faults."
