"""What passes the checks can be run: validation and compiler agree."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from models.domain.dsl.compile import compile_workflow
from models.domain.dsl.validation import check_definition
from tests.unit.domain.dsl_documents import DOCUMENT, parse, with_parts
from tests.unit.domain.dsl_generator import Generator
from tests.unit.domain.test_validation import RIGHT as RIGHT_PARTS
from tests.unit.domain.test_validation_tasks import RIGHT as RIGHT_TASKS

_SCRAPS: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, "", "x", ".a", "${ . }", "${ .[ }", [], {}, ["x"], {"x": 1}, {"use": "x"}, "PT1S", "end",
    [{"a": {"set": {"x": 1}}}], {"set": {"x": 1}}, "http", "helper",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_any_valid_document_compiles(seed: int) -> None:
    generator = Generator(seed)
    for _ in range(15):
        definition = generator.document()
        assert check_definition(definition) == []
        compile_workflow(definition)


@pytest.mark.parametrize("seed", range(20))
def test_a_document_that_was_damaged_is_refused_or_compiles(seed: int) -> None:
    generator, chance = Generator(seed), Random(seed)
    for _ in range(60):
        definition = generator.document()
        _damage(definition["do"], chance)
        if check_definition(definition) == []:
            compile_workflow(definition)


def _damage(node: Any, chance: Random) -> None:
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(node[key], dict | list) and chance.random() < 0.8:
            node = node[key]
            continue
        if isinstance(node, dict) and chance.random() < 0.3:
            node[chance.choice(["x", "then", "do", "set", "with", "as", "use"])] = node.pop(key)
        else:
            node[key] = chance.choice(_SCRAPS)
        return


@pytest.mark.parametrize("tasks", RIGHT_TASKS)
def test_right_tasks_compile(tasks: str) -> None:
    compile_workflow({"document": DOCUMENT, "do": parse(tasks)})


@pytest.mark.parametrize("parts", RIGHT_PARTS)
def test_right_parts_compile(parts: str) -> None:
    compile_workflow(with_parts(parts))
