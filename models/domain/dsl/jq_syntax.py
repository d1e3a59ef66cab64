"""Reads the part of jq that this module's neighbour can run; anything else is Unsupported and left to jq itself.

A program becomes nested tuples, the kind first: ("path", of, name), ("index", of, key), ("slice", of, from, to),
("each", of), ("literal", value), ("text", parts), ("variable", name), ("pipe", a, b), ("comma", a, b),
("binary", operator, a, b), ("minus", a), ("if", [(condition, then)...], otherwise), ("list", of or None),
("object", [(key, value)...]), ("call", name, [arguments]), ("identity",).
"""

from __future__ import annotations

import json
import re
from typing import Any

Node = tuple[Any, ...]

_TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<field>\.[A-Za-z_]\w*)|(?P<variable>\$[A-Za-z_]\w*)"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<quote>\")"
    r"|(?P<sign>\?//=?|//=|\|=|\+=|-=|\*=|/=|%=|==|!=|<=|>=|//|\.\.|::|[.\[\]|(){}:;,?+\-*/%<>=@])",
    re.ASCII,
)
_SPACE = re.compile(r"\s*", re.ASCII)
_PIECE = re.compile(r'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_POWER = {
    "|": 1, ",": 2, "//": 3, "or": 5, "and": 6, "==": 7, "!=": 7, "<": 7, "<=": 7, ">": 7, ">=": 7, "+": 8, "-": 8,
    "*": 9, "/": 9, "%": 9,
}  # fmt: skip
_RIGHT = frozenset(("|", "//"))
_COMPARISON = 7
_KEYWORDS = frozenset((
    "def", "as", "reduce", "foreach", "try", "catch", "label", "import", "include", "if", "then", "elif", "else", "end",
    "and", "or", "__loc__",
))  # fmt: skip
_LITERALS = {"null": None, "true": True, "false": False}
_MAX_DEPTH = 40
_MAX_INTEGER = 2**53


class Unsupported(Exception):
    """Not in the part of jq that is read here."""


def parse(text: str) -> Node:
    """The program; Unsupported when it needs jq itself."""
    reader = _Reader(text)
    found = reader.pipe(0)
    if reader.kind != "end":
        raise Unsupported(reader.mark)
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0
        self.kind, self.mark = "", ""
        self._read()

    def _read(self) -> str:
        """Goes on by one token; returns the one before."""
        before = self.mark
        space = _SPACE.match(self._text, self._place)
        assert space is not None
        self._place = space.end()
        if self._place >= len(self._text):
            self.kind, self.mark = "end", ""
            return before
        found = _TOKEN.match(self._text, self._place)
        if found is None or found.lastgroup is None:
            raise Unsupported(self._text[self._place])
        self.kind, self.mark, self._place = found.lastgroup, found[0], found.end()
        return before

    def _is(self, mark: str) -> bool:
        return self.mark == mark and self.kind in ("sign", "word", "quote")

    def _skip(self, mark: str) -> bool:
        if self._is(mark):
            self._read()
            return True
        return False

    def _need(self, mark: str) -> None:
        if not self._skip(mark):
            raise Unsupported(f"no {mark}")

    # ---------------------------------------------------------------- operators

    def pipe(self, least: int) -> Node:
        """An expression whose operators bind at least that strongly."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise Unsupported("too deep")
        left = ("minus", self.pipe(9)) if self._skip("-") else self._term()
        while self.kind in ("sign", "word") and _POWER.get(self.mark, -1) > max(least - 1, 0):
            left = self._operation(left)
        self._depth -= 1
        return left

    def _operation(self, left: Node) -> Node:
        operator = self._read()
        power = _POWER[operator]
        right = self.pipe(power if operator in _RIGHT else power + 1)
        if power == _COMPARISON and _POWER.get(self.mark) == _COMPARISON:
            raise Unsupported("two comparisons")
        if operator in ("|", ","):
            return ("pipe" if operator == "|" else "comma", left, right)
        return ("binary", operator, left, right)

    # ---------------------------------------------------------------- terms

    def _term(self) -> Node:
        found = self._head()
        while True:
            if self.kind == "field":
                found = ("path", found, self._read()[1:])
            elif self._is("["):
                found = self._bracket(found)
            elif self._is("."):
                self._read()
                if self._is('"'):
                    found = ("path", found, self._plain_text())
                elif not self._is("["):
                    raise Unsupported("a dot")
            elif self._is("?") or self._is("as"):
                raise Unsupported(self.mark)
            else:
                return found

    def _head(self) -> Node:
        if self.kind == "field":
            return ("path", ("identity",), self._read()[1:])
        if self.kind == "number":
            return ("literal", _number(self._read()))
        if self.kind == "variable":
            return ("variable", self._read()[1:])
        if self.kind == "quote":
            return self._string()
        if self.kind == "word":
            return self._word()
        if self._skip("."):
            return ("path", ("identity",), self._plain_text()) if self._is('"') else ("identity",)
        if self._skip("("):
            found = self.pipe(0)
            self._need(")")
            return found
        if self._skip("["):
            return self._list()
        if self._skip("{"):
            return self._object()
        raise Unsupported(self.mark)

    def _word(self) -> Node:
        if self._is("if"):
            return self._if()
        if self.mark in _KEYWORDS:
            raise Unsupported(self.mark)
        name = self._read()
        if name in _LITERALS:
            return ("literal", _LITERALS[name])
        arguments: list[Node] = []
        if self._skip("("):
            arguments.append(self.pipe(0))
            while self._skip(";"):
                arguments.append(self.pipe(0))
            self._need(")")
        if self._is("::"):
            raise Unsupported("::")
        return ("call", name, arguments)

    def _if(self) -> Node:
        cases = []
        self._need("if")
        while True:
            condition = self.pipe(0)
            self._need("then")
            cases.append((condition, self.pipe(0)))
            if not self._skip("elif"):
                break
        otherwise = self.pipe(0) if self._skip("else") else ("identity",)
        self._need("end")
        return ("if", cases, otherwise)

    def _list(self) -> Node:
        if self._skip("]"):
            return ("list", None)
        found = self.pipe(0)
        self._need("]")
        return ("list", found)

    def _bracket(self, of: Node) -> Node:
        self._need("[")
        if self._skip("]"):
            return ("each", of)
        if self._skip(":"):
            last = self.pipe(0)
            self._need("]")
            return ("slice", of, None, last)
        key = self.pipe(0)
        if self._skip(":"):
            until = None if self._is("]") else self.pipe(0)
            self._need("]")
            return ("slice", of, key, until)
        self._need("]")
        return ("index", of, key)

    def _object(self) -> Node:
        members: list[tuple[Node, Node]] = []
        while not self._skip("}"):
            if members:
                self._need(",")
            members.append(self._member())
        return ("object", members)

    def _member(self) -> tuple[Node, Node]:
        if self.kind == "variable":
            name = self._read()[1:]
            return ("literal", name), ("variable", name)
        if self._skip("("):
            key = self.pipe(0)
            self._need(")")
            self._need(":")
            return key, self._value()
        if self.kind == "quote":
            key = self._string()
        elif self.kind == "word":
            key = ("literal", self._read())
        else:
            raise Unsupported(self.mark)
        if self._skip(":"):
            return key, self._value()
        return key, ("index", ("identity",), key)

    def _value(self) -> Node:
        """What may stand in an object without brackets around it."""
        found = self._term()
        if not (self._is(",") or self._is("}")):
            raise Unsupported("an operator in an object")
        return found

    # ---------------------------------------------------------------- text

    def _plain_text(self) -> str:
        found = self._string()
        if found[0] != "literal":
            raise Unsupported("a computed name")
        return str(found[1])

    def _string(self) -> Node:
        parts: list[Node] = []
        while True:
            piece = _PIECE.match(self._text, self._place)
            assert piece is not None
            self._place = piece.end()
            if piece[0]:
                parts.append(("literal", _unescape(piece[0])))
            if self._text.startswith('"', self._place):
                self._place += 1
                self._read()
                break
            if not self._text.startswith("\\(", self._place):
                raise Unsupported("a string")
            self._place += 2
            self._read()
            parts.append(self.pipe(0))
            if not self._is(")"):
                raise Unsupported("a string")
        if not parts:
            return ("literal", "")
        return parts[0] if len(parts) == 1 and parts[0][0] == "literal" else ("text", parts)


def _unescape(piece: str) -> str:
    text: str = json.loads(f'"{piece}"')
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise Unsupported("a lone surrogate")
    return text


def _number(mark: str) -> int | float:
    value = float(mark)
    if value.is_integer() and abs(value) <= _MAX_INTEGER:
        return int(value)
    if not -1e300 < value < 1e300 or value.is_integer():
        raise Unsupported("a large number")
    return value
