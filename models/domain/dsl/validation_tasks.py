"""Checks of tasks, one function a kind, and of the lists they stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.domain.dsl import validation_calls as calls
from models.domain.dsl.resources import ADDRESS, CATALOGED
from models.domain.dsl.validation_shapes import (
    Check,
    Place,
    anything,
    choice,
    clip,
    condition,
    either,
    flag,
    kind_of,
    listing,
    mapping,
    matching,
    or_expression,
    reference,
    shape,
    similar,
    template,
    unknown,
    value,
    words,
)
from models.domain.dsl.validation_types import (
    duration,
    emitted_event,
    error,
    error_filter,
    event_strategy,
    input_,
    output,
    resource,
    retry_policy,
    timeout,
    variable,
)

# Beside these, every task has the members of _BASE.
TASKS: dict[str, tuple[str, ...]] = {
    "call": ("with",),
    "do": (),
    "emit": (),
    "for": ("while", "do"),
    "fork": (),
    "listen": ("foreach",),
    "raise": (),
    "run": (),
    "set": (),
    "switch": (),
    "try": ("catch",),
    "wait": (),
}
DIRECTIVES = ("continue", "exit", "end")

# ---------------------------------------------------------------- lists of tasks


def task_list(place: Place, node: Any) -> None:
    """Tasks that follow one another: a list of objects with one name each; they may jump to each other."""
    _tasks(place, node, jumps=True)


def branches(place: Place, node: Any) -> None:
    """Tasks that run side by side, so none can jump to another."""
    limit = place.report.limits.max_fork_branches
    if isinstance(node, list) and len(node) > limit:
        place.fault(f"A fork has at most {limit:,} branches (max_fork_branches).")
    _tasks(place, node, jumps=False)


def _tasks(place: Place, node: Any, jumps: bool) -> None:
    if not isinstance(node, list):
        return place.fault(f"Write a list of tasks (- name: ...) here, not {kind_of(node)}.")
    names = {name for item in node if isinstance(item, dict) for name in item}
    place = replace(place, targets=frozenset(names) if jumps else frozenset())
    seen: set[str] = set()
    for index, item in enumerate(node):
        if not isinstance(item, dict) or len(item) != 1:
            _item_fault(place.at(index), item)
            continue
        ((name, task_node),) = item.items()
        here = place.at(index, name)
        _check_name(here, name, seen)
        seen.add(name)
        task(here, task_node)


def _item_fault(place: Place, item: Any) -> None:
    if isinstance(item, dict) and item:
        place.fault(f"An item has one task, this one has {len(item)}: put a dash before each "
                    "(or indent what belongs to the task).")  # fmt: skip
    else:
        what = "an empty object" if item == {} else kind_of(item)
        place.fault(f"Write one named task (- name: ...) here, not {what}.")


def _check_name(place: Place, name: str, seen: set[str]) -> None:
    if name in seen:
        place.fault(f'There is another task "{clip(name)}" in this list; give each its own name.')
    elif name in DIRECTIVES:
        place.fault(f'"{name}" has a meaning in "then"; give the task another name.')
    elif not name.strip():
        place.fault("Give the task a name.")


# ---------------------------------------------------------------- any task


def _then(place: Place, node: Any) -> None:
    if not isinstance(node, str):
        return place.fault(f"Write continue, exit, end or the name of a task here, not {kind_of(node)}.")
    if node not in DIRECTIVES and node not in place.targets and not place.report.is_full:
        known = [*place.targets, *DIRECTIVES]
        place.fault(f'There is no task "{clip(node)}" in this list to go on with{similar(node, known)}')


_BASE: dict[str, Check] = {
    "if": condition,
    "input": input_,
    "output": output,
    "export": output,
    "timeout": timeout,
    "then": _then,
    "metadata": shape({}, is_open=True),
}


def task(place: Place, node: Any) -> None:
    """One task of any kind."""
    if not isinstance(node, dict):
        return place.fault(f"Write a task here: an object with one of {', '.join(TASKS)}, not {kind_of(node)}.")
    place.report.tasks.append(place.pointer)
    kind = _kind_of_task(place, node)
    fields = {**_BASE, **(_fields_of(node)[kind] if kind else {})}
    for key, child in node.items():
        if key in fields:
            fields[key](place.at(key), child)
        elif kind:
            unknown(place, key, fields)
        elif key not in TASKS:
            # Of a task without a kind, any word may be a misspelt kind.
            unknown(place, key, [*TASKS, *_BASE])
    _metadata(place.at("metadata"), node.get("metadata"), node.get("call"))


def _kind_of_task(place: Place, node: Mapping[str, Any]) -> str | None:
    kinds = [kind for kind in TASKS if kind in node]
    if "for" in kinds and "do" in kinds:
        kinds.remove("do")
    if len(kinds) > 1:
        place.fault(f"A task does one thing, this one has {' and '.join(kinds)}; make a task of each.")
        return None
    if not kinds:
        if node.keys() <= _BASE.keys():
            place.fault(f"This task does nothing; give it one of {', '.join(TASKS)}.")
        return None
    kind = kinds[0]
    beside = _beside(kind, node.get("call"))
    if beside and beside not in node:
        place.at(beside).fault(f'"{beside}" is required beside "{kind}"; add it.')
    place.not_yet(kind, f'The task "{kind}"')
    return kind


def _beside(kind: str, callee: Any) -> str | None:
    if kind == "call":
        has_arguments = isinstance(callee, str) and callee in ("http", "asyncapi", *calls.OWN, *calls.PROTOCOLS)
        return "with" if has_arguments else None
    return {"for": "do", "try": "catch"}.get(kind)


def _fields_of(node: Mapping[str, Any]) -> dict[str, dict[str, Check]]:
    return {
        **_FIELDS,
        "call": {"call": _callee, "with": _arguments(node)},
        "for": {"for": _FOR, "while": _seeing_loop(node, condition), "do": _seeing_loop(node, task_list)},
    }


def _metadata(place: Place, node: Any, callee: Any) -> None:
    if not isinstance(node, dict):
        return
    if "connection" in node:
        if callee not in calls.OVER_HTTP:
            place.at("connection").fault('A connection goes with a call over HTTP ("call: http") only; remove it.')
        words(place.at("connection"), node["connection"])
    if "unknownOutcome" in node:
        if callee is None:
            place.at("unknownOutcome").fault('"unknownOutcome" goes with a call only; remove it.')
        _unknown_outcome(place.at("unknownOutcome"), node["unknownOutcome"])


def _unknown_outcome(place: Place, node: Any) -> None:
    if isinstance(node, dict):
        return shape({"verify": task_list}, ["verify"])(place, node)
    choice("retry", "verify", "stop")(place, node)


# ---------------------------------------------------------------- call


def _callee(place: Place, node: Any) -> None:
    if not isinstance(node, str):
        return place.fault(f"Write the name of what is called here, not {kind_of(node)}.")
    functions = place.report.names["functions"]
    if node in ("http", *calls.OWN):
        return
    if node == "asyncapi" or node in calls.PROTOCOLS:
        place.not_yet(f"call {node}", f"call: {node}")
    elif node in functions:
        place.report.calls.append((place.pointer, node))
    elif ADDRESS.fullmatch(node):
        return
    elif found := CATALOGED.fullmatch(node):
        _catalog(place, found[3])
    elif not place.report.is_full:
        known = ("http", "asyncapi", *calls.OWN, *calls.PROTOCOLS, *functions)
        place.fault(f'There is no function "{clip(node)}"{similar(node, known)}')


def _catalog(place: Place, name: str) -> None:
    catalogs = place.report.names["catalogs"]
    if name != "default" and name not in catalogs:
        place.fault(f'There is no catalog "{clip(name)}" under use.catalogs{similar(name, catalogs)}')
    elif name not in catalogs:
        place.not_yet("catalog default", "The default catalog (declare one under use.catalogs)")


def _arguments(node: Mapping[str, Any]) -> Check:
    callee = node.get("call")
    if callee == "http":
        metadata = node.get("metadata")
        return calls.http(isinstance(metadata, dict) and "connection" in metadata)
    if callee == "asyncapi":
        return calls.asyncapi(_consumer_loop)
    known = {**calls.OWN, **calls.PROTOCOLS}
    return known.get(callee, mapping(value)) if isinstance(callee, str) else anything


# ---------------------------------------------------------------- loops, branches, events

_FOR = shape({"each": variable, "in": condition, "at": variable}, ["in"])


def _seeing_loop(node: Mapping[str, Any], check: Check) -> Check:
    loop = node.get("for")
    loop = loop if isinstance(loop, dict) else {}
    names = _variable_names(loop, {"each": "item", "at": "index"})
    return lambda place, child: check(place.seeing(*names), child)


def _variable_names(node: Mapping[str, Any], defaults: Mapping[str, str]) -> list[str]:
    # A wrong name is told where it stands, and must not hide what follows.
    return [name for key, default in defaults.items() if isinstance(name := node.get(key, default), str)]


def _consumer_loop(place: Place, node: Any) -> None:
    names = _variable_names(node, {"item": "item", "at": "index"}) if isinstance(node, dict) else []
    fields = {"item": variable, "at": variable, "do": task_list, "output": output, "export": output}
    shape(fields)(place.seeing(*names), node)


_fork = shape({"branches": branches, "compete": flag}, ["branches"])
_listen = shape({"to": event_strategy, "read": choice("data", "envelope", "raw")}, ["to"])
_emit = shape({"event": shape({"with": emitted_event}, ["with"])}, ["event"])

# ---------------------------------------------------------------- switch


def _switch(place: Place, node: Any) -> None:
    if not isinstance(node, list) or not node:
        return place.fault("Write a list of cases (- name: {when: ..., then: ...}) here; at least one.")
    defaults = []
    for index, item in enumerate(node):
        here = place.at(index)
        if not isinstance(item, dict) or len(item) != 1:
            here.fault("Write one named case (- name: {when: ..., then: ...}) here.")
            continue
        ((name, case),) = item.items()
        shape({"when": condition, "then": _then}, ["then"])(here.at(name), case)
        if isinstance(case, dict) and "when" not in case:
            defaults.append(here.at(name))
    for extra in defaults[1:]:
        extra.fault('Only one case may be without "when"; add a condition.')


# ---------------------------------------------------------------- errors


def _catch(place: Place, node: Any) -> None:
    names = _variable_names(node, {"as": "error"}) if isinstance(node, dict) else []
    fields = {
        "errors": shape({"with": error_filter}),
        "as": variable,
        "when": condition,
        "exceptWhen": condition,
        "retry": either(reference("retries", "retry policy"), retry_policy),
        "do": task_list,
    }
    shape(fields)(place.seeing(*names), node)


_raise = shape({"error": either(reference("errors", "error"), error)}, ["error"])

# ---------------------------------------------------------------- run and set


def _lifetime(place: Place, node: Any) -> None:
    shape({"cleanup": choice("always", "never", "eventually"), "after": duration}, ["cleanup"])(place, node)
    if isinstance(node, dict) and (node.get("cleanup") == "eventually") != ("after" in node):
        place.at("after").fault('"after" goes with "cleanup: eventually", and only with it.')


_PROCESS: dict[str, Check] = {
    "stdin": template,
    "arguments": listing(template),
    "environment": mapping(value),
}
def _language(place: Place, node: Any) -> None:
    words(place, node)
    if isinstance(node, str) and node.strip() and node.lower() not in ("javascript", "js"):
        place.not_yet("run script python", f"A script in {clip(node)} (write JavaScript)")


_script = shape(
    {**_PROCESS, "language": _language, "code": template, "source": resource}, ["language"], one_of=("code", "source")
)
_container = shape(
    {
        **_PROCESS,
        "image": or_expression(words),
        "name": template,
        "command": template,
        "ports": mapping(value),
        "volumes": mapping(value),
        "lifetime": _lifetime,
        "pullPolicy": choice("ifNotPresent", "always", "never"),
    },
    ["image"],
)
_subflow = shape(
    {"namespace": words, "name": words, "version": words, "input": or_expression(mapping(value))},
    ["namespace", "name", "version"],
)
_RUNS: dict[str, Check] = {
    "container": _container,
    "script": _script,
    "shell": shape({**_PROCESS, "command": or_expression(words)}, ["command"]),
    "workflow": _subflow,
}
_run = shape({**_RUNS, "await": flag, "return": choice("stdout", "stderr", "code", "all", "none")}, one_of=tuple(_RUNS))


def _set(place: Place, node: Any) -> None:
    if isinstance(node, str):
        condition(place, node)
    elif not isinstance(node, dict):
        place.fault(f"Write an object, or an expression that gives one, here, not {kind_of(node)}.")
    elif not node:
        place.fault("Set at least one property.")
    else:
        value(place, node)


_FIELDS: dict[str, dict[str, Check]] = {
    "do": {"do": task_list},
    "emit": {"emit": _emit},
    "fork": {"fork": _fork},
    "listen": {"listen": _listen, "foreach": _consumer_loop},
    "raise": {"raise": _raise},
    "run": {"run": _run},
    "set": {"set": _set},
    "switch": {"switch": _switch},
    "try": {"try": task_list, "catch": _catch},
    "wait": {"wait": duration},
}

extension = shape(
    {
        "extend": choice(*TASKS, "composite", "extension", "all"),
        "when": condition,
        "before": task_list,
        "after": task_list,
    },
    ["extend"],
)
function_name = matching(r"[^:@\s]+", "a name without spaces, : and @")
