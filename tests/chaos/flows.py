"""Workflows that together use every part of the system, and what their runs must give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.client import workflow

RETRY = (
    "    catch:\n      retry:\n        delay:\n          milliseconds: 200\n        limit:\n          attempt:\n"
    "            count: 100"
)


@dataclass(frozen=True)
class Flow:
    """`output` gives what a run must end with from its number; None when its output is not looked at.

    `statuses`: how it may end. `effects`: how many effects one completed run has at the target, by path.
    """

    name: str
    source: str
    output: Callable[[int], Any] | None = None
    statuses: frozenset[str] = frozenset({"completed"})
    effects: Mapping[str, int] = field(default_factory=dict)


def flows(target: str) -> dict[str, Flow]:
    """By name; `target` is host:port."""
    return {flow.name: flow for flow in (*_plain(), *_calling(target), *_started_by_themselves(target))}


def _plain() -> list[Flow]:
    steps = (
        "- one:\n    set:\n      n: ${ .n }\n- two:\n    set:\n      n: ${ .n + 1 }\n"
        "- three:\n    set:\n      n: ${ .n + 1 }"
    )
    nap = "- nap:\n    wait:\n      seconds: 2\n- after:\n    set:\n      n: ${ .n }"
    forks = (
        "- both:\n    fork:\n      branches:\n        - left:\n            do:\n              - nap:\n"
        "                  wait:\n                    milliseconds: 300\n              - l:\n"
        "                  set:\n                    side: left\n        - right:\n            set:\n"
        "              side: right"
    )
    tell = "- tell:\n    call: notify\n    with:\n      to: all\n      title: ${ \"note \" + (.n | tostring) }"
    ask = "- ask:\n    call: approval\n    with:\n      title: Go on?\n      assignee:\n        role: owner"
    predict = (
        "- guess:\n    try:\n      - call:\n          call: predict\n          with:\n            model: doubler\n"
        f"            inputs:\n              x: ${{ .n }}\n{RETRY}\n- done:\n    set:\n      asked: true"
    )
    return [
        Flow("steps", workflow("steps", steps), lambda n: {"n": n + 2}),
        Flow("nap", workflow("nap", nap), lambda n: {"n": n}),
        Flow("forks", workflow("forks", forks), lambda n: [{"side": "left"}, {"side": "right"}]),
        Flow("tell", workflow("tell", tell)),
        Flow("ask", workflow("ask", ask)),
        Flow("predict", workflow("predict", predict), lambda n: {"asked": True}),
    ]


def _calling(target: str) -> list[Flow]:
    return [
        Flow("call", workflow("call", _post(target, "effects", RETRY)), effects={"/effects": 1}),
        Flow("blind", workflow("blind", _post(target, "blind", RETRY)), effects={"/blind": 1}),
        Flow(
            "careful",
            workflow("careful", _post(target, "careful", "", "\n    metadata:\n      unknownOutcome: stop")),
            statuses=frozenset({"completed", "faulted"}),
        ),
        Flow(
            "secret",
            workflow("secret", _post(target, "secret", RETRY, "", SECRET), extra="use:\n  secrets:\n    - key\n"),
            effects={"/secret": 1},
        ),
        Flow(
            "connect",
            workflow("connect", _post("", "connect", RETRY, "\n          metadata:\n            connection: crm")),
            effects={"/connect": 1},
        ),
    ]


SECRET = "\n            headers:\n              x-key: ${ $secrets.key }"


def _post(target: str, path: str, catch: str, more: str = "", headers: str = "") -> str:
    endpoint = f"http://{target}/{path}" if target else f"/{path}"
    if not catch:
        return (
            f"- ask:\n    call: http\n    with:\n      method: post\n      endpoint: {endpoint}\n"
            f"      body: ${{ . }}{more}"
        )
    return (
        "- ask:\n    try:\n      - call:\n          call: http\n          with:\n            method: post\n"
        f"            endpoint: {endpoint}\n            body: ${{ . }}{headers}{more}\n{catch}"
    )


def _started_by_themselves(target: str) -> list[Flow]:
    beat = "- beat:\n    set:\n      done: true"
    heard = "- heard:\n    set:\n      done: true"
    every = "schedule:\n  every:\n    seconds: 1\n"
    on = "schedule:\n  on:\n    one:\n      with:\n        type: chaos.start\n"
    return [
        Flow("beat", workflow("beat", beat, extra=every), lambda _: {"done": True}),
        Flow("heard", workflow("heard", heard, extra=on), lambda _: {"done": True}),
    ]
