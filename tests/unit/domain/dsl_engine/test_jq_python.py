"""What runs in Python gives exactly what jq gives, or asks jq."""

from __future__ import annotations

import json
import string
from typing import Any

import jq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.dsl.expressions import Expression, InProcessJq
from models.domain.dsl.jq_functions import TooMuch, Unsure
from models.domain.dsl.jq_python import compile_program
from models.domain.dsl.problems import Problem
from models.domain.limits import Limits

VARIABLES = {"x": 3, "t": "text", "o": {"a": [1, 2], "b": None}, "l": [3, 1, 2], "n": None}


class Scope:
    def __init__(self, most: int = 100_000) -> None:
        self.left = most

    def get(self, name: str) -> Any:
        return VARIABLES[name]

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise TooMuch("too many items")


def by_jq(program: str, data: Any) -> Any:
    bindings = "".join(f".[{n}] as ${name} | " for n, name in enumerate(VARIABLES, 1))
    found = jq.compile(f"{bindings}.[0] | (\n{program}\n)").input_text(json.dumps([data, *VARIABLES.values()]))
    results = found.all()
    return results[0] if len(results) == 1 else results or None


def by_python(program: str, data: Any) -> Any:
    compiled = compile_program(program, VARIABLES)
    assert compiled is not None, f"not read: {program}"
    return compiled[0](data, Scope())


DATA = {
    "a": {"b": {"c": [1, 2, 3]}, "d": "text"}, "n": 5, "f": 2.5, "t": True, "z": None, "s": "a,b,c", "e": [],
    "items": [{"k": "x", "v": 3}, {"k": "y", "v": 1}, {"k": "x", "v": 2}], "words": ["b", "a", "b"],
    "and": 1, "a b": 2, "é": "ü",
}  # fmt: skip
PROGRAMS = r"""
.
.a
.a.b.c
.missing.deeper
."a b"
.a."d"
.["a b"]
.and
.a.b.c[0]
.a.b.c[-1]
.a.b.c[9]
.a.b.c[1:]
.a.b.c[:-1]
.s[1:3]
.z[0]
.z.a
.[$t]
$x
$o.a
$o.a[1]
$n // "none"
1
-1
2.5
"plain"
"tab\tquote\"é\u00e9\ud83d\ude00"
"\(.n) and \(.s) and \(.t) and \(.z)"
"nested \("in \(.n)")"
null
true
false
.n + 1
.n - 7
.n * 2.5
.n / 2
.n / 5
.n % 3
.f * 2
-.n
-.n * 2
1 + 2 * 3
(1 + 2) * 3
1 - 2 - 3
8 / 2 / 2
.s + "!"
.z + 1
1 + .z
.e + ["red"]
.missing + ["red"]
.a + {x: 1}
.n == 5
.n == 5.0
.t == 1
.z == false
.a == .a
.a != {}
.n > 3 and .n < 10
.n > 10 or .t
.z < false
.s < .n
.n <= 5
.n >= 5.5
"a" < "b"
.t | not
.z // 1
.z // .missing // 2
.t // 2
if .t then 1 else 2 end
if .z then 1 elif .n == 5 then 2 else 3 end
if .z then 1 end
[]
[1, .n, "x"]
[.a.b.c[]]
[.items[] | .k]
[.items[] | select(.v > 1)]
[.items[] | select(.v > 1) | .k]
[.items[].v]
.items | map(.v)
.items | map(select(.k == "x") | .v)
.items | map(.v) | add
.items | map(.k) | join("-")
.items | any(.v == 3)
.items | all(.v > 0)
.items | sort_by(.v)
.items | group_by(.k)
.items[]
.items[] | .v
.e[]
empty
(1, 2)
[1, 2 | . + 1]
{}
{a: 1}
{a: .n, "b": .s, (.s): .t, "x\(.n)": 1}
{n, s}
{"n", $x}
{a: (.n + 1), b: [.n]}
{ colors: (.missing.colors + [ $x ]), indexes: (.i + [ 0 ])}
.a | length
.s | length
.z | length
.n | length
"ü" | length
.a | type
.t | type
.a | keys
.e | keys
.items | length
.a | has("b")
.words | has(1)
.words | unique
.words | sort
.words | reverse
.words | min
.words | max
.words | first
.words | last
.e | first
.e | add
.e | min
.words | add
[[1],[2,3]] | add
.s | split(",")
"" | split(",")
.words | join(", ")
[1,null,true,"a"] | join("/")
.s | startswith("a")
.s | endswith("x")
.s | contains("b,")
.s | ascii_upcase
.n | tostring
"12" | tonumber
.f | floor
(-2.5) | floor
.a | to_entries
[true, false] | any
[true, false] | all
.n as_is
""".strip().splitlines()[:-1]


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_is_read_and_gives_what_jq_gives(program: str) -> None:
    found, wanted = by_python(program, DATA), by_jq(program, DATA)
    assert json.dumps(found) == json.dumps(wanted)


UNREAD = [
    "$__loc__", "$ENV", "env", "input", ".a?", ".. | numbers", "reduce .[] as $y (0; . + $y)", "def f: 1; f", ".a = 1",
    ".a |= 1", "try error catch .", "@base64", '@uri "x\\(.a)"', ".n as $y | $y", "limit(1; .[])", "first(.[])",
    "label $f | 1", "range(3)", "1 == 1 == 1", "# nothing\n1", ".a ?// 1", "nosuch", ".[", "a::b", "{a: 1 + 2}",
    "1e400", "123456789012345678901234567890", '"\\ud800"', "." + "[0]" * 0 + "|." * 60, "import 1", "", "$unknown",
]  # fmt: skip


@pytest.mark.parametrize("program", UNREAD)
def test_the_rest_is_left_to_jq(program: str) -> None:
    assert compile_program(program, VARIABLES) is None


UNSURE = [
    ".s.a", ".n[0]", ".a[0]", ".items.k", ".n + .s", ".n - .s", ".n / 0", ".n % 0", "(-.n) % 3", ".e < .e",
    ".n | has(1)", ".items | sort", ".n | keys", ".t | length", '"x" * 3', "{} * {}",
    '"\\(.f)"', '"\\(.e)"', ".a | tostring",
    "9007199254740992 + 1", ".a[1:2]", ".e[0.5:]", ".n | map(.)", ".n[]", ".n | any", "{(.n): 1}",
    '.["é"] | ascii_upcase',
    '"1.0" | tonumber', '.s | split("")', ".words | min + 1", '.words | join(1)', ".e - .e",
]  # fmt: skip


@pytest.mark.parametrize("program", UNSURE)
def test_errors_and_doubts_are_left_to_jq(program: str) -> None:
    with pytest.raises(Unsure):
        by_python(program, DATA)


# ---------------------------------------------------------------- properties

names = st.sampled_from(["a", "b", "n", "x y", "é"])
scalars = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6).map(lambda f: round(f, 3) + 0.0)
    | st.text(string.ascii_letters + " ,\"\\é😀\n\x7f", max_size=5)
)  # fmt: skip
data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)


def programs() -> st.SearchStrategy[str]:
    leaves = st.sampled_from([
        ".", ".a", ".b", ".n", '."x y"', ".a.b", ".[0]", ".[-1]", "$x", "$t", "$o", "$l", "$n", "1", "-2", "0.5",
        "null", "true", "false", '"a"', '""', "[]", "{}", "[1, 2]", '{a: 1, b: "x"}',
    ])  # fmt: skip
    functions = st.sampled_from([
        "length", "not", "type", "keys", "add", "any", "all", "tostring", "tonumber", "floor", "min", "max", "sort",
        "unique", "reverse", "first", "last", "to_entries", "ascii_downcase",
    ])  # fmt: skip

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        operators = st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "//", "|"])
        return st.one_of(
            st.builds("({} {} {})".format, inner, operators, inner),
            st.builds("{} {} {}".format, inner, operators, inner),
            st.builds("(-{})".format, leaves),
            st.builds("({} | {})".format, inner, functions),
            st.builds("if {} then {} else {} end".format, inner, inner, inner),
            st.builds("[{}, {}]".format, inner, inner),
            st.builds("[{} | .[]]".format, inner),
            st.builds("({} | map({}))".format, inner, inner),
            st.builds("({} | map(select({})))".format, inner, inner),
            st.builds("({} | sort_by({}))".format, inner, inner),
            st.builds("({} | group_by({}))".format, inner, inner),
            st.builds("({} | any({}))".format, inner, inner),
            st.builds('{{a: ({}), "b": ({}), n}}'.format, inner, inner),
            st.builds('"<\\({})|\\({})>"'.format, inner, inner),
            st.builds("({})[{}]".format, inner, leaves),
            st.builds("({})[{}:]".format, inner, leaves),
            st.builds("({} | has({}))".format, inner, leaves),
            st.builds("({} | join({}))".format, inner, leaves),
            st.builds("({} | split({}))".format, inner, leaves),
            st.builds("({} | contains({}))".format, inner, leaves),
        )

    return st.recursive(leaves, grow, max_leaves=6)


@settings(max_examples=600, deadline=None)
@given(programs(), data)
def test_any_program_over_any_data(program: str, value: Any) -> None:
    compiled = compile_program(program, VARIABLES)
    if compiled is None:
        return
    try:
        found = compiled[0](value, Scope())
    except Unsure:
        return
    assert canonical(found) == canonical(by_jq(program, value)), program


def canonical(value: Any) -> str:
    """JSON in which a whole number has one form: jq does not tell 1.0 from 1."""
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(key)}:{canonical(child)}' for key, child in sorted(value.items()))}}}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


# ---------------------------------------------------------------- budgets


@pytest.mark.parametrize(
    "program",
    [
        "[.[]]" + " | map([.])" * 3,
        '"xxxxxxxxxxxxxxxx"' + " | . + . + . + ." * 20,
        "[1]" + " | . + . + . + ." * 20,
        '"x"' + ' | "\\(.)\\(.)\\(.)\\(.)"' * 20,
        "([1]" + " | [., ., .]" * 18 + ") | . == ([1]" + " | [., ., .]" * 17 + " | [., ., .])",
    ],
)
def test_what_grows_without_bound_ends_soon(program: str) -> None:
    compiled = compile_program(program, VARIABLES)
    assert compiled is not None
    with pytest.raises(TooMuch):
        compiled[0](list(range(200_000)), Scope())


def test_several_results_have_a_limit() -> None:
    expression = Expression("range(100)", (), InProcessJq(), Limits(max_expression_results=10))
    with pytest.raises(Problem, match="max_expression_results"):
        expression.evaluate(None, Scope())


def test_a_program_without_end_is_stopped_at_the_limit_of_results() -> None:
    expression = Expression("repeat(1)", (), InProcessJq(), Limits())
    with pytest.raises(Problem, match="max_expression_results"):
        expression.evaluate(None, Scope())


def test_a_trailing_comment_is_no_harm() -> None:
    assert Expression("$x # three", VARIABLES, InProcessJq(), Limits()).evaluate(None, Scope()) == 3


def test_whole_numbers_beyond_doubles_are_kept_by_paths() -> None:
    assert by_python(".a", {"a": 2**60 + 1}) == 2**60 + 1
