"""Order, conditions, flow directives and the tasks that steer: do, switch, for, fork."""

# ruff: noqa: E501  (a scenario stays on one line)
from __future__ import annotations

from typing import Any

import pytest

from models.domain.dsl.protocol import Continued
from models.domain.journal import EntryType
from models.domain.limits import Limits
from models.domain.runs import RunStatus
from tests.unit.domain.dsl_documents import with_tasks
from tests.unit.domain.dsl_engine.host import NEVER, Host, fails, ok, run, run_parts

S = "set: {x: 1}"

# rule, tasks, input, output, completed tasks in their order
ORDERS: list[tuple[str, str, Any, Any, str]] = [
    ("tasks run in the order of their declaration", f"- a: {{{S}}}\n- b: {{{S}}}\n- c: {{{S}}}", None, {"x": 1}, "a b c"),
    ("continue goes to the next", f"- a: {{{S}, then: continue}}\n- b: {{{S}}}", None, {"x": 1}, "a b"),
    ("then goes to the task named", f"- a: {{{S}, then: c}}\n- b: {{{S}, then: end}}\n- c: {{{S}, then: b}}", None,
     {"x": 1}, "a c b"),
    ("end ends the run", f"- a: {{set: {{y: 1}}, then: end}}\n- b: {{{S}}}", None, {"y": 1}, "a"),
    ("exit ends the list, at the top the run", f"- a: {{set: {{y: 1}}, then: exit}}\n- b: {{{S}}}", None, {"y": 1}, "a"),
    ("exit ends only its own list", f"- a: {{do: [{{b: {{{S}, then: exit}}}}, {{c: {{{S}}}}}]}}\n- d: {{set: {{z: 1}}}}",
     None, {"z": 1}, "b a d"),
    ("end in a nested list ends the run, and what is around completes",
     f"- a: {{do: [{{b: {{set: {{y: 2}}, then: end}}}}, {{c: {{{S}}}}}], output: {{as: '{{o: .y}}'}}}}\n- d: {{{S}}}",
     None, {"o": 2}, "b a"),
    ("the then of a composite task counts when it is done", f"- a: {{do: [{{b: {{{S}}}}}], then: end}}\n- c: {{{S}}}",
     None, {"x": 1}, "b a"),
    ("names may be used again in another list", f"- a: {{do: [{{a: {{{S}, then: b}}}}, {{c: {{{S}}}}}, {{b: {{{S}}}}}]}}",
     None, {"x": 1}, "a b a"),
    ("an empty list of tasks passes its input on", "- a: {do: []}", {"n": 1}, {"n": 1}, "a"),
    ("an empty workflow passes its input on", "[]", {"n": 1}, {"n": 1}, ""),
    ("if runs the task when it holds", f"- a: {{if: .n == 1, {S}}}", {"n": 1}, {"x": 1}, "a"),
    ("if skips the task when it does not hold", f"- a: {{if: .n == 2, {S}}}", {"n": 1}, {"n": 1}, ""),
    ("if in ${ } is the same", f"- a: {{if: '${{ .n == 2 }}', {S}}}", {"n": 1}, {"n": 1}, ""),
    ("null does not hold", f"- a: {{if: .nope, {S}}}", {}, {}, ""),
    ("anything but null and false holds", f"- a: {{if: '0', {S}}}", {}, {"x": 1}, "a"),
    ("a skipped task goes on with the next, whatever its then says", f"- a: {{if: 'false', {S}, then: end}}\n- b: {{{S}}}",
     {}, {"x": 1}, "b"),
    ("a skipped task does not change its output", f"- a: {{if: 'false', {S}, output: {{as: '1'}}}}", {"n": 1}, {"n": 1},
     ""),
    ("if sees the raw input", f"- a: {{if: .n == 1, input: {{from: .z}}, {S}}}", {"n": 1}, {"x": 1}, "a"),
    ("switch goes to the first case that matches",
     "- s: {switch: [{p: {when: .n > 5, then: b}}, {q: {when: .n > 1, then: c}}, {r: {when: .n > 0, then: b}}]}\n"
     "- b: {set: {y: 1}, then: end}\n- c: {set: {z: 1}, then: end}", {"n": 3}, {"z": 1}, "s c"),
    ("switch without a match goes to its default",
     f"- s: {{switch: [{{p: {{then: c}}}}, {{q: {{when: .n > 5, then: b}}}}]}}\n- b: {{{S}, then: end}}\n- c: {{set: {{z: 1}}}}",
     {"n": 3}, {"z": 1}, "s c"),
    ("switch without match and default follows its own then",
     f"- s: {{switch: [{{q: {{when: .n > 5, then: b}}}}], then: c}}\n- b: {{{S}}}\n- c: {{set: {{z: 1}}}}", {"n": 3},
     {"z": 1}, "s c"),
    ("switch without match, default and then continues", f"- s: {{switch: [{{q: {{when: 'false', then: c}}}}]}}\n- b: {{{S}}}\n"
     f"- c: {{set: {{z: 1}}}}", {"n": 3}, {"z": 1}, "s b c"),
    ("switch passes its input on", "- s: {switch: [{q: {then: continue}}]}", {"n": 3}, {"n": 3}, "s"),
    ("a case may end the run", f"- s: {{switch: [{{q: {{then: end}}}}]}}\n- b: {{{S}}}", {"n": 3}, {"n": 3}, "s"),
    ("a case may exit its list", f"- a: {{do: [{{s: {{switch: [{{q: {{then: exit}}}}]}}}}, {{b: {{{S}}}}}]}}\n- c: {{set: '${{ . }}'}}",
     {"n": 3}, {"n": 3}, "s a c"),
    ("a case may continue though the switch says otherwise", f"- s: {{switch: [{{q: {{then: continue}}}}], then: end}}\n- b: {{{S}}}",
     {}, {"x": 1}, "s b"),
    ("jumps back make a loop", "- a: {set: {n: '${ .n + 1 }'}}\n- s: {switch: [{p: {when: .n < 3, then: a}}]}", {"n": 0},
     {"n": 3}, "a s a s a s"),
    ("for goes over each item", "- l: {for: {in: .l}, do: [{a: {set: {s: '${ .s + $item }', l: 1}}}]}", {"l": [1, 2]},
     {"s": 3, "l": 1}, "a a l"),
    ("each and at name the variables", "- l: {for: {each: e, at: i, in: .l}, do: [{a: {set: '${ [$e, $i] }'}}]}",
     {"l": ["p", "q"]}, ["q", 1], "a a l"),
    ("at begins at 0", "- l: {for: {in: .l}, do: [{a: {set: '${ $index }'}}]}", {"l": ["p"]}, 0, "a l"),
    ("each iteration gets the output of the one before", "- l: {for: {in: '[1,2,3]'}, do: [{a: {set: '${ . + [$item] }'}}]}",
     [], [1, 2, 3], "a a a l"),
    ("over nothing, the input is the output", f"- l: {{for: {{in: .l}}, do: [{{a: {{{S}}}}}]}}", {"l": []}, {"l": []}, "l"),
    ("with nothing to do, the input is the output", "- l: {for: {in: .l}, do: []}", {"l": [1]}, {"l": [1]}, "l"),
    ("while is asked before each iteration", "- l: {for: {in: '[1,2,3]'}, while: . < 2, do: [{a: {set: '${ . + 1 }'}}]}", 0, 2,
     "a a l"),
    ("while may hold for none", "- l: {for: {in: '[1,2,3]'}, while: 'false', do: [{a: {set: '${ . + 1 }'}}]}", 0, 0, "l"),
    ("while sees the item and its index",
     "- l: {for: {each: e, at: i, in: '[1,2,3]'}, while: '$e < 3 and $i < 9', do: [{a: {set: '${ . + 1 }'}}]}", 0, 2, "a a l"),
    ("loops nest and see outer variables",
     "- l: {for: {each: p, in: '[1,2]'}, do: [{m: {for: {each: q, in: '[10,20]'}, do: [{a: {set: '${ . + [$p + $q] }'}}]}}]}",
     [], [11, 21, 12, 22], "a a m a a m l"),
    ("inner variables hide outer ones",
     "- l: {for: {each: p, in: '[1,2]'}, do: [{m: {for: {each: p, in: '[7]'}, do: [{a: {set: '${ . + [$p] }'}}]}}]}", [], [7, 7],
     "a m a m l"),
    ("exit ends the iteration", f"- l: {{for: {{in: '[1,2]'}}, do: [{{a: {{set: '${{ . + 1 }}', then: exit}}}}, {{b: {{{S}}}}}]}}", 0, 2,
     "a a l"),
    ("end inside a loop ends the run", "- l: {for: {in: '[1,2]'}, do: [{a: {set: '${ . + 1 }', then: end}}]}\n- b: {set: {x: 1}}", 0, 1,
     "a l"),
    ("skipped tasks in a loop go on", "- l: {for: {in: '[1,2]'}, do: [{a: {if: $item == 2, set: '${ . + $item }'}}]}", 0, 2,
     "a l"),
    ("the loop variables are gone after the loop", "- l: {for: {in: '[1,2]'}, do: [{a: {set: '${ $item }'}}], output: {as: '. + 1'}}", 0, 3,
     "a a l"),
    ("jumps inside an iteration begin anew with the next",
     "- l: {for: {in: '[1,2]'}, do: [{a: {set: '${ . + 1 }'}}, {s: {switch: [{p: {when: . % 2 == 1, then: a}}]}}]}", 0, 4,
     "a s a s a s a s l"),
    ("fork gives the outputs in the order of the branches", "- f: {fork: {branches: [{a: {set: {p: 1}}}, {b: {set: {q: 2}}}]}}", None,
     [{"p": 1}, {"q": 2}], "a b f"),
    ("each branch gets the input of the fork", "- f: {fork: {branches: [{a: {set: '${ .n }'}}, {b: {set: '${ .n + 1 }'}}]}}", {"n": 1},
     [1, 2], "a b f"),
    ("fork without branches gives an empty list", "- f: {fork: {branches: []}}", None, [], "f"),
    ("competing branches give the output of the first", "- f: {fork: {compete: true, branches: [{a: {set: {p: 1}}}, {b: {set: {q: 2}}}]}}",
     None, {"p": 1}, "a f"),
    ("a skipped branch gives its input", "- f: {fork: {branches: [{a: {if: 'false', set: {p: 1}}}, {b: {set: {q: 2}}}]}}", {"n": 1},
     [{"n": 1}, {"q": 2}], "b f"),
    ("all branches may be skipped", "- f: {fork: {branches: [{a: {if: 'false', set: {p: 1}}}]}}", {"n": 1}, [{"n": 1}], "f"),
    ("a skipped competitor wins", "- f: {fork: {compete: true, branches: [{a: {if: 'false', set: {p: 1}}}, {b: {set: {q: 2}}}]}}", {"n": 1},
     {"n": 1}, "f"),
    ("the output of a fork can be transformed", "- f: {fork: {branches: [{a: {set: 1}}, {b: {set: 2}}]}, output: {as: add}}".replace(
        "set: 1", "set: '${ 1 }'").replace("set: 2", "set: '${ 2 }'"), None, 3, "a b f"),
    ("branches share the context", "- f: {fork: {branches: [{a: {set: {p: 1}, export: {as: .}}}, {b: {set: {q: 2}, export: {as: '$context + .'}}}]}}\n"
     "- c: {set: '${ $context }'}", None, {"p": 1, "q": 2}, "a b f c"),
    ("end in a branch ends the run", "- f: {fork: {branches: [{a: {set: {p: 1}, then: end}}, {b: {set: {q: 2}}}]}}\n- c: {set: {x: 1}}", None,
     {"p": 1}, "a f"),
    ("forks nest", "- f: {fork: {branches: [{g: {fork: {branches: [{a: {set: '${ 1 }'}}, {b: {set: '${ 2 }'}}]}}}, {c: {set: '${ 3 }'}}]}}", None,
     [[1, 2], 3], "c a b g f"),
    ("a loop may run in a branch", "- f: {fork: {branches: [{l: {for: {in: '[1,2]'}, do: [{a: {set: '${ . + $item }'}}]}}]}}", 0, [3], "a a l f"),
    ("a branch sees the variables around the fork",
     "- l: {for: {in: '[5]'}, do: [{f: {fork: {branches: [{a: {set: '${ $item }'}}, {b: {set: '${ $index }'}}]}}}]}", 0, [5, 0], "a b f l"),
]  # fmt: skip


@pytest.mark.parametrize(("tasks", "given", "output", "order"), [o[1:] for o in ORDERS], ids=[o[0] for o in ORDERS])
def test_order(tasks: str, given: Any, output: Any, order: str) -> None:
    host = run(tasks, given)
    assert host.output == output
    assert " ".join(host.names()) == order


def test_every_executed_task_has_a_start_and_an_end() -> None:
    host = run("- a: {do: [{b: {set: {x: 1}}}]}\n- c: {set: {y: 1}}")
    assert host.trace() == ["started a", "started b", "completed b", "completed a", "started c", "completed c"]
    assert [e.type for e in (host.journal[0], host.journal[-1])] == [EntryType.RUN_STARTED, EntryType.RUN_COMPLETED]


def test_entries_have_input_and_output() -> None:
    host = run("- a: {set: {x: '${ .n }'}}", {"n": 4})
    started, completed = host.of("a")
    assert (started.data["input"], completed.data["output"]) == ({"n": 4}, {"x": 4})


def test_a_skipped_task_has_one_entry_of_its_own() -> None:
    host = run("- a: {if: 'false', set: {x: 1}}", 1)
    assert [(e.type, e.data) for e in host.of("a")] == [(EntryType.TASK_SKIPPED, {"input": 1})]


def test_tasks_are_named_by_their_pointer() -> None:
    host = run("""
- a/b~c: {do: [{in: {set: {x: 1}}}]}
- l: {for: {in: '[1]'}, do: [{i: {set: {x: 1}}}]}
- f: {fork: {branches: [{i: {set: {x: 1}}}]}}
- t: {try: [{i: {raise: {error: {type: 'https://e.x/a', status: 400}}}}], catch: {do: [{i: {set: {x: 1}}}]}}
""")
    assert {entry.task for entry in host.journal} == {
        "", "/do/0/a~1b~0c", "/do/0/a~1b~0c/do/0/in", "/do/1/l", "/do/1/l/do/0/i", "/do/2/f",
        "/do/2/f/fork/branches/0/i", "/do/3/t", "/do/3/t/try/0/i", "/do/3/t/catch/do/0/i",
    }  # fmt: skip


def test_paths_tell_iterations_apart() -> None:
    host = run("- l: {for: {in: '[1,2]'}, do: [{m: {for: {in: '[1,2]'}, do: [{a: {set: {x: 1}}}]}}]}")
    assert [e.path for e in host.of("a", EntryType.TASK_STARTED)] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [e.path for e in host.of("m", EntryType.TASK_COMPLETED)] == [(0,), (1,)]


def test_paths_tell_visits_apart_where_tasks_can_be_visited_again() -> None:
    host = run("- a: {set: '${ . + 1 }'}\n- s: {switch: [{p: {when: . < 3, then: a}}]}", 0)
    assert [e.path for e in host.of("a", EntryType.TASK_STARTED)] == [(0,), (1,), (2,)]


def test_paths_are_empty_where_tasks_run_once() -> None:
    assert {e.path for e in run("- a: {set: {x: 1}, then: c}\n- b: {set: {x: 1}}\n- c: {set: {x: 1}}").journal} == {()}


@pytest.mark.parametrize(("value", "kind"), [(None, "null"), ({"a": 1}, "object"), ("text", "string"), (3, "number")])
def test_for_over_anything_but_a_list_faults(value: Any, kind: str) -> None:
    error = run("- l: {for: {in: .v}, do: [{a: {set: {x: 1}}}]}", {"v": value}).error
    assert error["type"].endswith("/expression")
    assert kind in error["detail"]
    assert error["instance"] == "/do/0/l"


def test_a_failing_while_faults_the_loop() -> None:
    error = run("- l: {for: {in: '[1]'}, while: .a.b, do: [{a: {set: {x: 1}}}]}", {"a": 1}).error
    assert error["instance"] == "/do/0/l"


# ---------------------------------------------------------------- forks over time

CALL = "call: predict, with: {model: m, inputs: []}"
RACE = f"- f: {{fork: {{compete: %s, branches: [{{a: {{{CALL}}}}}, {{b: {{{CALL}}}}}, {{c: {{{CALL}}}}}]}}}}"


def test_branches_run_side_by_side() -> None:
    host = run(RACE % "false", None, {"a": ok(1, 3), "b": ok(2, 2), "c": ok(3, 1)})
    assert host.output == [1, 2, 3]
    assert host.names() == ["c", "b", "a", "f"]
    assert host.seconds == 3


def test_the_fastest_competitor_wins_and_the_others_are_cancelled() -> None:
    host = run(RACE % "true", None, {"a": ok(1, 3), "b": ok(2, 1), "c": NEVER})
    assert host.output == 2
    assert host.seconds == 3  # the late result of `a` comes in and changes nothing
    assert sorted(host.names(EntryType.TASK_CANCELLED)) == ["a", "c"]
    assert sorted(host.cancelled_steps) == sorted(s.step for s in host.steps if s.task.endswith(("/a", "/c")))


def test_competitors_that_have_not_run_yet_are_cancelled() -> None:
    host = run("- f: {fork: {compete: true, branches: [{a: {set: {p: 1}}}, {b: {set: {q: 1}}}]}}")
    assert host.trace() == ["started f", "started a", "started b", "completed a", "cancelled b", "completed f"]


def test_a_step_that_lost_before_it_began_is_never_performed() -> None:
    host = run(f"- f: {{fork: {{compete: true, branches: [{{a: {{{CALL}}}}}, {{b: {{set: {{q: 1}}}}}}]}}}}")
    assert host.output == {"q": 1}
    assert host.steps == []
    assert host.cancelled_steps == []


@pytest.mark.parametrize("compete", ["true", "false"])
def test_a_branch_that_faults_faults_the_fork_and_cancels_the_others(compete: str) -> None:
    host = run(RACE % compete, None, {"a": ok(1, 3), "b": fails(after=1), "c": NEVER})
    assert host.error["instance"] == "/do/0/f/fork/branches/1/b"
    assert sorted(host.names(EntryType.TASK_CANCELLED)) == ["a", "c"]
    assert host.names(EntryType.TASK_FAULTED) == ["b", "f"]


def test_a_branch_that_cannot_start_faults_the_fork_at_once() -> None:
    host = run(
        "- f: {fork: {branches: [{a: {set: {x: 1}}}, {b: {if: .a.b, set: {x: 1}}}, {c: {set: {x: 1}}}]}}", {"a": 1}
    )
    assert host.trace() == ["started f", "started a", "started b", "faulted b", "cancelled a", "faulted f"]


def test_end_in_a_branch_cancels_the_others_at_once() -> None:
    host = run(f"- f: {{fork: {{branches: [{{a: {{do: [{{b: {{set: {{p: 1}}, then: end}}}}]}}}}, {{c: {{{CALL}}}}}]}}}}", None,
               {"c": NEVER})  # fmt: skip
    assert host.output == {"p": 1}
    assert host.names(EntryType.TASK_CANCELLED) == ["c"]


def test_cancelling_a_branch_ends_all_that_runs_inside_it_innermost_first() -> None:
    host = run(f"""
- f:
    fork:
      compete: true
      branches:
        - a: {{do: [{{w: {{wait: PT1S}}}}]}}
        - b: {{do: [{{l: {{for: {{in: '[1,2]'}}, do: [{{d: {{{CALL}}}}}]}}}}]}}
""", None, {"d": NEVER})  # fmt: skip
    assert host.names(EntryType.TASK_CANCELLED) == ["d", "l", "b"]
    assert len(host.cancelled_steps) == 1


# ---------------------------------------------------------------- pieces of work


def test_much_work_is_done_in_pieces() -> None:
    host = run(
        "- l: {for: {in: '[range(20)]'}, do: [{a: {set: '${ . + 1 }'}}]}", 0, limits=Limits(max_entries_per_advance=7)
    )
    assert host.output == 20
    assert host.continued >= 5


def test_a_second_continued_does_no_harm() -> None:
    host = Host(with_tasks("- l: {for: {in: '[range(9)]'}, do: [{a: {set: '${ . + 1 }'}}]}"), 0,
                limits=Limits(max_entries_per_advance=3)).begin()  # fmt: skip
    while host.state.status is RunStatus.RUNNING:
        host.send(Continued(host.now))
    assert host.output == 9
    assert host.send(Continued(host.now)) == []


def test_events_between_pieces_are_worked_off() -> None:
    host = run_parts(f"do: [{{f: {{fork: {{branches: [{{l: {{for: {{in: '[range(30)]'}}, do: [{{a: {{set: '${{ . + 1 }}'}}}}]}}}}, {{c: {{{CALL}}}}}]}}}}}}]",
                     0, {"c": ok("done")}, limits=Limits(max_entries_per_advance=2))  # fmt: skip
    assert host.output == [30, "done"]
