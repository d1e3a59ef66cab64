"""Workflow definitions from YAML and JSON: what is read, what is refused, and on which line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.errors import Fault, InvalidDefinition, InvalidInput, LimitExceeded
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from serve.body import LimitedRequest
from serve.definitions import EXAMPLE, content_hash, parse_definition, read_definition
from serve.errors import UnsupportedMediaType
from serve.json_source import json_marks
from serve.records import NewVersion
from serve.yaml_source import read_yaml

LIMITS = Limits()
GOOD = """\
document:
  dsl: '1.0.3'
  namespace: test
  name: good
  version: 0.1.0
schedule:
  on:
    one:
      with: {type: com.example.x}
do:
  - first:
      set:
        no: "no"
"""


def faults(text: str | bytes, media: str = "application/yaml") -> list[Fault]:
    raw = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(InvalidDefinition) as caught:
        parse_definition(raw, media, LIMITS)
    return list(caught.value.faults)


def read(text: str, media: str = "application/yaml") -> NewVersion:
    return parse_definition(text.encode(), media, LIMITS)


def value(text: str) -> Any:
    return read_yaml(text, LIMITS)[0]


# ---------------------------------------------------------------- what is read


def test_the_example_is_valid() -> None:
    assert read(EXAMPLE).ref == WorkflowRef("ops", "late-flights", "1.0.0")


def test_a_version_has_all_its_parts() -> None:
    version = read(GOOD.replace("version: 0.1.0", "version: 0.1.0\n  title: T\n  summary: S"))
    assert (version.title, version.summary, version.media_type) == ("T", "S", "application/yaml")
    assert version.triggers == {"on": {"any": [{"type": "com.example.x"}]}}
    assert version.definition["do"][0]["first"]["set"] == {"no": "no"}
    assert "summary: S" in version.source


def test_yaml_and_json_that_say_the_same_have_the_same_hash() -> None:
    yaml_version = read(GOOD)
    as_json = json.dumps(yaml_version.definition, indent=3)
    json_version = read(as_json, "application/json")
    assert json_version.content_hash == yaml_version.content_hash
    assert json_version.media_type == "application/json"
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1}) != content_hash({"a": 1, "b": 3})


def test_a_comment_does_not_make_another_version_but_a_word_does() -> None:
    assert read("# a comment\n" + GOOD).content_hash == read(GOOD).content_hash
    assert read(GOOD.replace("first", "other")).content_hash != read(GOOD).content_hash


@pytest.mark.parametrize(
    "media", ["application/yaml", "application/x-yaml", "text/yaml", "text/vnd.yaml", "application/x+yaml"]
)
def test_media_types_of_yaml(media: str) -> None:
    assert read(GOOD, media).ref.name == "good"


@pytest.mark.parametrize("media", ["", "text/plain", "application/xml", "application/jsonx"])
def test_other_media_types_are_refused(media: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        read(GOOD, media)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert parse_definition(b"\xef\xbb\xbf" + GOOD.encode(), "application/yaml", LIMITS).ref.name == "good"


async def test_a_request_is_read() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": GOOD.encode(), "more_body": False}

    scope = {"type": "http", "headers": [(b"content-type", b"application/yaml; charset=utf-8")]}
    request = LimitedRequest(scope, receive, LIMITS, "max_definition_bytes")  # type: ignore[arg-type]
    assert (await read_definition(request, LIMITS)).ref.name == "good"


async def test_a_request_that_is_too_large_is_refused_while_it_streams() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    request = LimitedRequest({"type": "http", "headers": []}, receive, replace(LIMITS, max_definition_bytes=5000),
                             "max_definition_bytes")  # type: ignore[arg-type]  # fmt: skip
    with pytest.raises(LimitExceeded):
        await read_definition(request, LIMITS)


# ---------------------------------------------------------------- values of YAML 1.2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True), ("False", False), ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("null", None), ("~", None), ("''", ""), ("12", 12), ("-3", -3), ("012", 12), ("0x1F", 31), ("0o17", 15),
        ("1_000", "1_000"), ("1:30", "1:30"), ("2026-01-01", "2026-01-01"), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5),
        ("1.0.0", "1.0.0"), ("'12'", "12"), ('"true"', "true"), ("!!str 12", "12"), ("!!int 12", 12), ("! 12", "12"),
        ("0b1", "0b1"), ("=", "="), ("<<", "<<"), ("!!float 1", 1), ("|\n  a\n  b\n", "a\nb\n"),
        (">\n  a\n  b\n", "a b\n"),
    ],
)  # fmt: skip
def test_plain_values(text: str, expected: Any) -> None:
    found = value(f"a: {text}")["a"]
    assert found == expected
    assert type(found) is type(expected)


def test_names_stay_text() -> None:
    assert list(value("on: 1\nno: 2\ntrue: 3\n~: 4\n12: 5\n2026-01-01: 6")) == [
        "on",
        "no",
        "true",
        "~",
        "12",
        "2026-01-01",
    ]


def test_aliases_are_read() -> None:
    assert value("a: &x {b: [1]}\nc: *x\nd: [*x, *x]") == {"a": {"b": [1]}, "c": {"b": [1]}, "d": [{"b": [1]}] * 2}
    assert value("- &a one\n- *a\n- &a two\n- *a") == ["one", "one", "two", "two"]


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(
        st.characters(
            codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\ufffe\uffff\u2028\u2029\x85"
        )
    )
)


@settings(max_examples=150)
@given(
    st.recursive(
        _SCALARS, lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text("abc", min_size=1), s, max_size=3)
    )
)
def test_json_read_as_yaml_means_the_same(document: Any) -> None:
    assert value(json.dumps(document, ensure_ascii=False)) == document


# ---------------------------------------------------------------- what is refused, and where


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("", 1, 1, "empty"),
        ("  \n\n", 1, 1, "empty"),
        ("a: [1,\n2", 3, 1, "no YAML"),
        ("a: 1\n b: 2\n", 2, 3, "no YAML"),
        ("a:\n\t- b", 2, 1, "no YAML"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "twice"),
        ("a:\n  - {b: 1, c: 2, b: 3}", 2, 18, "twice"),
        ("a: 1\n---\nb: 2", 2, 1, "one document"),
        ("a: !!python/object/apply:os.system [ls]", 1, 4, "tag"),
        ("a: !mine 1", 1, 4, "tag"),
        ("a: !!int one", 1, 4, "tag"),
        ("a: !!set {b}", 1, 4, "tag"),
        ("a: *nothing", 1, 4, "nothing"),
        ("a: &x\n  b: *x", 2, 6, "no end"),
        ("? [1]\n: 2", 1, 3, "name must be text"),
        ("&x a: 1\n*x : 2", 2, 1, "name must be text"),
        ("a: 'x", 1, 6, "no YAML"),
        ("%YAML 9.9\n---\na", 1, 1, "no YAML"),
        ("a: @b", 1, 4, "no YAML"),
        ("a: \x01", None, None, "no YAML"),
    ],
)
def test_what_is_no_usable_yaml_is_told_with_its_line(
    text: str, line: int | None, column: int | None, says: str
) -> None:
    (fault,) = faults(text)
    assert says in fault.detail
    assert (fault.line, fault.column) == (line, column) or line is None


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("", 1, 1, "empty"),
        ("{", 1, 2, ""),
        ('{"a": 1,\n "b": }', 2, 7, ""),
        ('{"a": 1,\n "a": 2}', 2, 2, "twice"),
        ('{"x": [{"a": 1,\n "\\u0061": 2}]}', 2, 2, "twice"),
        ('{"a": NaN}', 1, 7, ""),
        ('{"a": "\\ud800"}', 1, None, ""),
    ],
)
def test_what_is_no_usable_json_is_told_with_its_line(text: str, line: int, column: int | None, says: str) -> None:
    (fault,) = faults(text, "application/json")
    assert says in fault.detail
    assert fault.line == line
    assert column in (None, fault.column)


def test_text_that_is_not_utf_8_is_told_with_its_line() -> None:
    (fault,) = faults(b"a: 1\nb: \xff")
    assert (fault.line, fault.detail) == (2, "The text is not UTF-8.")


WRONG = GOOD.replace("version: 0.1.0", "versoin: 0.1.0").replace('no: "no"', 'no: "${ .x[ }"\n      then: nowhere')


@pytest.mark.parametrize("as_json", [False, True])
def test_every_fault_has_the_line_of_what_it_is_about(as_json: bool) -> None:
    text = json.dumps(value(WRONG), indent=1) if as_json else WRONG
    lines = text.splitlines()
    found = {fault.pointer: fault for fault in faults(text, "application/json" if as_json else "application/yaml")}
    assert set(found) == {"/document/version", "/document/versoin", "/do/0/first/set/no", "/do/0/first/then"}
    for pointer, word in [("/document/version", "document"), ("/document/versoin", "versoin"),
                          ("/do/0/first/set/no", "no"), ("/do/0/first/then", "then")]:  # fmt: skip
        fault = found[pointer]
        assert fault.line is not None
        assert fault.column is not None
        assert lines[fault.line - 1][fault.column - 1 :].lstrip('"').startswith(word)


def test_a_fault_inside_an_alias_is_told_where_the_alias_stands() -> None:
    text = GOOD + "  - second: &x {wait: bad}\n  - third: *x\n"
    assert [(fault.pointer, fault.line) for fault in faults(text)] == [
        ("/do/1/second/wait", 14),
        ("/do/2/third/wait", 15),
    ]


def test_several_faults_are_counted_in_the_summary() -> None:
    with pytest.raises(InvalidDefinition, match="has 4 faults"):
        read(WRONG)


# ---------------------------------------------------------------- bombs


def _laughs(levels: int, width: int) -> str:
    lines = [f"a0: &a0 [{', '.join(['x'] * width)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (_laughs(9, 9), "max_definition_nodes"),
        (_laughs(40, 2), "max_definition_nodes"),
        ("a: &a " + "x" * 50_000 + "\nb: [" + ", ".join(["*a"] * 100) + "]", "max_definition_bytes"),
        ("[" * 5_000, "max_definition_depth"),
        ("- " * 500 + "a", "max_definition_depth"),
        ("{a: " * 100 + "1" + "}" * 100, "max_definition_depth"),
        ("\n".join(f"k{n}: 1" for n in range(60_000)), "max_definition_nodes"),
    ],
    ids=["billion", "doubling", "long text", "lists", "dashes", "objects", "many"],
)
def test_bombs_are_refused_by_the_name_of_the_limit(text: str, name: str) -> None:
    with pytest.raises(LimitExceeded, match="line") as caught:
        parse_definition(text.encode(), "application/yaml", LIMITS)
    assert caught.value.name == name


def test_deep_json_is_refused() -> None:
    with pytest.raises(InvalidInput):
        parse_definition(b"[" * 900_000, "application/json", LIMITS)
    with pytest.raises(InvalidInput):
        parse_definition(b"[" * 500 + b"]" * 500, "application/json", LIMITS)


def test_aliases_that_nest_too_deep_are_refused() -> None:
    text = "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 100))
    with pytest.raises(InvalidInput, match="fault"):
        read(text)


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab:-[]{},&*!|>'\"#%@? \n\t1~<.\\"), max_size=40))
def test_any_text_is_a_version_or_an_invalid_input(text: str) -> None:
    for media in ("application/yaml", "application/json"):
        with pytest.raises(InvalidInput):
            parse_definition(text.encode(), media, LIMITS)


@settings(max_examples=200)
@given(st.binary(max_size=40))
def test_any_bytes_are_a_version_or_an_invalid_input(raw: bytes) -> None:
    for media in ("application/yaml", "application/json"):
        with pytest.raises(InvalidInput):
            parse_definition(raw, media, LIMITS)


def test_marks_of_json() -> None:
    text = '{"a": [1, {"b/c": "x, {y"}],\n "d": {}, "e": [],\n "f": null}'
    assert json_marks(text) == {
        "": (1, 1), "/a": (1, 2), "/a/0": (1, 8), "/a/1": (1, 11), "/a/1/b~1c": (1, 12), "/d": (2, 2), "/e": (2, 11),
        "/f": (3, 2),
    }  # fmt: skip
