"""jq programs of strangers: right results, and nobody else waits for the endless ones."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from actors.jq_sandbox import JqSandbox, NeedsThread
from models.domain.dsl.expressions import InProcessJq
from models.domain.limits import Limits
from models.domain.runs import RunStatus
from tests.integration.actors.kit import THREE, document
from tests.unit.actors.fakes import FLOW, TENANT, world

LIMITS = replace(Limits(), sandbox_seconds=0.5, sandbox_bytes=300_000_000)


@pytest.fixture
def sandbox() -> Iterator[JqSandbox]:
    made = JqSandbox(LIMITS)
    yield made
    made.close()


@pytest.mark.parametrize(
    "program", [".a + 1", "[.b[] | select(. > 1)]", ".b[]", "empty", '"ü\\u0000" + .c', "1e17, 0.1, 1e1000", "{x: .}"]
)
def test_results_are_those_of_jq(sandbox: JqSandbox, program: str) -> None:
    text = '{"a": 1, "b": [1, 2, 3], "c": "x\\n"}'
    with sandbox.turn():
        assert sandbox.run(program, text, 10) == InProcessJq().run(program, text, 10)


@pytest.mark.parametrize("program", ["error(\"no\")", ".a.b", "1 +", "range(100)"])
def test_errors_are_told(sandbox: JqSandbox, program: str) -> None:
    with sandbox.turn():
        with pytest.raises(ValueError, match=r"\w"):
            sandbox.run(program, '{"a": 1}', 10)
        assert sandbox.run(".", "1", 10) == [1]


def test_endless_and_greedy_programs_end(sandbox: JqSandbox) -> None:
    began = time.monotonic()
    with sandbox.turn(), pytest.raises(ValueError, match="sandbox_seconds"):
        sandbox.run("[range(1e12)] | length | select(false)", "1", 10)
    with sandbox.turn(), pytest.raises(ValueError, match="sandbox"):
        sandbox.run('"x" * 1000000000', "1", 10)
    assert time.monotonic() - began < 8
    with sandbox.turn():
        assert sandbox.run(".", "1", 10) == [1]


def test_all_programs_of_a_turn_share_its_time(sandbox: JqSandbox) -> None:
    def work() -> None:
        for _ in range(1000):
            sandbox.run("last(range(3e5))", "1", 10)

    with sandbox.turn(), pytest.raises(ValueError, match="sandbox_seconds"):
        work()


def test_nothing_runs_outside_a_turn(sandbox: JqSandbox) -> None:
    with pytest.raises(NeedsThread):
        sandbox.run(".", "1", 10)


def test_a_program_sees_nothing_of_the_process(sandbox: JqSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEWIRE_SECRET", "canary")
    with sandbox.turn():
        assert sandbox.run("$ENV", "1", 10) in ([{}], [{"LC_CTYPE": "C.UTF-8"}])
    assert os.environ["TIDEWIRE_SECRET"] == "canary"


async def test_an_endless_expression_ends_its_run_and_delays_nobody() -> None:
    evil = document({"s": {"set": {"value": "${ [range(1e12)] | length }"}}})
    async with world(evil, sandbox_seconds=0.5) as w:
        quiet = type(TENANT)(int=8)
        w.store.definitions[quiet, FLOW] = THREE
        shard = await w.owning()
        w.wake(shard, bad := w.store.accept())
        await asyncio.sleep(0.05)
        began = time.monotonic()
        w.wake(shard, good := w.store.accept(quiet))
        await w.ended(good)
        assert time.monotonic() - began < 0.3
        await w.ended(bad, seconds=10)
        error = w.store.run(bad).error
        assert error is not None
        assert error["type"].endswith("expression")
        assert w.store.run(good).status is RunStatus.COMPLETED
        assert w.store.violations() == []


async def test_a_workflow_that_needs_jq_itself_runs() -> None:
    needy = document({"s": {"set": {"value": '${ [.value, 3] | map(. * 2) | @json | test("[0-9]+") }'}}})
    async with world(needy) as w:
        shard = await w.owning()
        runs = [w.store.accept() for _ in range(20)]
        w.wake(shard, *runs)
        await w.ended(*runs, seconds=10)
        assert {str(w.store.run(run).output) for run in runs} == {"{'value': True}"}
        assert w.store.violations() == []
