"""One function a kind of task: from its definition to its node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from models.domain.dsl import nodes
from models.domain.dsl.compile_parts import Parts
from models.domain.dsl.nodes import RetryPolicy, Task
from models.domain.dsl.protocol import StepKind, UnknownPolicy
from models.domain.dsl.resources import is_external
from models.domain.dsl.templates import Template

Node = Mapping[str, Any]
Common = dict[str, Any]
# By part: the place of the list below the task, the list, and the variables that its tasks see.
Lists = dict[str, tuple[str, Any, dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Built:
    """A node, the lists of tasks still to be compiled into it, or the function it calls."""

    task: Task
    lists: Lists = field(default_factory=dict)
    function: str | None = None


def _do(parts: Parts, node: Node, common: Common) -> Built:
    return Built(nodes.Do(**common), {"do": ("do", node["do"], {})})


def _for(parts: Parts, node: Node, common: Common) -> Built:
    loop = node["for"]
    each, at = loop.get("each", "item"), loop.get("at", "index")
    condition = node.get("while")
    task = nodes.For(
        **common,
        each=each,
        at=at,
        items=parts.expression(loop["in"]),
        while_=None if condition is None else parts.seeing(each, at).expression(condition),
    )
    return Built(task, {"do": ("do", node["do"], {each: "item", at: "index"})})


def _fork(parts: Parts, node: Node, common: Common) -> Built:
    fork = node["fork"]
    branches = fork["branches"]
    parts.limit("max_fork_branches", len(branches))
    task = nodes.Fork(**common, compete=fork.get("compete", False))
    return Built(task, {"branches": ("fork/branches", branches, {})})


def _set(parts: Parts, node: Node, common: Common) -> Built:
    value = node["set"]
    return Built(nodes.Set(**common, value=parts.set_value(value)))


def _switch(parts: Parts, node: Node, common: Common) -> Built:
    cases = [case for item in node["switch"] for case in item.values()]
    return Built(
        nodes.Switch(
            **common,
            cases=tuple(
                (None if case.get("when") is None else parts.expression(case["when"]), case["then"]) for case in cases
            ),
        )
    )


def _raise(parts: Parts, node: Node, common: Common) -> Built:
    return Built(nodes.Raise(**common, error=parts.template(parts.used("errors", node["raise"]["error"]))))


def _try(parts: Parts, node: Node, common: Common) -> Built:
    catch = node["catch"] or {}
    name = catch.get("as", "error")
    inside = parts.seeing(name)
    filters = {
        "detail" if key == "details" else key: inside.template(value)
        for key, value in ((catch.get("errors") or {}).get("with") or {}).items()
    }
    when, except_when, retry = catch.get("when"), catch.get("exceptWhen"), catch.get("retry")
    task = nodes.Try(
        **common,
        as_=name,
        errors=filters,
        when=None if when is None else inside.expression(when),
        except_when=None if except_when is None else inside.expression(except_when),
        retry=None if retry is None else _retry(inside, parts.used("retries", retry)),
    )
    return Built(task, {"try": ("try", node["try"], {}), "catch": ("catch/do", catch.get("do"), {name: "error"})})


def _retry(parts: Parts, policy: Node) -> RetryPolicy:
    limit = policy.get("limit") or {}
    attempt = limit.get("attempt") or {}
    jitter = policy.get("jitter")

    def optional(value: Any) -> nodes.Duration | None:
        return None if value is None else parts.duration(value)

    when, except_when = policy.get("when"), policy.get("exceptWhen")
    return RetryPolicy(
        when=None if when is None else parts.expression(when),
        except_when=None if except_when is None else parts.expression(except_when),
        delay=optional(policy.get("delay")),
        backoff=next(iter(policy.get("backoff") or {}), "constant"),
        jitter=None if jitter is None else (parts.duration(jitter["from"]), parts.duration(jitter["to"])),
        max_retries=attempt.get("count"),
        attempt_duration=optional(attempt.get("duration")),
        duration=optional(limit.get("duration")),
    )


def _wait(parts: Parts, node: Node, common: Common) -> Built:
    return Built(nodes.Wait(**common, duration=parts.duration(node["wait"])))


def _emit(parts: Parts, node: Node, common: Common) -> Built:
    return Built(nodes.Emit(**common, event=parts.template(node["emit"]["event"]["with"])))


def _notify(parts: Parts, node: Node, common: Common) -> Built:
    return Built(nodes.Notify(**common, arguments=parts.template(node["with"])))


def _approval(parts: Parts, node: Node, common: Common) -> Built:
    arguments = dict(node["with"])
    form = arguments.pop("form", None)
    return Built(nodes.Approval(**common, arguments=parts.template(arguments), form=form))


def _predict(parts: Parts, node: Node, common: Common) -> Built:
    step = step_of(node, StepKind.PREDICT)
    return Built(nodes.CallPredict(**common, **step, arguments=parts.template(node["with"])))


def _http(parts: Parts, node: Node, common: Common) -> Built:
    arguments = node["with"]
    endpoint = arguments["endpoint"]
    is_object = isinstance(endpoint, Mapping)
    policy = endpoint.get("authentication") if is_object else None
    if isinstance(policy, Mapping) and "use" in policy:
        policy = policy["use"]
    redirect = arguments.get("redirect", False)

    def optional(name: str) -> Template | None:
        return parts.template(arguments[name]) if arguments.get(name) is not None else None

    task = nodes.CallHttp(
        **common,
        **step_of(node, StepKind.HTTP),
        method=arguments["method"].upper(),
        uri=parts.template(endpoint["uri"] if is_object else endpoint),
        authentication=None if policy is None else parts.template(parts.used("authentications", policy)),
        headers=optional("headers"),
        query=optional("query"),
        body=optional("body"),
        output_as=arguments.get("output", "content"),
        redirect=redirect,
        connection=(node.get("metadata") or {}).get("connection"),
    )
    return Built(task)


def step_of(node: Node, kind: StepKind) -> dict[str, Any]:
    """The fields of a Step."""
    policy = (node.get("metadata") or {}).get("unknownOutcome", "retry")
    return {"step": kind, "on_unknown": UnknownPolicy("verify" if isinstance(policy, Mapping) else policy)}


def with_check(built: Built, node: Node) -> Built:
    """With the tasks that find out whether the step happened, where its `unknownOutcome` has some."""
    policy = (node.get("metadata") or {}).get("unknownOutcome")
    if not isinstance(built.task, nodes.Step) or not isinstance(policy, Mapping):
        return built
    return replace(built, lists={**built.lists, "verify": ("metadata/unknownOutcome/verify", policy["verify"], {})})


def _function(parts: Parts, node: Node, common: Common) -> Built:
    arguments = node.get("with")
    function = parts.used("functions", node["call"])
    task = nodes.CallFunction(
        **common,
        arguments=None if arguments is None else parts.template(arguments),
        source=(function.get("metadata") or {}).get("source") if is_external(node["call"]) else None,
    )
    return Built(task, function=node["call"])


KINDS: dict[str, Callable[[Parts, Node, Common], Built]] = {
    "do": _do,
    "for": _for,
    "fork": _fork,
    "set": _set,
    "switch": _switch,
    "raise": _raise,
    "try": _try,
    "wait": _wait,
    "emit": _emit,
    "call http": _http,
    "call predict": _predict,
    "call notify": _notify,
    "call approval": _approval,
    "call function": _function,
}
