"""A definition becomes a Workflow: tasks with their pointers, lists, variables and expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from models.domain.dsl import compile_awaits, nodes
from models.domain.dsl.compile_calls import CALLS
from models.domain.dsl.compile_extensions import Extension, extensions_of
from models.domain.dsl.compile_parts import Parts
from models.domain.dsl.compile_tasks import KINDS, Built, with_check
from models.domain.dsl.expressions import InProcessJq, JqRunner
from models.domain.dsl.nodes import CONTINUE, END, EXIT, ROOT, DataFlow, Task, TaskList, Workflow
from models.domain.dsl.nodes_calls import ITERATING
from models.domain.dsl.nodes_extension import Extended
from models.domain.errors import Fault, InvalidDefinition
from models.domain.limits import Limits
from models.domain.secrets import secret_paths

_BUILDERS = {**KINDS, **CALLS, "listen": compile_awaits.listen, "run": compile_awaits.run}
_KINDS = ("call", "do", "emit", "fork", "listen", "raise", "run", "set", "switch", "try", "wait")


def compile_workflow(
    definition: Mapping[str, Any],
    limits: Limits = Limits(),  # noqa: B008
    jq_runner: JqRunner | None = None,
) -> Workflow:
    """A workflow that can run; the definition has passed validation.

    InvalidDefinition, with the pointer, for what is not valid after all or not supported. The result is immutable
    and may be shared by all runs of this version; its expressions are compiled when they are first used. Programs that
    need jq itself go to `jq_runner`, by default to jq in this process (see expressions.py for what that means).
    """
    compiler = _Compiler(definition, jq_runner or InProcessJq(), limits)
    try:
        return compiler.workflow()
    except InvalidDefinition as error:
        raise InvalidDefinition(error.detail, [Fault(compiler.pointer, error.detail)]) from None
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError) as error:
        what = f"The definition is not valid: {type(error).__name__} {error}"
        raise InvalidDefinition(what, [Fault(compiler.pointer, what)]) from error


@dataclass(frozen=True, slots=True)
class _Where:
    """The place of a list of tasks."""

    parent: str
    part: str
    pointer: str
    depth: int
    variables: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    functions: tuple[str, ...] = ()
    # As pointer, without what extensions add to it.
    reference: str | None = None
    extensions: tuple[str, ...] = ()
    extends: Task | None = None


class _Compiler:
    def __init__(self, definition: Mapping[str, Any], jq_runner: JqRunner, limits: Limits) -> None:
        self.definition = definition
        self.jq_runner = jq_runner
        self.limits = limits
        self.tasks: dict[str, Task] = {}
        self.pointer = ""
        self.extensions: tuple[Extension, ...] = ()

    def workflow(self) -> Workflow:
        parts = self._parts()
        self.extensions = extensions_of(self.definition)
        root = nodes.Root(
            pointer=ROOT, name="", index=0, definition=self.definition, parent=ROOT, part="do", depth=0,
            siblings=TaskList(), variables={},
            input=self._flow(parts, self.definition, "input", "from"),
            output=self._flow(parts, self.definition, "output", "as"),
            timeout=parts.timeout(self.definition.get("timeout")),
        )  # fmt: skip
        self.tasks[ROOT] = root
        root.parts["do"] = self._list(self.definition["do"], _Where(ROOT, "do", "/do", 0))
        metadata = (self.definition.get("document") or {}).get("metadata") or {}
        if "finally" in metadata:
            where = _Where(ROOT, "finally", "/document/metadata/finally", 0)
            root.parts["finally"] = self._list(metadata["finally"], where)
        asks = any(isinstance(task, nodes.Approval) for task in self.tasks.values())
        is_controlled = "flowControl" in metadata
        return Workflow(self.definition, root, self.tasks, secret_paths(self.definition), asks, is_controlled)

    def _parts(self, variables: Iterable[str] = ()) -> Parts:
        return Parts(self.definition, variables, self.jq_runner, self.limits)

    # ---------------------------------------------------------------- lists

    def _list(self, items: Any, where: _Where) -> TaskList:
        named = [_only(item) for item in items or []]
        names = {name: index for index, (name, _) in enumerate(named)}
        counts = where.part != "branches" and any(
            _jumps_back(node, index, names) for index, (_, node) in enumerate(named)
        )
        tasks = TaskList(names=names, counts_visits=counts)
        inner = replace(where, depth=where.depth + counts)
        tasks.tasks = tuple(self._task(name, index, node, inner, tasks) for index, (name, node) in enumerate(named))
        return tasks

    def _task(self, name: str, index: int, node: Mapping[str, Any], where: _Where, siblings: TaskList) -> Task:
        pointer = f"{where.pointer}/{index}/{escape(name)}"
        reference = None if where.reference is None else f"{where.reference}/{index}/{escape(name)}"
        return self._build(name, index, node, where, siblings, pointer, reference)

    def _build(
        self, name: str, index: int, node: Mapping[str, Any], where: _Where, siblings: TaskList, pointer: str,
        reference: str | None = None, definition: Mapping[str, Any] | None = None, skip: int = 0,
    ) -> Task:  # fmt: skip
        self.pointer = pointer if reference is None else reference
        kind = next((kind for kind in ("for", *_KINDS) if kind in node), "")
        for place, extension in enumerate(self.extensions[skip:], skip + 1):
            if extension.is_for(kind, where.extensions):
                return self._extended(extension, name, index, node, where, siblings, pointer, reference, place)
        parts = self._parts(where.variables)
        parts.limit("max_definition_nodes", len(self.tasks))
        then = node.get("then", CONTINUE)
        if where.part != "task" and then not in (CONTINUE, EXIT, END) and then not in siblings.names:
            raise ValueError(f"there is no task {then} to go on with")
        common = {
            "pointer": pointer, "name": name, "index": index, "definition": definition or node, "parent": where.parent,
            "reference": pointer if reference is None else reference, "extends": where.extends,
            "part": where.part, "depth": where.depth, "siblings": siblings, "variables": where.variables, "then": then,
            "condition": None if node.get("if") is None else parts.expression(node["if"]),
            "input": self._flow(parts, node, "input", "from"),
            "output": self._flow(parts, node, "output", "as"),
            "export": self._flow(parts, node, "export", "as"),
            "timeout": parts.timeout(node.get("timeout")),
        }  # fmt: skip
        built = with_check(_BUILDERS[self._kind(node)](parts, node, common), node)
        task = built.task
        self.tasks[pointer] = task
        if where.part != "task":
            self._check_cases(task, siblings)
        self._inside(built, pointer, where, reference)
        return task

    def _extended(
        self, extension: Extension, name: str, index: int, node: Mapping[str, Any], where: _Where, siblings: TaskList,
        pointer: str, reference: str | None, skip: int,
    ) -> Task:  # fmt: skip
        """The task that runs an extension's tasks around another one, which keeps all but `if`."""
        parts, tasks = self._parts(where.variables), TaskList(names={name: 0})
        when, condition, found = extension.definition.get("when"), node.get("if"), extension.definition
        task = Extended(
            pointer=pointer, name=name, index=index, definition=node, parent=where.parent, part=where.part,
            depth=where.depth, siblings=siblings, variables=where.variables,
            condition=None if condition is None else parts.expression(condition),
            reference=pointer if reference is None else reference, extends=where.extends,
            when=None if when is None else parts.expression(when),
        )  # fmt: skip
        self._check_then(node, siblings)
        self.tasks[pointer] = task
        inside = replace(where, parent=pointer, extends=None)
        inner = {key: value for key, value in node.items() if key != "if"}
        tasks.tasks = (
            self._build(
                name, 0, inner, replace(inside, part="task"), tasks, f"{pointer}/extended/{escape(name)}",
                task.reference, node, skip,
            ),
        )  # fmt: skip
        self._check_cases(tasks.tasks[0], siblings)
        task.parts["task"] = tasks
        for part in ("before", "after"):
            place = replace(
                inside, part=part, pointer=f"{pointer}/{part}", reference=f"{extension.pointer}/{part}", extends=task,
                extensions=(*where.extensions, extension.name),
            )  # fmt: skip
            task.parts[part] = self._list(found.get(part), place)
        return task

    def _check_then(self, node: Mapping[str, Any], siblings: TaskList) -> None:
        then = node.get("then", CONTINUE)
        if then not in (CONTINUE, EXIT, END) and then not in siblings.names:
            raise ValueError(f"there is no task {then} to go on with")

    def _kind(self, node: Mapping[str, Any]) -> str:
        if "for" in node:
            return "for"
        kind = next((kind for kind in _KINDS if kind in node), "")
        if kind == "call":
            callee = node["call"]
            if callee in ("http", "predict", "notify", "approval") or f"call {callee}" in CALLS:
                return f"call {callee}"
            if callee in (self.definition.get("use") or {}).get("functions", {}):
                return "call function"
            kind = f"call: {callee}"
        if kind not in _BUILDERS:
            raise ValueError(f"{kind or 'this task'} is not supported by this version of Tidewire")
        return kind

    def _check_cases(self, task: Task, siblings: TaskList) -> None:
        for _, then in task.cases if isinstance(task, nodes.Switch) else ():
            if then not in (CONTINUE, EXIT, END) and then not in siblings.names:
                raise ValueError(f"there is no task {then} to go on with")

    def _inside(self, built: Built, pointer: str, where: _Where, reference: str | None) -> None:
        for part, (path, items, extra) in built.lists.items():
            variables = {**where.variables, **{name: (pointer, role) for name, role in extra.items()}}
            depth = where.depth + isinstance(built.task, (nodes.For, *ITERATING))
            inner = replace(
                where, parent=pointer, part=part, pointer=f"{pointer}/{path}", depth=depth, variables=variables,
                reference=None if reference is None else f"{reference}/{path}",
            )  # fmt: skip
            built.task.parts[part] = self._list(items, inner)
        if built.function is not None:
            built.task.parts["do"] = self._function(built.function, pointer, where)

    def _function(self, name: str, pointer: str, where: _Where) -> TaskList:
        """The body of a function, once for each place that calls it; it sees no variables of the caller."""
        if name in where.functions:
            raise ValueError(f"the function {name} calls itself")
        inner = replace(
            where, parent=pointer, part="do", pointer=f"{pointer}/call", variables={}, reference=None,
            functions=(*where.functions, name),
        )  # fmt: skip
        tasks = TaskList(names={name: 0})
        node = self.definition["use"]["functions"][name]
        body = self._build(name, 0, {**node, "then": CONTINUE}, inner, tasks, f"{pointer}/call/{escape(name)}")
        tasks.tasks = (body,)
        return tasks

    def _flow(self, parts: Parts, node: Mapping[str, Any], name: str, transform: str) -> DataFlow | None:
        found = node.get(name)
        if not found:
            return None
        return DataFlow(parts.transform(found.get(transform)), parts.schema(found.get("schema")))


def _only(item: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(item, Mapping) or len(item) != 1:
        raise ValueError("an item of a list of tasks has one name")
    ((name, node),) = item.items()
    if not isinstance(node, Mapping):
        raise ValueError(f"{name} is no task")
    return name, node


def _jumps_back(node: Mapping[str, Any], index: int, names: Mapping[str, int]) -> bool:
    targets = [node.get("then")]
    switch = node.get("switch")
    if isinstance(switch, list):
        targets += [case.get("then") for item in switch for case in item.values()]
    return any(isinstance(target, str) and names.get(target, index + 1) <= index for target in targets)


def escape(name: str) -> str:
    """One reference token of an RFC 6901 pointer."""
    return name.replace("~", "~0").replace("/", "~1")
