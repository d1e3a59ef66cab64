"""Answers to copies of one request agree, or the breach is told."""

from __future__ import annotations

import httpx
import pytest

from tests.chaos.keys import one_run


def answer(status: int, run: str = "") -> httpx.Response:
    return httpx.Response(status, json={"id": run})


def test_one_run_and_refusals_of_copies_are_well() -> None:
    assert one_run([answer(201, "a"), answer(201, "a"), answer(409)], "k") == []


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([answer(201, "a"), answer(201, "b")], "gave 2 runs"),
        ([answer(409), answer(409)], "gave 0 runs"),
        ([answer(201, "a"), answer(500)], "answered with 500"),
        ([answer(201, "a"), None], "answered with 0"),
    ],
)
def test_everything_else_is_a_breach(answers: list[httpx.Response | None], words: str) -> None:
    assert words in " ".join(one_run(answers, "k"))
