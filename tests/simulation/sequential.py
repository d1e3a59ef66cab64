"""A model of the language in a hundred lines: what a run of sequential tasks comes to, without journal, events or time.

It shares nothing with the engine: its expressions are Python functions beside the text that the engine reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = Any
Task = dict[str, Any]
Tasks = list[dict[str, Task]]
MOST_VISITS = 2_000


class Raised(Exception):
    """An error of the language: type and status."""

    def __init__(self, kind: str, status: int) -> None:
        super().__init__(kind, status)
        self.kind, self.status = kind, status


class GoesOn(Exception):
    """The workflow does not end."""


@dataclass(frozen=True)
class Place:
    """What an expression sees."""

    data: Json
    input: Json
    context: Json
    item: Json = None
    index: Json = None
    error: Raised | None = None


def wrong() -> Raised:
    return Raised("https://serverlessworkflow.io/spec/1.0.0/errors/expression", 400)


def _a(data: Json) -> Json:
    if data is None:
        return None
    if not isinstance(data, dict):
        raise wrong()
    return data.get("a")


def _plus(data: Json) -> Json:
    value = _a(data)
    if value is None:
        return 1
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong()
    return value + 1


EXPRESSIONS: dict[str, Callable[[Place], Json]] = {
    ".": lambda p: p.data,
    ".a": lambda p: _a(p.data),
    ".a + 1": lambda p: _plus(p.data),
    "{a: .}": lambda p: {"a": p.data},
    "[.]": lambda p: [p.data],
    "$input": lambda p: p.input,
    "$context": lambda p: p.context,
    "$item": lambda p: p.item,
    "null": lambda p: None,
    "true": lambda p: True,
    "[1, 2, 3]": lambda p: [1, 2, 3],
    "[]": lambda p: [],
    ". == null": lambda p: p.data is None,
    "$context == null": lambda p: p.context is None,
    "$index < 2": lambda p: (p.index is None) or p.index < 2,
    ".a == 1": lambda p: _a(p.data) == 1 and _a(p.data) is not True,
    "$error.status == 503": lambda p: p.error is not None and p.error.status == 503,
}


class Model:
    """Runs a definition."""

    def __init__(self) -> None:
        self.context: Json = None
        self._visits = 0
        self._around: tuple[Json, Json] = (None, None)

    def run(self, tasks: Tasks, given: Json) -> Json:
        """The output; Raised when the run faults."""
        self.context = given
        return self._list(tasks, given)[0]

    def _list(self, tasks: Tasks, flow: Json, error: Raised | None = None) -> tuple[Json, str]:
        names = [next(iter(task)) for task in tasks]
        at = 0
        while at < len(tasks):
            flow, then = self._task(tasks[at][names[at]], flow, error)
            if then in ("end", "exit"):
                return flow, "end" if then == "end" else "continue"
            at = at + 1 if then == "continue" else names.index(then)
        return flow, "continue"

    def _task(self, node: Task, raw: Json, error: Raised | None) -> tuple[Json, str]:
        self._visits += 1
        if self._visits > MOST_VISITS:
            raise GoesOn
        if "if" in node and self._eval(node["if"], raw, None, error) in (None, False):
            return raw, "continue"
        found = self._eval(node["input"]["from"], raw, None, error) if "input" in node else raw
        output, then = self._do(node, found, error)
        if "output" in node:
            output = self._eval(node["output"]["as"], output, found, error)
        if "export" in node:
            self.context = self._eval(node["export"]["as"], output, found, error)
        return output, then or node.get("then", "continue")

    def _do(self, node: Task, found: Json, error: Raised | None) -> tuple[Json, str | None]:
        """What the task itself does: its output, and where to go on if it says so."""
        if "set" in node:
            return self._fill(node["set"], found, error), None
        if "raise" in node:
            raise Raised(node["raise"]["error"]["type"], node["raise"]["error"]["status"])
        if "switch" in node:
            return found, self._switch(node["switch"], found, error)
        if "for" in node:
            return self._for(node, found, error)
        if "try" in node:
            return self._try(node, found)
        if "do" in node:
            output, then = self._list(node["do"], found, error)
            return output, "end" if then == "end" else None
        return found, None

    def _switch(self, cases: list[dict[str, Any]], found: Json, error: Raised | None) -> str | None:
        default = None
        for case in (next(iter(one.values())) for one in cases):
            if "when" not in case:
                default = case["then"]
            elif self._eval(case["when"], found, found, error) not in (None, False):
                return str(case["then"])
        return default

    def _for(self, node: Task, found: Json, error: Raised | None) -> tuple[Json, str | None]:
        items, flow, outside = self._eval(node["for"]["in"], found, found, error), found, self._around
        if not isinstance(items, list):
            raise wrong()
        try:
            for index, item in enumerate(items if node["do"] else []):
                self._around = (item, index)
                if "while" in node and self._eval(node["while"], flow, found, error) in (None, False):
                    break
                flow, then = self._list(node["do"], flow, error)
                if then == "end":
                    return flow, "end"
        finally:
            self._around = outside
        return flow, None

    def _try(self, node: Task, found: Json) -> tuple[Json, str | None]:
        catch, tries = node["catch"], 0
        while True:
            try:
                output, then = self._list(node["try"], found)
                return output, "end" if then == "end" else None
            except Raised as raised:
                error, tries = raised, tries + 1
            if not self._is_caught(catch, found, error):
                raise error
            if tries > catch.get("retry", {}).get("limit", {}).get("attempt", {}).get("count", 0):
                break
        if not catch.get("do"):
            if "retry" in catch:
                raise error
            return found, None
        output, then = self._list(catch["do"], found, error)
        return output, "end" if then == "end" else None

    def _is_caught(self, catch: dict[str, Any], found: Json, error: Raised) -> bool:
        wanted = catch.get("errors", {}).get("with", {})
        if wanted.get("status", error.status) != error.status:
            return False
        return "when" not in catch or self._eval(catch["when"], found, found, error) not in (None, False)

    def _fill(self, value: Json, found: Json, error: Raised | None) -> Json:
        if isinstance(value, dict):
            return {name: self._fill(child, found, error) for name, child in value.items()}
        if isinstance(value, str) and value.startswith("${ "):
            return self._eval(value[3:-2], found, found, error)
        return value

    def _eval(self, text: str, data: Json, given: Json, error: Raised | None) -> Json:
        item, index = self._around
        return EXPRESSIONS[text](Place(data, given, self.context, item, index, error))


class Programs:
    """Random definitions for the model; `pick` chooses one of several."""

    def __init__(self, pick: Callable[[tuple[Any, ...]], Any]) -> None:
        self._pick = pick
        self._loops = 0

    def tasks(self, depth: int = 0) -> Tasks:
        """A list of tasks."""
        count = self._pick((1, 2, 3) if depth == 0 else (0, 1, 2, 3))
        found = [{f"t{n}": self._task(depth)} for n in range(count)]
        if count and self._pick((True, *(False,) * 6)):
            back = {"when": self._pick(("$context == null", ". == null", ".a == 1")), "then": "t0"}
            found.append({"again": {"switch": [{"back": back}]}})
        return found

    def _task(self, depth: int) -> Task:
        kinds = ("set", "set", "raise", "wait", "switch") + (("do", "for", "try", "try") if depth < 3 else ())
        node: Task = getattr(self, f"_{self._pick(kinds)}")(depth + 1)
        shapes = (".", ".a", "{a: .}", "[.]", "$context", ".a + 1")
        match self._pick(tuple(range(10))):
            case 0:
                node["if"] = self._pick(("true", "null", ". == null", ".a == 1", "$context == null"))
            case 1:
                node["input"] = {"from": self._pick(shapes)}
            case 2:
                node["output"] = {"as": self._pick((*shapes, "$input"))}
            case 3:
                node["export"] = {"as": self._pick((*shapes, "$input"))}
            case 4:
                node["output"], node["export"] = {"as": self._pick(shapes)}, {"as": self._pick(shapes)}
            case 5:
                node["then"] = self._pick(("continue", "exit", "end"))
        return node

    def _set(self, depth: int) -> Task:
        item = ("${ $item }",) if self._loops else ()
        value = self._pick(("${ . }", "${ .a }", "${ .a + 1 }", "${ $input }", "${ $context }", 1, *item))
        return {"set": {"a": value, "b": 1} if self._pick((True, True, False)) else {"c": {"a": value}}}

    def _raise(self, depth: int) -> Task:
        return {"raise": {"error": {"type": "https://e.example/raised", "status": self._pick((400, 404, 503))}}}

    def _wait(self, depth: int) -> Task:
        return {"wait": self._pick(("PT1S", "PT0S", "PT5S"))}

    def _switch(self, depth: int) -> Task:
        conditions = ("true", "null", ". == null", ".a == 1", "$context == null")
        cases: list[dict[str, Any]] = [
            {f"c{n}": {"when": self._pick(conditions), "then": self._pick(("continue", "exit", "end"))}}
            for n in range(self._pick((1, 2)))
        ]
        if self._pick((True, False)):
            cases.insert(self._pick((0, len(cases))), {"else": {"then": self._pick(("continue", "exit", "end"))}})
        return {"switch": cases}

    def _do(self, depth: int) -> Task:
        return {"do": self.tasks(depth)}

    def _for(self, depth: int) -> Task:
        self._loops += 1
        node: Task = {"for": {"in": self._pick(("[1, 2, 3]", "[]", "[.]", ".a"))}, "do": self.tasks(depth)}
        self._loops -= 1
        if self._pick((True, False, False)):
            node["while"] = self._pick(("$index < 2", "true", ". == null", ".a == 1"))
        return node

    def _try(self, depth: int) -> Task:
        catch: dict[str, Any] = {}
        if self._pick((True, False)):
            catch["errors"] = {"with": {"status": self._pick((400, 404, 503))}}
        if self._pick((True, False, False)):
            catch["when"] = self._pick(("$error.status == 503", "true", ".a == 1"))
        if self._pick((True, False)):
            catch["retry"] = {"delay": self._pick(("PT0S", "PT1S")), "limit": {"attempt": {"count": 2}}}
        if self._pick((True, False)):
            catch["do"] = self.tasks(depth)
        return {"try": self.tasks(depth), "catch": catch}
