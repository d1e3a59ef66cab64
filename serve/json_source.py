"""Where the values of a JSON text stand in it; a name that comes twice is a fault."""

from __future__ import annotations

import json
import re

from models.domain.errors import Fault, InvalidDefinition
from serve.errors import pointer_of

Marks = dict[str, tuple[int, int]]

_TOKEN = re.compile(r'[\s,:]*([{}\[\]]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+)', re.DOTALL)


def json_marks(text: str) -> Marks:
    """Line and column (from 1) by pointer, of a text that is known to be JSON; of a member, those of its name."""
    marks: Marks = {}
    lines = _Lines(text)
    # Of each open list or object: its path, and the number of its items or the name whose value comes next.
    open_: list[tuple[tuple[str | int, ...], int | str | None]] = []
    for found in _TOKEN.finditer(text):
        word, start = found[1], found.start(1)
        if word in ("}", "]"):
            open_.pop()
            continue
        path: tuple[str | int, ...] = ()
        if open_:
            parent, state = open_[-1]
            if state is None:
                name = str(json.loads(word))
                if pointer_of((*parent, name)) in marks:
                    detail = f'The name "{name[:60]}" comes twice in this object; keep one.'
                    raise InvalidDefinition(None, [Fault(pointer_of((*parent, name)), detail, *lines.at(start))])
                marks[pointer_of((*parent, name))] = lines.at(start)
                open_[-1] = (parent, name)
                continue
            path = (*parent, state)
            open_[-1] = (parent, state + 1 if isinstance(state, int) else None)
        marks.setdefault(pointer_of(path), lines.at(start))
        if word in ("{", "["):
            open_.append((path, None if word == "{" else 0))
    return marks


class _Lines:
    """Counts lines of a text from its start on; asked for growing places only."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line, self._start, self._end = 1, 0, text.find("\n")

    def at(self, place: int) -> tuple[int, int]:
        while 0 <= self._end < place:
            self._line, self._start = self._line + 1, self._end + 1
            self._end = self._text.find("\n", self._start)
        return self._line, place - self._start + 1
