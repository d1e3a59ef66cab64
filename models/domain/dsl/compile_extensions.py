"""Which extensions are around a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_COMPOSITE = ("do", "fork")


@dataclass(frozen=True, slots=True)
class Extension:
    """One of `use.extensions`: `index` and `name` say where it stands."""

    index: int
    name: str
    definition: Mapping[str, Any]

    @property
    def pointer(self) -> str:
        return f"/use/extensions/{self.index}/{self.name.replace('~', '~0').replace('/', '~1')}"

    def is_for(self, kind: str, inside: Sequence[str]) -> bool:
        """Whether it extends a task of this kind; `inside` names the extensions whose task that is."""
        wanted = self.definition["extend"]
        if inside:
            return wanted == "extension" and self.name not in inside
        return wanted in ("all", kind) or (wanted == "composite" and kind in _COMPOSITE)


def extensions_of(definition: Mapping[str, Any]) -> tuple[Extension, ...]:
    """In the order of the document; the first is the outermost."""
    named = (definition.get("use") or {}).get("extensions") or ()
    return tuple(Extension(index, name, found) for index, item in enumerate(named) for name, found in item.items())
