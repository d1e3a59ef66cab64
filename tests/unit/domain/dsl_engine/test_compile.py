"""Compiling: what is not valid after all is refused with its place, and a workflow is shared by many runs."""

# ruff: noqa: E501  (a scenario stays on one line)

from __future__ import annotations

import copy
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.dsl.engine import compile_workflow, replay, start
from models.domain.dsl.protocol import AppendJournal, Command, RunInfo
from models.domain.errors import InvalidDefinition, InvalidInput, LimitExceeded
from models.domain.journal import Entry
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from tests.unit.domain.dsl_documents import parse, with_parts, with_tasks
from tests.unit.domain.dsl_engine.host import BEGIN, RUN, stored

INFO = RunInfo(RUN, WorkflowRef("test", "a-workflow", "0.1.0"))

WRONG: list[tuple[str, str, str]] = [
    ("no kind", "- a: {if: .x}", "/do/0/a"),
    ("a kind that is not there", "- a: {sleep: 5}", "/do/0/a"),
    ("a call that is not there", "- a: {call: grpc, with: {}}", "/do/0/a"),
    ("no list", "- a: {do: 5}", "/do/0/a"),
    ("no task", "- a: 5", ""),
    ("two names", "- {a: {set: {x: 1}}, b: {set: {x: 1}}}", ""),
    ("a jump to nowhere", "- a: {set: {x: 1}, then: b}", "/do/0/a"),
    ("a case to nowhere", "- a: {switch: [{p: {then: b}}]}", "/do/0/a"),
    ("a jump to another list", "- a: {do: [{b: {set: {x: 1}, then: c}}]}\n- c: {set: {x: 1}}", "/do/0/a/do/0/b"),
    ("no duration", "- a: {wait: soon}", "/do/0/a"),
    ("an unknown timeout", "- a: {wait: PT1S, timeout: nope}", "/do/0/a"),
    ("an unknown error", "- a: {raise: {error: nope}}", "/do/0/a"),
    ("an unknown policy", "- a: {try: [], catch: {retry: nope}}", "/do/0/a"),
    ("no catch", "- a: {try: []}", "/do/0/a"),
    ("an empty expression", "- a: {if: ' ', set: {x: 1}}", "/do/0/a"),
    ("no schema", "- a: {set: {x: 1}, output: {schema: {document: {type: 5}}}}", "/do/0/a"),
    ("a schema from elsewhere", "- a: {set: {x: 1}, output: {schema: {resource: {endpoint: 'https://e.x'}}}}", "/do/0/a"),
]  # fmt: skip


@pytest.mark.parametrize(("tasks", "pointer"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_what_is_not_valid_after_all_is_refused(tasks: str, pointer: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        compile_workflow(with_tasks(tasks))
    assert caught.value.faults[0].pointer == pointer


def test_a_function_that_calls_itself_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="calls itself"):
        compile_workflow(with_parts("use: {functions: {f: {do: [{g: {call: f}}]}}}\ndo: [{a: {call: f}}]"))


@pytest.mark.parametrize("definition", [{}, {"do": None}, {"do": 5}, {"do": [None]}, {"do": [{}]}, [], None, "x", 5])
def test_no_document_is_refused(definition: Any) -> None:
    if definition == {"do": None}:
        compile_workflow(definition)
        return
    with pytest.raises(InvalidDefinition):
        compile_workflow(definition)


def test_limits_hold() -> None:
    with pytest.raises(LimitExceeded, match="max_expression_bytes"):
        compile_workflow(with_tasks("- a: {if: '.aaaaaaaaaaaa', set: {x: 1}}"), Limits(max_expression_bytes=5))
    with pytest.raises(LimitExceeded, match="max_fork_branches"):
        compile_workflow(with_tasks("- a: {fork: {branches: [{b: {set: {x: 1}}}]}}"), Limits(max_fork_branches=0))
    with pytest.raises(LimitExceeded, match="max_definition_nodes"):
        compile_workflow(with_tasks("- a: {set: {x: 1}}\n- b: {set: {x: 1}}"), Limits(max_definition_nodes=1))


BASE = parse("""
document: {dsl: '1.0.3', namespace: test, name: n, version: 0.1.0}
do:
  - a: {for: {each: e, in: .l}, do: [{b: {set: {x: '${ $e }'}}}]}
  - f: {fork: {branches: [{w: {set: {x: 1}}}]}, timeout: {after: PT9S}, output: {as: '.[0]'}}
  - s: {switch: [{p: {when: .y, then: end}}], input: {from: .}, export: {as: .}}
  - n: {call: notify, with: {to: all, title: T}}
  - m: {emit: {event: {with: {source: 's', type: t}}}}
  - c: {try: [{w: {raise: {error: {type: t, status: 400}}}}, {d: {call: http, with: {method: get, endpoint: 'https://e.x'}}}], catch: {retry: {limit: {attempt: {count: 1}}}, do: [{g: {set: {x: 1}}}]}}
  - q: {fork: {branches: [{r: {call: predict, with: {model: m, inputs: []}}}, {o: {raise: {error: {type: t, status: 400}}}}]}}
""")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("${ }.ax|[]", max_size=6) | st.just("then"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "do", "set", "with"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


def journal_of(commands: list[Command]) -> list[Entry]:
    first = commands[0]
    assert isinstance(first, AppendJournal)
    return list(first.entries)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, child in inner for place in places(child, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(places(BASE)[1:]), ANYTHING)
def test_whatever_stands_where_it_should_not_is_refused_or_runs(place: tuple[Any, ...], value: Any) -> None:
    definition = copy.deepcopy(BASE)
    node: Any = definition
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    try:
        workflow = compile_workflow(definition)
    except InvalidInput:
        return
    state, commands = start(workflow, INFO, {"l": [1]}, BEGIN)
    assert state.last_seq > 0
    replayed, _ = replay(workflow, INFO, {"l": [1]}, stored(journal_of(commands)), BEGIN)
    assert replayed == state


def test_a_workflow_is_shared_by_runs_in_several_threads() -> None:
    workflow = compile_workflow(with_tasks("- a: {set: {x: '${ [range(.n)] | length }'}}"))
    wrong: list[Any] = []

    def work(base: int) -> None:
        for n in range(base, base + 50):
            state, _ = start(workflow, INFO, {"n": n}, BEGIN)
            if state.output != {"x": n}:
                wrong.append((n, state.output, state.error))

    threads = [threading.Thread(target=work, args=(base,)) for base in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class Runner:
    """Stands in for a host's own jq."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def run(self, program: str, text: str, most: int) -> list[Any]:
        self.asked.append((program, text))
        return ["from outside"]


def test_a_host_may_run_jq_elsewhere() -> None:
    runner = Runner()
    workflow = compile_workflow(with_tasks("- a: {set: {x: '${ [range(3)] }', y: '${ .n }'}}"), jq_runner=runner)
    state, _ = start(workflow, INFO, {"n": 1}, BEGIN)
    assert state.output == {"x": "from outside", "y": 1}
    assert runner.asked == [("[range(3)]", '{"n": 1}')]


class GiveBack(Exception):
    """What a host's runner may raise to take the turn elsewhere."""


class Unwilling:
    def run(self, program: str, text: str, most: int) -> list[Any]:
        raise GiveBack


@pytest.mark.parametrize(
    "task",
    [
        "{set: {x: '${ [range(3)] }'}}",
        "{if: '[range(3)] != 1', set: {x: 1}}",
        "{set: {x: 1}, output: {as: '[range(3)]'}}",
        "{for: {in: '[range(3)]'}, do: []}",
        "{for: {in: '[1]'}, while: '[range(3)] != 1', do: [{b: {set: {x: 1}}}]}",
        "{try: [{r: {raise: {error: {type: 'https://e.x', status: 400}}}}], catch: {when: '[range(3)] != 1'}}",
    ],
)
def test_a_runner_may_give_the_turn_back_to_its_host(task: str) -> None:
    with pytest.raises(GiveBack):
        start(compile_workflow(with_tasks(f"- a: {task}"), jq_runner=Unwilling()), INFO, None, BEGIN)
