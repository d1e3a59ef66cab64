"""The list of crash points and the code say the same, and an armed point ends its process once."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.crash.armed import FIRED, Armed
from cluster.crash.hooks import HOOKS, Hook
from cluster.crash.watch import Unwatched
from models.domain.crash_points import COMMITS, COMMITS_ALONE, CRASH_POINTS, PLACES

ROOT = Path(__file__).parents[3]
ROOMS = ("actors", "cluster", "serve", "storage", "streams")
NAMES = {point.name for point in PLACES} | set(COMMITS) | set(COMMITS_ALONE)


class Ended(BaseException):
    """Stands for the end of the process."""


def end() -> None:
    raise Ended


def arm(folder: Path, point: str, nth: int = 1) -> Path:
    file = folder / point
    file.write_text(str(nth))
    return file


def texts() -> Iterator[str]:
    """Every text constant of the code."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_there_are_at_least_sixty_each_with_a_meaning() -> None:
    assert len(CRASH_POINTS) >= 60
    assert len({point.name for point in CRASH_POINTS}) == len(CRASH_POINTS)
    assert all(point.meaning for point in CRASH_POINTS)
    assert {point.process for point in CRASH_POINTS} == {
        "api", "deploy", "gateway", "models", "ray", "relay", "session-host", "shard", "streams", "supervisor",
    }  # fmt: skip


def test_each_point_is_reached_in_the_code_exactly_once() -> None:
    found = Counter(text for text in texts() if text in NAMES)
    assert found == Counter(dict.fromkeys(NAMES, 1))


def test_no_hook_reaches_a_point_that_is_not_listed() -> None:
    used = {
        value
        for methods in HOOKS.values()
        for hook in methods.values()
        for value in dataclasses.astuple(hook)
        if value is not None
    }
    assert used <= NAMES


def test_each_place_with_hooks_is_watched_somewhere() -> None:
    """By name, or as a field of what a process is given."""
    known = Counter(texts())
    for place in HOOKS:
        process = place.partition(".")[0]
        assert known[place] > 1 or known[process], f"nothing watches {place}"


def test_a_point_counts_when_it_was_passed_often_enough(tmp_path: Path) -> None:
    points = Armed(tmp_path, end)
    points.reached("a.b")
    file = arm(tmp_path, "a.b", 3)
    points.reached("a.b")
    points.reached("a.b")
    with pytest.raises(Ended):
        points.reached("a.b")
    assert not file.exists()
    assert (tmp_path / f"a.b{FIRED}").read_text()
    points.reached("a.b")


@dataclass
class Port:
    """A port with methods of each kind."""

    mood: str = "calm"

    async def ask(self, value: int) -> int:
        return value + 1

    def tell(self, value: int) -> int:
        return value + 2

    async def stream(self) -> AsyncIterator[int]:
        yield 1
        yield 2


def hooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **hooks: Hook) -> Port:
    monkeypatch.setattr("cluster.crash.armed.HOOKS", {"x.port": hooks})
    return Armed(tmp_path, end).port("x.port", Port())


def test_a_watched_port_answers_as_the_port_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = hooked(tmp_path, monkeypatch, ask=Hook("x.a", "x.b"), tell=Hook("x.c"), stream=Hook(each="x.d"))

    async def items() -> list[int]:
        return [item async for item in port.stream()]

    assert asyncio.run(port.ask(1)) == 2
    assert port.tell(1) == 3
    assert asyncio.run(items()) == [1, 2]
    assert port.mood == "calm"


@pytest.mark.parametrize("point", ["x.a", "x.b"])
def test_points_lie_around_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    port = hooked(tmp_path, monkeypatch, ask=Hook("x.a", "x.b"), tell=Hook("x.a", "x.b"))
    arm(tmp_path, point)
    with pytest.raises(Ended):
        asyncio.run(port.ask(1))
    arm(tmp_path, point)
    with pytest.raises(Ended):
        port.tell(1)


def test_a_point_lies_before_each_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = hooked(tmp_path, monkeypatch, stream=Hook(each="x.d"))
    arm(tmp_path, "x.d", 2)
    got: list[int] = []

    async def items() -> None:
        async for item in port.stream():
            got.append(item)

    with pytest.raises(Ended):
        asyncio.run(items())
    assert got == [1]


def test_a_hook_for_a_method_that_is_not_there_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AttributeError):
        hooked(tmp_path, monkeypatch, gone=Hook("x.a"))


def test_production_has_the_bare_ports() -> None:
    port = Port()
    assert Unwatched().port("api.runs", port) is port
    assert Unwatched().ports("api", port) is port
    Unwatched().reached("shard.turn.decided")
