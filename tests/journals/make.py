"""Writes the journals of this version of the engine: `python -m tests.journals.make VERSION`.

Once for each released version; those of a released version never change.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.domain.dsl import protocol as p
from models.domain.dsl.engine import RunState
from models.domain.limits import Limits
from tests.journals.operated import operated
from tests.unit.domain.dsl_documents import parse
from tests.unit.domain.dsl_engine.host import Host
from tests.unit.domain.dsl_scenarios.world import World, definition_of

FOLDER = Path(__file__).parent
_RULES = FOLDER.parent / "unit" / "domain" / "dsl_scenarios" / "rules"
Json = dict[str, Any]


def told(state: RunState) -> Json:
    """What a state says, whatever the engine calls its parts."""
    return {
        "status": state.status.value,
        "output": state.output,
        "error": state.error,
        "context": state.context,
        "lastSeq": state.last_seq,
        "tasks": [
            [key[0], list(key[1]), frame.todo.name, frame.part, frame.next, frame.iteration, frame.attempt]
            for key, frame in sorted(state.frames.items())
        ],
        "steps": sorted(state.steps),
        "timers": {name: timer.at.isoformat() for name, timer in sorted(state.timers.items())},
        "awaits": sorted(state.awaits),
        "undecided": sorted(state.undecided),
        "cancelling": state.cancelling,
    }


class _Recording:
    """The states of a host after each of its batches."""

    def __init__(self, host: Host) -> None:
        self.states: dict[int, Json] = {}
        perform = host.perform

        def recorded(commands: Iterable[p.Command]) -> None:
            perform(list(commands))
            self.states[host.state.last_seq] = told(host.state)

        host.perform = recorded  # type: ignore[method-assign, assignment]


def journal_of(name: str, host: Host, states: Mapping[int, Json] | None = None) -> Json:
    """A played run as it is kept."""
    defaults = asdict(Limits())
    return {
        "name": name,
        "definition": host.definition,
        "input": host.input,
        "info": {"hops": host.info.hops, "depth": host.info.depth},
        "limits": {key: value for key, value in asdict(host.limits).items() if value != defaults[key]},
        "entries": [[e.seq, e.type.value, e.at.isoformat(), e.task, list(e.path), e.data] for e in host.journal],
        "states": [[seq, state] for seq, state in (states or {host.state.last_seq: told(host.state)}).items()],
    }


def rules() -> Iterator[tuple[str, list[Json]]]:
    """The journals of the scenarios of the language, by file."""
    for file in sorted(_RULES.glob("*.yaml")):
        scenarios = [one for one in parse(file.read_text()) if "refused" not in one["expect"]]
        yield file.stem, [_played(one) for one in scenarios]


def _played(scenario: Mapping[str, Any]) -> Json:
    world = World(definition_of(scenario), scenario)
    recording = _Recording(world)
    world.run(scenario.get("until"))
    return journal_of(str(scenario["rule"]), world, recording.states)


def main(version: str) -> None:
    """Writes them all."""
    folder = FOLDER / version
    folder.mkdir(exist_ok=True)
    made = [*rules(), ("operated", [journal_of(name, host) for name, host in operated()])]
    for name, journals in made:
        text = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in journals)
        (folder / f"{name}.json").write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main(sys.argv[1])
