"""One trace id from what came in to what goes out."""

from __future__ import annotations

from typing import Any

import pytest

from models.domain.tracing import child_of, is_traceparent, outgoing, sending, traceparent_of

PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


@pytest.mark.parametrize(
    "value",
    [None, 7, "", PARENT + "x", PARENT.upper(), PARENT.replace("a", "0"), PARENT.replace("b", "0"), "01" + PARENT[2:]],
)
def test_what_is_not_well_formed_is_not_taken(value: Any) -> None:
    assert not is_traceparent(value)
    assert traceparent_of({"traceparent": value}) is None


def test_a_child_keeps_the_trace_and_has_a_span_of_its_own_that_stays() -> None:
    child, other = child_of(PARENT, "run/1"), child_of(PARENT, "run/2")
    assert is_traceparent(child)
    assert child[:36] == PARENT[:36]
    assert child.endswith("-01")
    assert len({child, other, PARENT}) == 3
    assert child == child_of(PARENT, "run/1")


def test_calls_send_it_within_the_block_only() -> None:
    assert outgoing() is None
    with sending(PARENT):
        assert outgoing() == PARENT
        with sending(None):
            assert outgoing() is None
    assert outgoing() is None
