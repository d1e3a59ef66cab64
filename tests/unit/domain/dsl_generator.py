"""Makes valid documents of the DSL out of a seed."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.unit.domain.dsl_documents import DOCUMENT

_JQ = (".", ".a", ".a.b", ".a + 1", "$context", "$input.x", "[.[]?]", '"x\\(.a)"', "true", "null", ". # c")
USE = {
    "timeouts": {"short": {"after": "PT5S"}},
    "errors": {"broken": {"type": "https://x.example/b", "status": 500}},
    "retries": {"often": {"delay": "PT1S"}},
    "functions": {"helper": {"set": {"x": "${ .n }"}}},
    "authentications": {"pass": {"basic": {"username": "u", "password": "p"}}},
}


class Generator:
    """One document after another; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._leaves = (self._set, self._wait, self._raise, self._http, self._predict, self._notify, self._helper,
                        self._emit, self._switch)  # fmt: skip
        self._composites = (self._do, self._for, self._fork, self._try)

    def document(self) -> dict[str, Any]:
        return {"document": dict(DOCUMENT), "use": USE, "do": self.tasks(0)}

    def tasks(self, depth: int) -> list[Any]:
        names = self._random.sample(["a", "b", "c/d", "e f", "g~h"], self._random.randint(0 if depth else 1, 3))
        return [{name: self._task(depth, names)} for name in names]

    def _task(self, depth: int, names: list[str]) -> dict[str, Any]:
        if depth < 3 and self._chance(0.35):
            node = self._pick(*self._composites)(depth + 1)
        else:
            node = self._pick(*self._leaves)()
        self._maybe(node, "if", self._expression)
        self._maybe(node, "input", lambda: self._flow("from"))
        self._maybe(node, "output", lambda: self._flow("as"))
        self._maybe(node, "export", lambda: {"as": self._expression()})
        self._maybe(node, "timeout", lambda: self._pick("short", {"after": self._duration()}))
        self._maybe(node, "then", lambda: self._pick("continue", "exit", "end"))
        self._maybe(node, "metadata", lambda: {"note": 1})
        return node

    # kinds -----------------------------------------------------------------------------------------

    def _set(self) -> dict[str, Any]:
        return {"set": self._pick(self._expression(), {"x": self._value(), "y": self._value()})}

    def _wait(self) -> dict[str, Any]:
        return {"wait": self._duration()}

    def _raise(self) -> dict[str, Any]:
        error = {"type": "https://x.example/e", "status": 404, "title": self._marked()}
        return {"raise": {"error": self._pick("broken", error)}}

    def _http(self) -> dict[str, Any]:
        endpoints = ("https://x.example/{a}", "${ .url }",
                     {"uri": "http://x.example", "authentication": {"use": "pass"}},
                     {"uri": "${ .url }", "authentication": {"bearer": {"token": "${ .t }"}}})  # fmt: skip
        arguments: dict[str, Any] = {"method": self._pick("get", "POST"), "endpoint": self._pick(*endpoints)}
        self._maybe(arguments, "headers", lambda: self._pick(self._marked(), {"x": self._marked(), "y": "z"}))
        self._maybe(arguments, "query", lambda: self._pick(self._marked(), {"x": 5, "y": [1, "z"]}))
        self._maybe(arguments, "body", self._value)
        self._maybe(arguments, "output", lambda: self._pick("raw", "content", "response"))
        self._maybe(arguments, "redirect", lambda: self._chance(0.5))
        return {"call": "http", "with": arguments}

    def _predict(self) -> dict[str, Any]:
        return {"call": "predict", "with": {"model": self._pick("m", "${ .m }"), "inputs": self._value()}}

    def _notify(self) -> dict[str, Any]:
        return {"call": "notify", "with": {"to": self._pick("all", "role:admin", "${ .to }"), "title": "${ .t }"}}

    def _helper(self) -> dict[str, Any]:
        return {"call": "helper", "with": {"n": self._value()}}

    def _emit(self) -> dict[str, Any]:
        return {"emit": {"event": {"with": {"source": "https://x.example", "type": "x.y", "data": self._value()}}}}

    def _switch(self) -> dict[str, Any]:
        return {"switch": [{"x": {"when": self._expression(), "then": "end"}}, {"y": {"then": "continue"}}]}

    def _do(self, depth: int) -> dict[str, Any]:
        return {"do": self.tasks(depth)}

    def _for(self, depth: int) -> dict[str, Any]:
        node = {"for": {"in": self._expression()}, "do": self.tasks(depth)}
        self._maybe(node, "while", lambda: "$item != $index")
        return node

    def _fork(self, depth: int) -> dict[str, Any]:
        return {"fork": {"branches": self.tasks(depth), "compete": self._chance(0.5)}}

    def _try(self, depth: int) -> dict[str, Any]:
        catch: dict[str, Any] = {}
        self._maybe(catch, "errors", lambda: {"with": {"status": 404, "type": "https://x.example/e"}})
        self._maybe(catch, "when", lambda: "$error.status != 5")
        self._maybe(catch, "retry", lambda: self._pick("often", self._retry()))
        self._maybe(catch, "do", lambda: self.tasks(depth))
        return {"try": self.tasks(depth), "catch": catch}

    def _retry(self) -> dict[str, Any]:
        policy: dict[str, Any] = {}
        self._maybe(policy, "delay", self._duration)
        self._maybe(policy, "backoff", lambda: {self._pick("constant", "exponential", "linear"): {}})
        self._maybe(
            policy, "limit", lambda: {"attempt": {"count": 3, "duration": self._duration()}, "duration": "PT1M"}
        )
        self._maybe(policy, "jitter", lambda: {"from": "PT0S", "to": "PT1S"})
        return policy

    # pieces ----------------------------------------------------------------------------------------

    def _pick(self, *options: Any) -> Any:
        return self._random.choice(options)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _maybe(self, node: dict[str, Any], key: str, make: Any) -> None:
        if self._chance(0.25):
            node[key] = make()

    def _marked(self) -> str:
        return f"${{ {self._pick(*_JQ[:-1])} }}"

    def _expression(self) -> str:
        return self._pick(self._pick(*_JQ), self._marked())

    def _duration(self) -> Any:
        return self._pick("PT1S", "P1DT2H", {"seconds": 1}, {"days": 1, "milliseconds": 5}, "${ .wait }")

    def _flow(self, transform: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._maybe(found, transform, lambda: self._pick(self._expression(), {"x": self._value()}))
        self._maybe(found, "schema", lambda: {"document": {"type": "object", "required": ["x"]}})
        return found

    def _value(self, depth: int = 0) -> Any:
        if depth < 2 and self._chance(0.4):
            return self._pick([self._value(depth + 1)], {"k": self._value(depth + 1)})
        return self._pick(None, True, 3, 1.5, "text", "a ${ .b } c", self._marked())
