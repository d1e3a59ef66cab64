"""Finds the route of a request word by word, and answers errors; what a list of patterns tried in turn would cost grows
with the number of routes, and was a quarter of a read that the cache answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.errors import ANSWERED, answer_of
from serve.guard import GuardedRoute


class _Place(NamedTuple):
    """A route, and what the variable words of its path are called."""

    route: GuardedRoute
    names: tuple[str, ...]


class _Node:
    """What can follow after some words of a path."""

    __slots__ = ("any_word", "places", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.any_word: _Node | None = None
        self.places: dict[str, _Place] = {}

    def next(self, pattern: str) -> _Node:
        """The node after one word of a route's path."""
        if not pattern.startswith("{"):
            return self.words.setdefault(pattern, _Node())
        if self.any_word is None:
            self.any_word = _Node()
        return self.any_word

    def find(self, words: list[str], at: int, taken: list[str]) -> _Node | None:
        """The node of these words; a word that a route names goes before a variable one."""
        if at == len(words):
            return self if self.places else None
        word = words[at]
        named = self.words.get(word)
        if named is not None:
            found = named.find(words, at + 1, taken)
            if found is not None:
                return found
        if self.any_word is None or not word:
            return None
        taken.append(word)
        found = self.any_word.find(words, at + 1, taken)
        if found is None:
            taken.pop()
        return found


class Dispatch:
    """The innermost application: routes by path and method, `default` for every other path."""

    def __init__(self, routes: Iterable[Any], default: ASGIApp) -> None:
        self.default = default
        self._root = _Node()
        for route in routes:
            self._add(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._serve(scope, receive, send)
        except ANSWERED as error:
            await answer_of(Request(scope, receive), error)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken: list[str] = []
        node = self._root.find(scope["path"].split("/"), 0, taken)
        if node is None:
            await self.default(scope, receive, send)
            return
        place = node.places.get(scope["method"])
        if place is None:
            raise HTTPException(405, headers=_allowed(node.places))
        route = place.route
        scope["route"], scope["endpoint"] = route, route.endpoint
        scope["path_params"] = dict(zip(place.names, taken, strict=True))
        await route.app(scope, receive, send)

    def _add(self, route: Any) -> None:
        if not isinstance(route, GuardedRoute):
            raise TypeError(f"{route!r} is not a GuardedRoute")
        node, names = self._root, []
        for word in route.path.split("/"):
            if word.startswith("{"):
                if not word.endswith("}") or ":" in word:
                    raise TypeError(f"{route.path}: a variable stands for one whole word")
                names.append(word[1:-1])
            node = node.next(word)
        for method in route.methods or ():
            if method in node.places:
                raise TypeError(f"{method} {route.path} is there twice")
            node.places[method] = _Place(route, tuple(names))


def _allowed(places: Mapping[str, _Place]) -> dict[str, str]:
    return {"allow": ", ".join(sorted(places))}
