"""From the definitions of `listen` and `run` to their nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.domain.dsl.compile_parts import Parts
from models.domain.dsl.compile_tasks import Built
from models.domain.dsl.expressions import MARKED, Expression
from models.domain.dsl.nodes import DataFlow
from models.domain.dsl.nodes_events import Correlation, EventFilter, Listen, Wanted
from models.domain.dsl.nodes_run import Process, RunForbidden, RunScript, RunWorkflow
from models.domain.dsl.protocol import StepKind, UnknownPolicy
from models.domain.errors import InvalidDefinition
from models.domain.event_filters import check_expression, needs_pattern

Node = Mapping[str, Any]
_NOTHING: Any = object()
JAVASCRIPT = ("javascript", "js")


# ---------------------------------------------------------------- listen


def listen(parts: Parts, node: Node, common: dict[str, Any]) -> Built:
    to, each = node["listen"]["to"], node.get("foreach")
    strategy, filters = _strategy(parts, to)
    until = to.get("until")
    until_strategy, more = _strategy(parts, until) if isinstance(until, Mapping) else (None, ())
    names = {} if each is None else {each.get("item", "item"): "item", each.get("at", "index"): "index"}
    inside = parts.seeing(*names)
    task = Listen(
        **common,
        strategy=strategy,
        filters=(*filters, *more),
        count=len(filters),
        until=parts.expression(until) if isinstance(until, str) else None,
        until_strategy=until_strategy,
        read=node["listen"].get("read", "data"),
        is_each=each is not None,
        each="" if each is None else each.get("item", "item"),
        at="" if each is None else each.get("at", "index"),
        each_output=each_flow(inside, each, "output"),
        each_export=each_flow(inside, each, "export"),
    )
    return Built(task, {"do": ("foreach/do", None if each is None else each.get("do"), names)})


def each_flow(parts: Parts, each: Node | None, name: str) -> DataFlow | None:
    """`output` or `export` of a `foreach`."""
    found = None if each is None else each.get(name)
    return DataFlow(parts.transform(found.get("as")), parts.schema(found.get("schema"))) if found else None


def _strategy(parts: Parts, node: Node) -> tuple[str, tuple[EventFilter, ...]]:
    name = next(name for name in ("one", "any", "all") if name in node)
    found = [node[name]] if name == "one" else node[name]
    return name, tuple(_filter(parts, one) for one in found)


def _filter(parts: Parts, node: Node) -> EventFilter:
    wanted = node["with"]
    kind = wanted.get("type")
    is_known = isinstance(kind, str) and not MARKED.fullmatch(kind) and not needs_pattern(kind)
    static = {name: part for name, want in wanted.items() if (part := _static(parts, want)) is not _NOTHING}
    correlations = tuple(_correlation(parts, name, one) for name, one in sorted((node.get("correlate") or {}).items()))
    return EventFilter(
        kind if is_known else None, {name: _wanted(parts, want) for name, want in wanted.items()}, static, correlations
    )


def _correlation(parts: Parts, name: str, node: Node) -> Correlation:
    from_, expect = parts.expression(node["from"]), node.get("expect")
    return Correlation(name, from_, None if expect is None else parts.template(expect), _is_simple(from_))


def _wanted(parts: Parts, want: Any) -> Wanted:
    if isinstance(want, str) and MARKED.fullmatch(want):
        return parts.expression(want)
    if isinstance(want, Mapping):
        return {name: _wanted(parts, one) for name, one in want.items()}
    return want


def _static(parts: Parts, want: Any) -> Any:
    """What of it can be looked at before the run is asked."""
    if isinstance(want, str) and MARKED.fullmatch(want):
        return want if _is_simple(parts.expression(want)) else _NOTHING
    if isinstance(want, Mapping):
        return {name: part for name, one in want.items() if (part := _static(parts, one)) is not _NOTHING}
    return want


def _is_simple(expression: Expression) -> bool:
    try:
        check_expression(expression.text)
    except ValueError:
        return False
    return not expression.variables


# ---------------------------------------------------------------- run


def run(parts: Parts, node: Node, common: dict[str, Any]) -> Built:
    what = node["run"]
    kind = next(kind for kind in ("workflow", "script", "container", "shell") if kind in what)
    shared = {"is_awaited": what.get("await", True), "returns": what.get("return", "stdout")}
    if kind == "workflow":
        return Built(_workflow(parts, what[kind], common, shared))
    if kind == "script":
        return Built(_script(parts, node, what[kind], common, shared))
    return Built(RunForbidden(**common, runner=kind))


def _workflow(parts: Parts, what: Node, common: dict[str, Any], shared: dict[str, Any]) -> RunWorkflow:
    version = what["version"]
    return RunWorkflow(
        **common,
        **shared,
        namespace=what["namespace"],
        workflow=what["name"],
        version=None if version == "latest" else version,
        arguments=None if what.get("input") is None else parts.template(what["input"]),
    )


def _script(parts: Parts, node: Node, what: Node, common: dict[str, Any], shared: dict[str, Any]) -> RunScript:
    if what["language"].lower() not in JAVASCRIPT:
        raise InvalidDefinition(f"Scripts in {what['language']} are not run; write JavaScript.")

    def optional(name: str) -> Any:
        return None if what.get(name) is None else parts.template(what[name])

    policy = (node.get("metadata") or {}).get("unknownOutcome", "retry")
    return RunScript(
        **common,
        **shared,
        step=StepKind.SCRIPT,
        on_unknown=UnknownPolicy(policy),
        language="javascript",
        code=optional("code"),
        source=optional("source"),
        process=Process(optional("stdin"), optional("arguments"), optional("environment")),
    )
