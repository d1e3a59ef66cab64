"""References to secrets: found where they were made for this run, and nothing else is."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.secrets import SECRET_MARK, SecretReferences, claimed_runs, secret_paths

RUN, OTHER = UUID(int=1), UUID(int=2)
REFERENCES = SecretReferences(b"key")
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


def definition(*texts: str, secrets: Any = ("a", "my-secret")) -> dict[str, Any]:
    return {"use": {"secrets": list(secrets)}, "do": [{"t": {"set": {str(n): text for n, text in enumerate(texts)}}}]}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("${ $secrets.a }", ("a",)),
        ("${ $secrets.a.b.c }", ("a", "b", "c")),
        ('${ $secrets["my-secret"] }', ("my-secret",)),
        ('${ $secrets."my-secret".user }', ("my-secret", "user")),
        ('${ "x" + $secrets.a["b c"] + "y" }', ("a", "b c")),
        ("${ $secrets.a|length }", ("a",)),
        ("${ $secrets.other }", None),
        ("$secretsx.a", None),
    ],
)
def test_what_expressions_use(text: str, path: tuple[str, ...] | None) -> None:
    found = set(secret_paths(definition(text)))
    assert found == {("a",), ("my-secret",)} | ({path} if path else set())


def test_without_secrets_there_is_nothing_to_look_for() -> None:
    assert secret_paths({"do": [{"t": {"set": {"x": "${ $secrets.a }"}}}]}) == ()


def test_what_a_run_sees() -> None:
    shown = REFERENCES.of(RUN, [("a",), ("b",), ("b", "user"), ("b", "deep", "er")])
    assert shown["a"].startswith(SECRET_MARK)
    assert set(shown["b"]) == {"user", "deep"}
    assert [one.path for one in REFERENCES.find(shown["b"]["deep"]["er"], RUN)] == [("b", "deep", "er")]


@given(st.lists(names, min_size=1, max_size=4), st.text(max_size=20), st.text(max_size=20))
def test_found_again_inside_any_text(path: list[str], before: str, after: str) -> None:
    reference: Any = REFERENCES.of(RUN, [tuple(path)])
    for name in path:
        reference = reference[name]
    text = before + reference + after
    (found,) = REFERENCES.find(text, RUN)
    assert (found.path, text[found.start : found.end]) == (tuple(path), reference)
    assert claimed_runs(text) == {RUN}
    assert list(REFERENCES.find(text, OTHER)) == []
    assert list(SecretReferences(b"other key").find(text, RUN)) == []


@given(st.data())
def test_a_changed_reference_is_none(data: st.DataObject) -> None:
    reference = REFERENCES.of(RUN, [("a",)])["a"]
    at = data.draw(st.integers(len(SECRET_MARK), len(reference) - 2))
    letter = data.draw(st.sampled_from("0123456789abcdefXY"))
    changed = reference[:at] + letter + reference[at + 1 :]
    assert list(REFERENCES.find(changed, RUN)) == [] or changed == reference


def test_nothing_of_the_key_is_shown() -> None:
    assert "key" not in repr(SecretReferences(b"key of mine"))
    assert re.fullmatch(SECRET_MARK + r"[0-9a-f]{32}:[A-Za-z0-9_-]+:[0-9a-f]{32};", REFERENCES.of(RUN, [("a",)])["a"])
