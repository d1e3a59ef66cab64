"""Journals of each version of the engine lead to the same states, whatever has become of the engine since."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from models.domain.dsl.compile import compile_workflow
from models.domain.dsl.engine import replay
from models.domain.dsl.protocol import RunInfo
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits
from models.domain.runs import WorkflowRef
from tests.journals.make import FOLDER, told
from tests.unit.domain.dsl_engine.host import RUN

FILES = sorted(FOLDER.glob("*/*.json"))


@cache
def journals(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(file.read_text())
    return found


def entries_of(journal: dict[str, Any]) -> list[Entry]:
    return [
        Entry(seq, EntryType(kind), datetime.fromisoformat(at), task, tuple(path), data)
        for seq, kind, at, task, path, data in journal["entries"]
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_journal_leads_to_the_states_that_it_led_to(file: Path) -> None:
    for journal in journals(file):
        limits = Limits(**journal["limits"])
        workflow = compile_workflow(journal["definition"], limits)
        info = RunInfo(RUN, WorkflowRef("test", "a-workflow", "0.1.0"), **journal["info"])
        entries = entries_of(journal)
        for seq, expected in journal["states"]:
            state, _ = replay(workflow, info, journal["input"], entries[:seq], entries[seq - 1].at, limits)
            found = json.loads(json.dumps(told(state)))
            # What later versions tell of a state beside this is theirs.
            assert {name: found[name] for name in expected} == expected, (journal["name"], seq)


def test_the_journals_of_the_newest_version_have_every_kind_of_entry_that_scenarios_make() -> None:
    newest = max(file.parent.name for file in FILES)
    seen = {
        kind
        for file in FILES
        if file.parent.name == newest
        for journal in journals(file)
        for _, kind, *_ in journal["entries"]
    }
    assert set(EntryType) - seen == {EntryType.RUN_EDITED}
