"""Random workflows over everything the engine can do, nested; the same for the same dice."""

from __future__ import annotations

from random import Random
from typing import Any

Task = dict[str, Any]
Tasks = list[dict[str, Task]]

SETS = ("${ . }", {"a": "${ .a }", "b": 1}, {"a": "${ [.] | length }"}, {"a": "${ $input }"}, {"c": "${ $context }"})
BODIES = ("${ . }", {"a": "${ .a }"}, 1, "text", None)
CONDITIONS = ("true", "false", ". == null", ".a == 1", '(. | type) == "object"', "$context == 1", "$context != 1")
SHAPES = ("{a: 1}", ".", "$input", "[.]", ".a", "{a: .}")
LISTS = ("[1, 2]", "[]", "[7, 8, 9]", "[.]")
RETRIES: tuple[Task, ...] = (
    {"delay": "PT1S", "limit": {"attempt": {"count": 2}}},
    {"limit": {"attempt": {"count": 1}}},
    {"delay": {"milliseconds": 200}, "backoff": {"exponential": {}}, "limit": {"attempt": {"count": 3}}},
    {"delay": {"milliseconds": 300}, "backoff": {"linear": {}}, "jitter": {"from": "PT0S", "to": "PT1S"},
     "limit": {"attempt": {"count": 2}}},
)  # fmt: skip
TIMED_RETRIES: tuple[Task, ...] = (
    {"delay": "PT1S", "limit": {"duration": "PT3S"}},
    {"limit": {"attempt": {"count": 2, "duration": "PT1S"}}},
)
DEPTH = 3


class Grammar:
    """One document after another. With `is_steady`, what a run comes to does not depend on when things happen."""

    def __init__(
        self, dice: Random, is_steady: bool, emits: tuple[str, ...] = ("sim.note",), has_children: bool = False
    ) -> None:
        self._dice = dice
        self._has_children = has_children
        self._is_steady = is_steady
        self._emits = emits
        self._budget = 0
        self._forks = 0

    def document(self, namespace: str, name: str) -> dict[str, Any]:
        """A definition that validates."""
        self._budget = self._dice.choice((3, 6, 12, 20))
        head = {"dsl": "1.0.3", "namespace": namespace, "name": name, "version": "1.0.0"}
        found = {"document": head, "use": {"functions": {"helper": {"set": {"a": "${ .n }"}}}}, "do": self.tasks(0)}
        if not self._is_steady and self._chance(0.15):
            found["timeout"] = {"after": self._pick("PT1S", "PT5S")}
        return found

    def tasks(self, depth: int) -> Tasks:
        """A list of tasks, maybe with a jump back that ends."""
        names = [f"t{n}" for n in range(self._dice.randint(0 if depth else 1, 3))]
        found = [{name: self._task(depth, name != names[0])} for name in names]
        if found and not self._forks and self._chance(0.1):
            for one in found:
                for task in one.values():
                    task["output"] = {"as": "$input"}
                    task.pop("input", None)
                    task.pop("then", None)
            count = {"set": {"a": 1, "n": "${ (.n // 0) + 1 }"}}
            again = {"switch": [{"more": {"when": ".n < 3", "then": "count"}}, {"enough": {"then": "continue"}}]}
            found = [{"count": count}, *found, {"again": again}]
        return found

    def _task(self, depth: int, is_later: bool) -> Task:
        self._budget -= 1
        if depth < DEPTH and self._budget > 0 and self._chance(0.4):
            node = self._pick(self._do, self._for, self._fork, self._try, self._try)(depth + 1)
        elif self._is_steady and self._forks:
            node = self._pick(self._calm_set, self._wait, self._calm_call, self._notify)()
        else:
            node = self._pick(
                self._set, self._call, self._call, self._call, self._wait, self._raise, self._notify, self._emit,
                self._helper, self._switch, *(() if self._is_steady else (self._listen,)),
                *((self._child,) if self._has_children and not self._is_steady else ()),
            )()  # fmt: skip
        if self._is_steady and self._forks:
            return node
        return self._decorated(node, is_later)

    def _decorated(self, node: Task, is_later: bool) -> Task:
        match self._dice.randrange(14):
            case 0:
                node["if"] = self._pick(*CONDITIONS)
            case 1:
                node["output"] = {"as": self._pick(*SHAPES)}
            case 2:
                node["export"] = {"as": self._pick(".", "1", "$context", "{a: .}")}
            case 3:
                node["input"] = {"from": self._pick(*SHAPES)}
            case 4 if not self._forks:
                node["then"] = self._pick("exit", "continue", "end")
            case 5 if not self._is_steady:
                node["timeout"] = {"after": self._pick({"milliseconds": 400}, "PT2S")}
            case 6 if self._chance(0.3):
                node["input"] = {"schema": {"document": {"type": "object"}}}
        return node

    # ---------------------------------------------------------------- leaves

    def _set(self) -> Task:
        return {"set": self._pick(*SETS)}

    def _calm_set(self) -> Task:
        return {"set": {"a": self._dice.randrange(3)}}

    def _wait(self) -> Task:
        if self._chance(0.2):
            return {"wait": "PT1H"}
        return {"wait": self._pick("PT0S", {"milliseconds": 300}, "PT1S", "PT3S")}

    def _raise(self) -> Task:
        return {"raise": {"error": {"type": "https://e.example/raised", "status": self._pick(400, 503)}}}

    def _notify(self) -> Task:
        return {"call": "notify", "with": {"to": "all", "title": "T"}}

    def _emit(self) -> Task:
        event = {"source": "https://e.example", "type": self._pick(*self._emits), "data": self._pick(*BODIES[:3]),
                 "time": "2026-01-01T00:00:00Z"}  # fmt: skip
        return {"emit": {"event": {"with": event}}}

    def _helper(self) -> Task:
        return {"call": "helper", "with": {"n": self._pick("${ .a }", 5)}}

    def _switch(self) -> Task:
        return {"switch": [
            {"x": {"when": self._pick(*CONDITIONS), "then": "continue" if self._forks else self._pick("exit", "end")}},
            {"y": {"then": "continue"}},
        ]}  # fmt: skip

    def _listen(self) -> Task:
        one, other = {"with": {"type": "sim.note"}}, {"with": {"type": "sim.go", "source": "https://e.example"}}
        node: Task = {"listen": {"to": self._pick({"one": one}, {"any": [one, other]}, {"all": [one, other]})}}
        if self._chance(0.8):
            node["timeout"] = {"after": self._pick("PT1S", "PT4S")}
        return node

    def _child(self) -> Task:
        what = {"namespace": "ops", "name": self._pick("flow-0", "flow-0", "nobody"), "version": "1.0.0"}
        return {"run": {"workflow": {**what, "input": {"a": 1}}, "await": self._pick(True, True, False)}}

    def _calm_call(self) -> Task:
        return self._http("keyed", "ok")

    def _call(self) -> Task:
        hows = ("ok", "ok", "slow", "picky", "broken", *(() if self._is_steady else ("flaky",)))
        return self._http(self._pick("keyed", "plain"), self._pick(*hows))

    def _http(self, host: str, how: str) -> Task:
        arguments = {"method": "post", "endpoint": f"https://{host}.example/{how}", "body": self._pick(*BODIES)}
        policy = self._pick("retry", "stop")
        return {"call": "http", "with": arguments, "metadata": {"unknownOutcome": policy}}

    # ---------------------------------------------------------------- nests

    def _do(self, depth: int) -> Task:
        return {"do": self.tasks(depth)}

    def _for(self, depth: int) -> Task:
        node: Task = {"for": {"in": self._pick(*LISTS[: 3 if self._forks else 4])}, "do": self.tasks(depth)}
        if self._chance(0.3):
            node["while"] = self._pick("$index < 2", "true", "$item != 8")
        return node

    def _fork(self, depth: int) -> Task:
        self._forks += 1
        branches = self.tasks(depth)
        self._forks -= 1
        return {"fork": {"branches": branches, "compete": not self._is_steady and self._chance(0.5)}}

    def _try(self, depth: int) -> Task:
        catch: Task = {}
        if self._chance(0.4):
            catch["errors"] = {"with": {"status": self._pick(400, 404, 503)}}
        if self._chance(0.6):
            catch["retry"] = self._pick(*RETRIES, *(() if self._is_steady else TIMED_RETRIES))
        if self._chance(0.2):
            catch["when"] = self._pick("$error.status != 404", "$error.status == 503")
        if self._chance(0.5):
            catch["do"] = self.tasks(depth)
        return {"try": self.tasks(depth), "catch": catch}

    def _pick(self, *options: Any) -> Any:
        return self._dice.choice(options)

    def _chance(self, share: float) -> bool:
        return self._dice.random() < share
