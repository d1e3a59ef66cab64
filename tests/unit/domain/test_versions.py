"""Semantic versions in their order, and identifiers in theirs."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.ids import uuid7, uuid7_floor
from models.domain.versions import precedence

# The example of the specification, item 11, with neighbours.
ORDERED = [
    "0.0.1", "1.0.0-0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
    "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0-rc-1", "2.0.0", "10.0.0",
]  # fmt: skip


@pytest.mark.parametrize(("lower", "higher"), list(itertools.combinations(ORDERED, 2)))
def test_the_order_of_the_specification(lower: str, higher: str) -> None:
    assert precedence(lower) < precedence(higher)


def test_build_metadata_does_not_count() -> None:
    assert precedence("1.0.0+a") == precedence("1.0.0+b-c.1") == precedence("1.0.0")


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    assert (precedence(one) <= precedence(other)) or (precedence(other) <= precedence(one))


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1)))  # noqa: DTZ001
def test_an_identifier_is_not_before_its_moment(naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    assert uuid7_floor(at) <= uuid7(at) < uuid7_floor(at + timedelta(milliseconds=1))
