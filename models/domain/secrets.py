"""Secrets inside workflows: expressions see references, which become values only where a call leaves.

A reference is text, so that it may be a part of other text (`"Bearer " + $secrets.token`). It names the run and carries
a mark that only this installation can make: text that comes in from outside is never taken for one, and a reference
copied from the journal of one run means nothing in another.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

SECRET_MARK = "tidewire-secret:"  # noqa: S105 - what a reference begins with
_REFERENCE = re.compile(SECRET_MARK + r"([0-9a-f]{32}):([A-Za-z0-9_-]{1,2000}):([0-9a-f]{32});")
_USE = re.compile(r"""\$secrets((?:\.[A-Za-z_]\w*|\.?\["[^"\\]+"\]|\."[^"\\]+")+)""", re.ASCII)
_PART = re.compile(r"""[A-Za-z_]\w*|"[^"\\]+\"""", re.ASCII)

Path = tuple[str, ...]


def secret_context(tenant_id: UUID, name: str) -> str:
    """What the sealed value of a secret is bound to."""
    return f"secret:{tenant_id}:{name}"


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in text where a secret stands: the name, then the member of it if there is more than one."""

    start: int
    end: int
    path: Path


class SecretReferences:
    """Makes references and finds them again; `key` is the installation's own."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "SecretReferences()"

    def of(self, run_id: UUID, paths: Iterable[Path]) -> dict[str, Any]:
        """What `$secrets` shows in this run: references, in objects where members of secrets are used."""
        shown: dict[str, Any] = {}
        for path in sorted(paths, key=len):
            *above, last = path
            place = shown
            for name in above:
                inner = place.get(name)
                if not isinstance(inner, dict):
                    inner = place[name] = {}
                place = inner
            place[last] = self._make(run_id, path)
        return shown

    def find(self, text: str, run_id: UUID) -> Iterator[Reference]:
        """The references of this run in a text, in order."""
        for match in _REFERENCE.finditer(text):
            path = _decoded(match[2])
            if match[1] == run_id.hex and path and hmac.compare_digest(match[3], self._mark(match[1], match[2])):
                yield Reference(match.start(), match.end(), path)

    def moved(self, value: Any, old: UUID, new: UUID) -> Any:
        """JSON with the references of one run made those of another, which has copied what the first one knew."""
        if isinstance(value, str):
            return self._moved_text(value, old, new) if SECRET_MARK in value else value
        if isinstance(value, dict):
            return {name: self.moved(child, old, new) for name, child in value.items()}
        if isinstance(value, list):
            return [self.moved(child, old, new) for child in value]
        return value

    def _moved_text(self, text: str, old: UUID, new: UUID) -> str:
        parts, at = [], 0
        for found in self.find(text, old):
            parts += [text[at : found.start], self._make(new, found.path)]
            at = found.end
        return "".join([*parts, text[at:]])

    def _make(self, run_id: UUID, path: Path) -> str:
        body = base64.urlsafe_b64encode(json.dumps(path).encode()).decode().rstrip("=")
        return f"{SECRET_MARK}{run_id.hex}:{body}:{self._mark(run_id.hex, body)};"

    def _mark(self, run: str, body: str) -> str:
        return hmac.new(self._key, f"{run}:{body}".encode(), "sha256").hexdigest()[:32]


def claimed_runs(text: str) -> set[UUID]:
    """The runs that references in a text say they belong to; whether they do is for the caller to find out."""
    return {UUID(hex=match[1]) for match in _REFERENCE.finditer(text)}


def secret_paths(definition: Mapping[str, Any]) -> tuple[Path, ...]:
    """Which secrets the expressions of a definition use, and which members of them."""
    names = (definition.get("use") or {}).get("secrets") or []
    if not names:
        return ()
    found: dict[Path, None] = dict.fromkeys((name,) for name in names if isinstance(name, str))
    for text in _texts(definition):
        for match in _USE.finditer(text):
            path = tuple(part.strip('"') for part in _PART.findall(match[1]))
            if path[0] in names:
                found[path] = None
    return tuple(found)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        if "$secrets" in node:
            yield node
    elif isinstance(node, Mapping):
        for child in node.values():
            yield from _texts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _texts(child)


def _decoded(body: str) -> Path:
    try:
        path = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except ValueError:
        return ()
    is_path = isinstance(path, list) and all(isinstance(part, str) for part in path)
    return tuple(path) if is_path else ()
