"""Named SQL: each file of storage/sql holds statements under `-- name: ...` lines, read once at import."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def parse(text: str) -> dict[str, str]:
    """The statements of one file by name; ValueError when a name comes twice."""
    parts = _NAME.split(text)
    found: dict[str, str] = {}
    for name, statement in zip(parts[1::2], parts[2::2], strict=True):
        if name in found:
            raise ValueError(f"the statement {name} is there twice")
        found[name] = statement.strip().rstrip(";")
    return found


def load(noun: str) -> Mapping[str, str]:
    """The statements of storage/sql/<noun>.sql."""
    return MappingProxyType(parse(files("storage").joinpath("sql", f"{noun}.sql").read_text()))
