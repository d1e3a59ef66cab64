"""Input, output, export, context, variables and expressions, rule by rule."""

# ruff: noqa: E501  (a scenario stays on one line)
from __future__ import annotations

from typing import Any

import pytest

from models.domain.dsl.protocol import RunInfo
from models.domain.journal import EntryType
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from tests.unit.domain.dsl_documents import with_tasks
from tests.unit.domain.dsl_engine.host import RUN, Host, ok, run, run_parts

EXPRESSION = "https://serverlessworkflow.io/spec/1.0.0/errors/expression"
VALIDATION = "https://serverlessworkflow.io/spec/1.0.0/errors/validation"

# rule, tasks, input, output
FLOWS: list[tuple[str, str, Any, Any]] = [
    ("set makes the output", "- a: {set: {x: 1}}", {"y": 2}, {"x": 1}),
    ("static values pass as they are", "- a: {set: {x: [1, {y: '$z'}], t: 'no ${ here }'}}", None,
     {"x": [1, {"y": "$z"}], "t": "no ${ here }"}),
    ("set takes an expression", "- a: {set: '${ .x }'}", {"x": [1]}, [1]),
    ("expressions nest in objects and lists", "- a: {set: {x: {y: ['${ .n }', 2]}}}", {"n": 1}, {"x": {"y": [1, 2]}}),
    ("an expression may span lines", "- a:\n    set:\n      x: |\n        ${\n          .n\n          + 1\n        }",
     {"n": 1}, {"x": 2}),
    ("a missing property is null", "- a: {set: {x: '${ .nope.deeper }'}}", {}, {"x": None}),
    ("several results become a list", "- a: {set: {x: '${ .l[] }'}}", {"l": [1, 2]}, {"x": [1, 2]}),
    ("no result becomes null", "- a: {set: {x: '${ empty }'}}", {}, {"x": None}),
    ("one result of many stays itself", "- a: {set: {x: '${ .l[] }'}}", {"l": [1]}, {"x": 1}),
    ("the output is the next input", "- a: {set: {x: 1}}\n- b: {set: {y: '${ .x }'}}", None, {"y": 1}),
    ("input.from narrows the input", "- a: {input: {from: .user.id}, set: {x: '${ . }'}}", {"user": {"id": 7}}, {"x": 7}),
    ("input.from in ${ } is the same", "- a: {input: {from: '${ .user.id }'}, set: {x: '${ . }'}}", {"user": {"id": 7}},
     {"x": 7}),
    ("input.from may be an object", "- a: {input: {from: {id: '${ .n }', k: v}}, set: '${ . }'}", {"n": 1},
     {"id": 1, "k": "v"}),
    ("$input is the transformed input", "- a: {input: {from: .n}, set: {x: '${ $input }'}}", {"n": 3}, {"x": 3}),
    ("$task.input is the raw input", "- a: {input: {from: .n}, set: {x: '${ $task.input }'}}", {"n": 3}, {"x": {"n": 3}}),
    ("output.as changes the output", "- a: {set: {x: 1, y: 2}, output: {as: .x}}", None, 1),
    ("output.as may be an object", "- a: {set: {x: 1}, output: {as: {z: '${ .x }'}}}", None, {"z": 1}),
    ("output.as sees $input", "- a: {set: {x: 1}, output: {as: '$input + .'}}", {"y": 2}, {"y": 2, "x": 1}),
    ("output.as sees the raw output as $task.output", "- a: {set: {x: 1}, output: {as: $task.output.x}}", None, 1),
    ("export.as sets the context", "- a: {set: {x: 1}, export: {as: .}}\n- b: {set: {c: '${ $context }'}}", None,
     {"c": {"x": 1}}),
    ("export.as runs over the transformed output",
     "- a: {set: {x: 1}, output: {as: .x}, export: {as: '{n: .}'}}\n- b: {set: '${ $context }'}", None, {"n": 1}),
    ("export.as sees $output, $input and the old context",
     "- a: {set: {x: 1}, export: {as: '{o: $output, i: $input, c: $context}'}}\n- b: {set: '${ $context }'}", {"y": 1},
     {"o": {"x": 1}, "i": {"y": 1}, "c": {"y": 1}}),
    (
        "the context begins as the transformed input of the workflow",
        "- a: {set: {x: '${ $context.n }'}}",
        {"n": 1},
        {"x": 1},
    ),
    ("export.as can merge", "- a: {set: {x: 1}, export: {as: .}}\n- b: {set: {y: 2}, export: {as: '$context + .'}}\n"
     "- c: {set: '${ $context }'}", None, {"x": 1, "y": 2}),
    ("export does not change the output", "- a: {set: {x: 1}, export: {as: '{c: 1}'}}", None, {"x": 1}),
    ("the context lives on in nested tasks",
     "- a: {set: {x: 1}, export: {as: .}}\n- b: {do: [{c: {set: '${ $context }'}}]}", None, {"x": 1}),
    ("$output is null where there is none yet", "- a: {set: {x: '${ $output }'}}", None, {"x": None}),
    ("$task tells name and reference", "- a: {set: {x: '${ [$task.name, $task.reference] }'}}", None,
     {"x": ["a", "/do/0/a"]}),
    ("$task.definition is the definition", "- a: {set: {x: '${ $task.definition.metadata }'}, metadata: {m: 1}}", None,
     {"x": {"m": 1}}),
    ("$task.startedAt has the time",
     "- a: {set: {x: '${ $task.startedAt.epoch.seconds }', y: '${ $task.startedAt.iso8601 }'}}", None,
     {"x": 1767225600, "y": "2026-01-01T00:00:00.000000Z"}),
    ("$workflow has id, input and definition",
     "- a: {set: {x: '${ [$workflow.id, $workflow.input.n, $workflow.definition.document.name] }'}}", {"n": 1},
     {"x": [str(RUN), 1, "a-workflow"]}),
    ("$workflow.startedAt has the time", "- a: {set: {x: '${ $workflow.startedAt.epoch.milliseconds }'}}", None,
     {"x": 1767225600000}),
    ("$runtime names the runtime", "- a: {set: {x: '${ $runtime.name }'}}", None, {"x": "Tidewire"}),
    ("$authorization is null", "- a: {set: {x: '${ $authorization }'}}", None, {"x": None}),
    ("strings interpolate", "- a: {set: {x: '${ \"Hello \\(.first) \\(.last)!\" }'}}", {"first": "A", "last": "B"},
     {"x": "Hello A B!"}),
    ("what only jq can do works", "- a: {set: {x: '${ [.l[] | . as $y | $y * 2] }'}}", {"l": [1, 2]}, {"x": [2, 4]}),
    ("jq proper sees variables", "- a: {set: {x: '${ reduce $input.l[] as $y (0; . + $y) }'}}", {"l": [1, 2]}, {"x": 3}),
    ("numbers stay whole", "- a: {set: {x: '${ .n / 2 }', y: '${ .n * 1.5 }'}}", {"n": 4}, {"x": 2, "y": 6}),
    ("the input may be anything", "- a: {set: {x: '${ . }'}}", [1, "a", None], {"x": [1, "a", None]}),
]  # fmt: skip


@pytest.mark.parametrize(("tasks", "given", "wanted"), [f[1:] for f in FLOWS], ids=[f[0] for f in FLOWS])
def test_data_flows(tasks: str, given: Any, wanted: Any) -> None:
    assert run(tasks, given).output == wanted


def test_workflow_input_from_makes_the_first_input() -> None:
    host = run_parts("input: {from: .order}\ndo: [{a: {set: {x: '${ .id }', raw: '${ $workflow.input }'}}}]",
                     {"order": {"id": 1}})  # fmt: skip
    assert host.output == {"x": 1, "raw": {"order": {"id": 1}}}
    assert host.journal[0].data["input"] == {"id": 1}


def test_workflow_output_as_makes_the_output() -> None:
    host = run_parts("output: {as: '{r: .x, c: $context}'}\ndo: [{a: {set: {x: 1}, export: {as: '2'}}}]")
    assert host.output == {"r": 1, "c": 2}


def test_secrets_are_shown_as_the_host_hands_them_in() -> None:
    info = RunInfo(RUN, WorkflowRef("test", "a-workflow", "0.1.0"), {"key": {"ref": "secret:key"}})
    document = {**with_tasks("- a: {set: {x: '${ $secrets.key }'}}"), "use": {"secrets": ["key"]}}
    assert Host(document, info=info).run().output == {"x": {"ref": "secret:key"}}


# rule, tasks, input, part of the detail, instance
EXPRESSION_ERRORS = [
    ("in a definition", "- a: {set: {x: '${ .n + 1 }'}}", {"n": "t"}, "cannot be added", "/do/0/a"),
    ("in if", "- a: {if: .n > 1 and .n.m, set: {x: 1}}", {"n": 2}, "Cannot index number", "/do/0/a"),
    ("in input.from", "- a: {input: {from: .n.m}, set: {x: 1}}", {"n": 2}, "Cannot index number", "/do/0/a"),
    ("in output.as", "- a: {set: {x: 1}, output: {as: .x.y}}", None, "Cannot index number", "/do/0/a"),
    ("in export.as", "- a: {set: {x: 1}, export: {as: .x.y}}", None, "Cannot index number", "/do/0/a"),
    ("in a nested task", "- a: {do: [{b: {set: '${ .n.m }'}}]}", {"n": 1}, "Cannot index", "/do/0/a/do/0/b"),
    ("in the output of a composite task", "- a: {do: [{b: {set: {x: 1}}}], output: {as: .x.y}}", None, "Cannot index",
     "/do/0/a"),
    ("raised by the author", "- a: {set: '${ error(\"mine\") }'}", None, "mine", "/do/0/a"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tasks", "given", "detail", "instance"), [e[1:] for e in EXPRESSION_ERRORS], ids=[e[0] for e in EXPRESSION_ERRORS]
)
def test_a_failing_expression_faults_with_type_expression(tasks: str, given: Any, detail: str, instance: str) -> None:
    host = run(tasks, given)
    assert host.error["type"] == EXPRESSION
    assert host.error["status"] == 400
    assert detail in host.error["detail"]
    assert host.error["instance"] == instance


def test_a_failing_workflow_input_faults_the_run_after_its_start() -> None:
    host = run_parts("input: {from: .a.b}", {"a": 1})
    assert [e.type for e in host.journal] == [EntryType.RUN_STARTED, EntryType.RUN_FAULTED]
    assert host.error["instance"] == "/input"


def test_a_failing_workflow_output_faults_the_run() -> None:
    host = run_parts("output: {as: .a.b.c}")
    assert host.error["instance"] == "/output"
    assert host.trace() == ["started one", "completed one"]


SCHEMA = "{schema: {format: json, document: {type: object, required: [n], properties: {n: {type: integer}}}}}"


@pytest.mark.parametrize("given", [{"n": 1}, {"n": 1, "more": 2}])
def test_data_that_fits_a_schema_goes_on(given: Any) -> None:
    assert run(f"- a: {{input: {SCHEMA}, set: '${{ . }}', output: {SCHEMA}, export: {SCHEMA}}}", given).output == given


@pytest.mark.parametrize(
    ("tasks", "what"),
    [
        (f"- a: {{input: {SCHEMA}, set: {{n: 1}}}}", "input"),
        (f"- a: {{set: {{n: x}}, output: {SCHEMA}}}", "output"),
        ("- a: {set: {n: 1}, export: {as: '\"c\"', schema: {format: json, document: {type: object}}}}", "context"),
    ],
)
def test_data_that_does_not_fit_faults_with_type_validation(tasks: str, what: str) -> None:
    host = run(tasks, {"n": "text"})
    assert host.error["type"] == VALIDATION
    assert host.error["status"] == 400
    assert f"The {what} does not fit" in host.error["detail"]
    assert host.error["instance"] == "/do/0/a"


def test_the_schema_of_the_workflow_input_is_held() -> None:
    host = run_parts(f"input: {SCHEMA}", {"n": "x"})
    assert host.error["type"] == VALIDATION
    assert host.error["instance"] == "/input"


def test_the_schema_is_checked_before_input_from() -> None:
    flow = SCHEMA[:-1] + ", from: '{n: 1}'}"
    assert run(f"- a: {{input: {flow}, set: {{x: 1}}}}", {"n": "x"}).error["type"] == VALIDATION


def test_output_as_is_checked_after_the_transformation() -> None:
    flow = SCHEMA[:-1] + ", as: '{n: 1}'}"
    assert run(f"- a: {{set: {{x: 1}}, output: {flow}}}").output == {"n": 1}


@pytest.mark.parametrize(
    "document",
    ["{$ref: 'https://example.com/s.json'}", "{$ref: 'file:///etc/passwd'}", "{$ref: '#/nowhere'}", "{pattern: '('}"],
)
def test_a_schema_that_cannot_be_used_is_refused_and_reaches_nothing(document: str) -> None:
    with pytest.raises(AssertionError, match="no JSON Schema that can be used"):
        run(f"- a: {{input: {{schema: {{format: json, document: {document}}}}}, set: {{x: 1}}}}")


@pytest.mark.parametrize("pattern", ["^(a+)+$", r"^(\\w+)\\1*!$", "^(a|a?)+(?!b)$"])
def test_a_pattern_that_would_run_for_ever_is_given_up(pattern: str) -> None:
    schema = f'{{schema: {{format: json, document: {{type: object, properties: {{n: {{pattern: "{pattern}"}}}}}}}}}}'
    host = run(f"- a: {{input: {schema}, set: {{x: 1}}}}", {"n": "a" * 50_000 + "?"})
    assert host.error["type"] == VALIDATION


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = "{schema: {format: json, document: {additionalProperties: {$ref: '#'}}}}"
    assert run(f"- a: {{input: {schema}, set: {{x: 1}}}}", {"n": {"m": {}}}).output == {"x": 1}


LOOSE = "evaluate: {mode: loose}\ndo:\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (".n + 1", 3),
        ("${ .n }", 2),
        ("Hello, you there", "Hello, you there"),
        (".n.m", ".n.m"),
        ("", ""),
        ("$input.n", 2),
    ],
)
def test_the_loose_mode_computes_what_it_can(text: str, wanted: Any) -> None:
    assert run_parts(f"{LOOSE}- a: {{set: {{x: '{text}'}}}}", {"n": 2}).output == {"x": wanted}


def test_in_the_strict_mode_bare_text_is_text() -> None:
    assert run("- a: {set: {x: .n}}", {"n": 2}).output == {"x": ".n"}


# ---------------------------------------------------------------- limits


def test_data_over_the_limit_faults_the_task() -> None:
    doubling = "- a: {for: {in: '[range(40)]'}, do: [{b: {set: {x: '${ . }', y: '${ . }'}}}]}"
    host = run(doubling, {"n": 1}, limits=Limits(max_data_bytes=5_000), check=False)
    assert "max_data_bytes" in host.error["detail"]
    assert host.error["instance"] == "/do/0/a/do/0/b"


def test_data_too_deep_faults_the_task() -> None:
    deeper = "- a: {for: {in: '[range(300)]'}, do: [{b: {set: {x: '${ . }'}}}]}"
    host = run(deeper, 1, limits=Limits(max_json_depth=50), check=False)
    assert "max_json_depth" in host.error["detail"]


def test_an_output_of_a_step_over_the_limit_faults_the_task() -> None:
    host = run("- a: {call: predict, with: {model: m, inputs: []}}", None, {"a": ok("x" * 2000)},
               limits=Limits(max_data_bytes=1000))  # fmt: skip
    assert "max_data_bytes" in host.error["detail"]


@pytest.mark.parametrize("text", ['\\"\\\\u0000\\"', "[0] | implode"])
def test_text_that_cannot_be_stored_faults_the_task(text: str) -> None:
    assert "NUL" in run(f'- a: {{set: {{x: "${{ {text} }}"}}}}').error["detail"]
