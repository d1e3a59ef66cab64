"""Wrong documents: head, use, schedule, expressions, sizes; and whatever else JSON can be."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import jq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.dsl.durations import parse_duration
from models.domain.dsl.validation import NOT_YET, check_definition
from models.domain.dsl.validation_expressions import used_words
from models.domain.limits import Limits
from tests.unit.domain.dsl_documents import DOCUMENT, with_parts, with_tasks

WRONG = [
    # head
    ("document: {dsl: 1.0.3, namespace: a, name: b}", "/document/version"),
    ("document: {dsl: 1.0.3, namespace: a, version: 1.0.0}", "/document/name"),
    ("document: {dsl: 1.0.3, name: a, version: 1.0.0}", "/document/namespace"),
    ("document: {namespace: a, name: a, version: 1.0.0}", "/document/dsl"),
    ("document: nothing", "/document"),
    ("document: {dsl: 1.1.0, namespace: a, name: b, version: 1.0.0}", "/document/dsl"),
    ("document: {dsl: 0.8, namespace: a, name: b, version: 1.0.0}", "/document/dsl"),
    ("document: {dsl: 1.0.3, namespace: a b, name: b, version: 1.0.0}", "/document/namespace"),
    ("document: {dsl: 1.0.3, namespace: -a, name: b, version: 1.0.0}", "/document/namespace"),
    ("document: {dsl: 1.0.3, namespace: a, name: b_c, version: 1.0.0}", "/document/name"),
    ("document: {dsl: 1.0.3, namespace: a, name: 'b\\n', version: 1.0.0}", "/document/name"),
    (f"document: {{dsl: 1.0.3, namespace: a, name: {'b' * 64}, version: 1.0.0}}", "/document/name"),
    ("document: {dsl: 1.0.3, namespace: a, name: b, version: '1.0'}", "/document/version"),
    ("document: {dsl: 1.0.3, namespace: a, name: b, version: 1.0}", "/document/version"),
    ("document: {dsl: 1.0.3, namespace: a, name: b, version: v1.0.0}", "/document/version"),
    ("document: {dsl: 1.0.3, namespace: a, name: b, version: 01.0.0}", "/document/version"),
    ("document: {dsl: 1.0.3, namespace: a, name: b, version: 1.0.0, titel: x}", "/document/titel"),
    ("document: {dsl: 1.0.3, namespace: a, name: b, version: 1.0.0, summary: [x]}", "/document/summary"),
    ("document: {dsl: 1.0.3, namespace: a, name: b, version: 1.0.0, tags: x}", "/document/tags"),
    ("does: []", "/does"),
    ("do: 1", "/do"),
    ("timeout: {after: 5}", "/timeout/after"),
    ("timeout: short", "/timeout"),
    ("output: {as: 5}", "/output/as"),
    ("input: {schema: {document: 5}}", "/input/schema/document"),
    # schedule
    ("schedule: {}", "/schedule"),
    ("schedule: daily", "/schedule"),
    ("schedule: {cron: 5}", "/schedule/cron"),
    ("schedule: {cron: hourly}", "/schedule/cron"),
    ("schedule: {cron: '61 * * * *'}", "/schedule/cron"),
    ("schedule: {cron: '0 0 31 2 *'}", "/schedule/cron"),
    ("schedule: {cron: '* * * * * *'}", "/schedule/cron"),
    ("schedule: {every: soon}", "/schedule/every"),
    ("schedule: {every: '${ .x }'}", "/schedule/every"),
    ("schedule: {every: {milliseconds: 5}}", "/schedule/every"),
    ("schedule: {after: {}}", "/schedule/after"),
    ("schedule: {at: noon}", "/schedule/at"),
    ("schedule: {on: {}}", "/schedule/on"),
    ("schedule: {on: {one: {with: {}}}}", "/schedule/on/one/with"),
    ("schedule: {on: {one: {with: {type: x}}, any: []}}", "/schedule/on"),
    ("schedule: {on: {any: {with: {type: x}}}}", "/schedule/on/any"),
    ("schedule: {on: {any: [{with: {data: '${ $context.x }'}}]}}", "/schedule/on/any/0/with/data"),
    ("schedule: {on: {one: {with: {data: '${ [range(9)] | length }'}}}}", "/schedule/on/one/with/data"),
    ("schedule: {on: {one: {with: {data: '${ [., .] }'}}}}", "/schedule/on/one/with/data"),
    ("schedule: {on: {one: {with: {data: '${ .a as $x | $x }'}}}}", "/schedule/on/one/with/data"),
    ("schedule: {on: {one: {with: {source: '(a|b)*'}}}}", "/schedule/on/one/with/source"),
    ("schedule: {on: {all: [{with: {type: x}, correlate: {k: {from: .data, expect: '${ 1 }'}}}]}}",
     "/schedule/on/all/0/correlate/k/expect"),
    ("schedule: {on: {any: [{with: {type: x}, correlate: {k: {from: $context.k}}}]}}",
     "/schedule/on/any/0/correlate/k/from"),
    ("schedule: {on: {any: [], until: '$context.k'}}", "/schedule/on/until"),
    # use
    ("use: []", "/use"),
    ("use: {secret: [a]}", "/use/secret"),
    ("use: {secrets: [1]}", "/use/secrets/0"),
    ("use: {authentications: {a: {basic: {username: x}}}}", "/use/authentications/a/basic/password"),
    ("use: {secrets: [s], authentications: {a: {basic: {use: other}}}}", "/use/authentications/a/basic/use"),
    ("use: {authentications: {a: {oauth2: {authority: 'https://x.example', grant: authorization_code}}}}",
     "/use/authentications/a/oauth2/grant"),
    ("use: {authentications: {a: {basic: {username: x, password: y}, bearer: {token: z}}}}", "/use/authentications/a"),
    ("use: {authentications: {a: {kerberos: {}}}}", "/use/authentications/a/kerberos"),
    ("use: {errors: {e: {status: 400}}}", "/use/errors/e/type"),
    ("use: {retries: {r: {delay: 5}}}", "/use/retries/r/delay"),
    ("use: {retries: {r: {backof: {}}}}", "/use/retries/r/backof"),
    ("use: {timeouts: {t: {after: x}}}", "/use/timeouts/t/after"),
    ("use: {functions: {f: {}}}", "/use/functions/f"),
    ("use: {functions: {http: {set: {a: 1}}}}", "/use/functions/http"),
    ("use: {functions: {f: {set: {a: 1}, then: g}}}", "/use/functions/f/then"),
    ("use: {catalogs: {c: {}}}", "/use/catalogs/c/endpoint"),
    ("use: {extensions: [{e: {extend: sets}}]}", "/use/extensions/0/e/extend"),
    ("evaluate: {language: js}", "/evaluate/language"),
    ("{evaluate: {mode: loose}, do: [{a: {set: {x: env}}}]}", "/do/0/a/set/x"),
    ("{evaluate: {mode: loose}, do: [{a: {set: {x: '[$ENV]'}}}]}", "/do/0/a/set/x"),
    ("{use: {functions: {f: {call: g}, g: {do: [{x: {call: f}}]}}}}", "/use/functions/f"),
    ("{use: {functions: {f: {call: f}}}, do: [{a: {call: f}}]}", "/do"),
    ("{use: {timeouts: {a: b, b: {after: PT1S}}}}", "/use/timeouts/a"),
    ("input: {schema: {document: {type: 5}}}", "/input/schema/document"),
    ("input: {schema: {document: {$schema: []}}}", "/input/schema/document"),
    ("input: {schema: {resource: {endpoint: 'x.example'}}}", "/input/schema/resource/endpoint"),
    ("evaluate: {mode: lose}", "/evaluate/mode"),
]


@pytest.mark.parametrize(("parts", "pointer"), WRONG)
def test_a_wrong_part_is_told_at_its_place(parts: str, pointer: str) -> None:
    assert [fault.pointer for fault in check_definition(with_parts(parts))] == [pointer]


RIGHT = [
    "document: {dsl: 1.0.0, namespace: A-1, name: b, version: 1.0.0-rc.1+build.5, title: t, summary: s, tags: {a: b}}",
    "input: {from: .x, schema: {format: 'json:draft-07', document: {type: object}}}",
    "output: {as: {y: '${ .x }'}}",
    "timeout: {after: PT1H}",
    "{timeout: short, use: {timeouts: {short: {after: {seconds: 5}}}}}",
    "schedule: {cron: '*/5 8-17 * * MON-FRI', every: PT1M, after: {hours: 1}}",
    "schedule: {on: {one: {with: {type: com.example.x}}}}",
    "schedule: {on: {any: []}}",
    "schedule: {on: {any: [{with: {type: 'com\\.example\\..*', data: '${ .x > 3 }'}}, {with: {source: /hooks/x}}]}}",
    "use: {secrets: [s], authentications: {b: {bearer: {token: '${ .t }'}}}}",
    "use: {errors: {e: {type: 'https://x.example/e', status: 404, title: t, instance: /a}}}",
    "{use: {errors: {e: {type: 'https://x.example/e', status: 404}}}, do: [{a: {raise: {error: e}}}]}",
    "{use: {retries: {r: {delay: PT1S}}}, do: [{a: {try: [], catch: {retry: r}}}]}",
    "use: {retries: {r: {delay: {seconds: 1}, backoff: {constant: {}}}}}",
    "evaluate: {language: jq, mode: strict}",
    "{evaluate: {mode: loose}, do: [{a: {set: {x: .y, z: please check your env, v: 'not jq ['}}}]}",
    "{use: {functions: {f: {set: {x: 1}}, g: {do: [{a: {call: f}}, {b: {call: f}}]}}}, do: [{a: {call: g}}]}",
]


@pytest.mark.parametrize("parts", RIGHT)
def test_a_right_part_has_no_fault(parts: str) -> None:
    assert check_definition(with_parts(parts)) == []


@pytest.mark.parametrize("definition", [None, 1, "text", [], True, {}])
def test_what_is_no_document_is_told_so(definition: Any) -> None:
    assert check_definition(definition)


def test_no_feature_is_refused_that_is_not_in_the_list() -> None:
    definition = with_tasks("[{a: {listen: {to: {any: []}}}}]")
    assert check_definition(definition, not_yet=NOT_YET - {"listen"}) == []


# ---------------------------------------------------------------- expressions


@pytest.mark.parametrize(
    "text",
    ["env", "$ENV", "$ENV.HOME", "env.HOME", "[env]", '"\\(env)"', "{a: env}", "{(env|tojson): 1}", "input", "inputs",
     "halt", "1 | halt_error", "import \"a\" as a; .", "include \"a\"; .", "debug", ". as [$a] | env", "def f: env; f",
     ".a # \\\\\n | env", "input_filename", "get_search_list", "{$ENV}"],
)  # fmt: skip
def test_expressions_cannot_reach_the_process(text: str) -> None:
    faults = check_definition(with_tasks("[{a: {set: {x: 1}}}]") | {"output": {"as": text}})
    assert [fault.pointer for fault in faults] == ["/output/as"]
    assert "not available" in faults[0].detail


@pytest.mark.parametrize(
    "text", [".env", "{env: 1}", "{a: 1, env: 2}.env", '"env"', ". # env", "{env}", '.["env"]', "@json"]
)
def test_words_that_only_look_so_are_free(text: str) -> None:
    assert check_definition(with_tasks("[{a: {set: {x: 1}}}]") | {"output": {"as": text}}) == []


@pytest.mark.parametrize("text", ["(", ")", "[)", '"', '"\\(', "{", "a)b(", ") , (", '"a" "', "(" * 200 + ")" * 200])
def test_open_brackets_do_not_reach_other_expressions(text: str) -> None:
    definition = with_tasks("[{a: {set: {x: '${ .a }'}}}]") | {"output": {"as": text}}
    assert [fault.pointer for fault in check_definition(definition)] == ["/output/as"]


def test_a_fault_of_jq_says_where_in_the_expression() -> None:
    (fault,) = check_definition(with_tasks("[{a: {set: {x: 1}, if: .a ==}}]"))
    assert "column" in fault.detail
    assert "jq: error" not in fault.detail
    assert "top-level" not in fault.detail


def test_long_expressions_are_refused_by_the_name_of_the_limit() -> None:
    limits = replace(Limits(), max_expression_bytes=20)
    (fault,) = check_definition(with_tasks("[{a: {set: {x: 1}, if: '.aaaaaaaaaaaaaaaaaaaaaaaaa'}}]"), limits)
    assert "max_expression_bytes" in fault.detail


def test_many_expressions_are_checked_together_and_told_apart() -> None:
    tasks = [{f"t{n}": {"set": {"x": f"${{ .a{n} {'|' if n % 50 == 7 else ''} }}"}}} for n in range(300)]
    faults = check_definition({"document": DOCUMENT, "do": tasks})
    assert [fault.pointer for fault in faults] == [f"/do/{n}/t{n}/set/x" for n in range(7, 300, 50)]


_PIECES = st.sampled_from(
    ["(", ")", "[", "]", "{", "}", '"', "\\(", "\\", "#", "\n", ",", "|", ".", ".a", "env", " ", "$a", ":", "as", "def",
     "f", ";", "1", "if", "then", "else", "end", "reduce", "?", "//", "@json", "..", "try", "-", "é"]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_what_is_found_sound_together_is_sound_alone(text: str) -> None:
    tasks = [{"a": {"set": {"x": "${ .ok }"}, "if": text}}]
    if check_definition({"document": DOCUMENT, "do": tasks}) == []:
        jq.compile(text)
        assert "env" not in set(used_words(text))


# ---------------------------------------------------------------- sizes and anything else


def test_depth_nodes_and_names_are_limited() -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    assert "max_definition_depth" in check_definition({"a": deep})[0].detail
    assert "max_definition_nodes" in check_definition({"a": list(range(60_000))})[0].detail
    assert check_definition({1: 2})[0].detail.startswith("The name 1")


@pytest.mark.parametrize("node", [math.inf, math.nan, 2**70, "\0", "\ud800", object(), {"\ud800": 1}, b"x"])
def test_values_that_json_has_not_are_refused(node: Any) -> None:
    faults = check_definition({"document": DOCUMENT, "do": [{"a": {"set": {"x": node}}}]})
    assert [fault.pointer for fault in faults] == ["/do/0/a/set/x"]


def _calls(depth: int, width: int) -> dict[str, Any]:
    functions = {f"f{n}": {"do": [{f"t{i}": {"call": f"f{n + 1}"}} for i in range(width)]} for n in range(depth)}
    return {"functions": {**functions, f"f{depth}": {"set": {"x": 1}}}}


@pytest.mark.parametrize(("depth", "width", "says"), [(17, 2, "unfolds"), (30, 1, "deep"), (18, 9, "unfolds")])
def test_functions_that_unfold_without_end_are_refused(depth: int, width: int, says: str) -> None:
    definition = with_tasks("[{a: {call: f0}}]") | {"use": _calls(depth, width)}
    assert [says in fault.detail for fault in check_definition(definition)] == [True]


def test_functions_that_unfold_a_little_are_fine() -> None:
    assert check_definition(with_tasks("[{a: {call: f0}}]") | {"use": _calls(10, 2)}) == []


def test_forks_are_limited() -> None:
    tasks = [{"a": {"fork": {"branches": [{f"b{n}": {"set": {"x": 1}}} for n in range(1_001)]}}}]
    assert [f.pointer for f in check_definition({"document": DOCUMENT, "do": tasks})] == ["/do/0/a/fork/branches"]


def test_faults_are_limited() -> None:
    limits = replace(Limits(), max_definition_faults=10)
    tasks = [{f"t{n}": {"wait": "x"}} for n in range(1000)]
    assert len(check_definition({"document": DOCUMENT, "do": tasks}, limits)) == 10


_WORDS = st.sampled_from(
    ["document", "do", "use", "call", "http", "with", "set", "for", "in", "each", "try", "catch", "retry", "switch",
     "when", "then", "fork", "branches", "raise", "error", "wait", "seconds", "emit", "event", "input", "from", "as",
     "output", "schema", "schedule", "on", "one", "any", "all", "until", "listen", "to", "run", "script", "metadata",
     "timeout", "after", "predict", "notify", "foreach", "backoff", "jitter", "authentication", "uri", "endpoint",
     "${ .a }", "${ .[ }", "PT1S", "end", "correlate", "asyncapi", "subscription", "consume", "extensions", "functions"]
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(max_size=3), inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=300)
@given(_JSON)
def test_any_json_is_checked_without_an_error(definition: Any) -> None:
    for fault in check_definition(definition):
        assert fault.pointer == "" or fault.pointer.startswith("/")
        assert fault.detail


@settings(max_examples=500)
@given(_JSON, st.sampled_from(["do", "use", "schedule", "input", "timeout", "document", "evaluate"]))
def test_any_part_is_checked_without_an_error(part: Any, name: str) -> None:
    check_definition({"document": DOCUMENT, "do": [], name: part}, not_yet=())


@settings(max_examples=500)
@given(
    _JSON, st.sampled_from(["call", "for", "fork", "listen", "try", "switch", "emit", "raise", "run", "set", "wait"])
)
def test_any_task_is_checked_without_an_error(part: Any, kind: str) -> None:
    check_definition({"document": DOCUMENT, "do": [{"a": {kind: part, "do": part, "with": part, "catch": part}}]})


# ---------------------------------------------------------------- durations


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("PT1S", 1), ("PT0.25S", 0.25), ("P1DT2H3M4S", 93_784), ("P1W", 604_800), ("P1Y", 31_536_000), ("P1M", 2_592_000),
     ({"days": 1, "hours": 1, "minutes": 1, "seconds": 1, "milliseconds": 1}, 90_061.001), ({"seconds": 0}, 0)],
)  # fmt: skip
def test_durations_have_a_length(duration: Any, seconds: float) -> None:
    assert parse_duration(duration).total_seconds() == seconds


@pytest.mark.parametrize(
    "duration",
    ["", "P", "PT", "1S", "P1S", "PT1", "PT-1S", "-PT1S", "pt1s", "PT1S ", "P1.D", "PT" + "9" * 50 + "S", None, True, 1,
     {}, {"weeks": 1}, {"seconds": True}, {"seconds": "1"}, {"seconds": 1e3}, {"days": 10**9}, "PT١S"],
)  # fmt: skip
def test_what_is_no_duration_is_refused(duration: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_duration(duration)
