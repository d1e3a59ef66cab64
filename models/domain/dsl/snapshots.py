"""The state of a run as JSON, so that a long journal need not be read from its beginning.

A snapshot is a copy of what the journal says. Its form names the fields of the state: one that an engine with other
fields has made is not read, and the journal is replayed instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from models.domain.dsl.listening_state import Listening
from models.domain.dsl.protocol import RunInfo
from models.domain.dsl.state import Frame, RunState, Timer, Timing, Todo
from models.domain.limits import Limits
from models.domain.runs import RunStatus

Json = dict[str, Any]
_GIVEN = ("info", "limits", "raw_input")


def _form() -> str:
    names = [f"{kind.__name__}.{one.name}" for kind in (RunState, Frame, Timer, Listening) for one in fields(kind)]
    names += [f"{kind.__name__}.{one.name}" for kind in (Todo, Timing) for one in kind]
    return hashlib.sha256("1 ".join(names).encode()).hexdigest()[:16]


FORM = _form()


def dump(state: RunState) -> Json | None:
    """The state without what the run itself knows (info, limits, input); None when it cannot be told exactly."""
    try:
        made = {
            one.name: _DUMP.get(one.name, _same)(getattr(state, one.name))
            for one in fields(RunState)
            if one.name not in _GIVEN
        }
        is_exact = load(state.info, state.limits, state.raw_input, made) == state
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
    return made if is_exact else None


def load(info: RunInfo, limits: Limits, raw_input: Any, data: Mapping[str, Any]) -> RunState:
    """What `dump` has told; only for the same FORM."""
    values = {name: _LOAD.get(name, _same)(value) for name, value in data.items()}
    return RunState(info, limits, raw_input, **values)


def _same(value: Any) -> Any:
    return value


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _at(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _keys(value: Mapping[int, Any]) -> list[Any]:
    return [[number, key[0], list(key[1])] for number, key in value.items()]


def _keys_of(value: list[Any]) -> dict[int, Any]:
    return {number: (pointer, tuple(path)) for number, pointer, path in value}


def _frames(frames: Mapping[Any, Frame]) -> list[Any]:
    names = [one.name for one in fields(Frame)]
    return [
        [key[0], list(key[1]), {name: _FRAME.get(name, _same)(getattr(frame, name)) for name in names}]
        for key, frame in frames.items()
    ]


def _frames_of(data: list[Any]) -> dict[Any, Frame]:
    return {
        (pointer, tuple(path)): Frame(**{name: _FRAME_OF.get(name, _same)(value) for name, value in told.items()})
        for pointer, path, told in data
    }


def _pairs(value: Mapping[int, Any] | None) -> list[Any] | None:
    return None if value is None else [[key, one] for key, one in value.items()]


def _pairs_of(value: list[Any] | None) -> dict[int, Any] | None:
    return None if value is None else dict(value)


def _listening(value: Listening | None) -> Json | None:
    if value is None:
        return None
    told = {one.name: getattr(value, one.name) for one in fields(Listening)}
    return {
        **told, "expect": list(value.expect), "heard": sorted(value.heard), "results": list(value.results),
    }  # fmt: skip


def _listening_of(value: Json | None) -> Listening | None:
    if value is None:
        return None
    return Listening(
        **{
            **value, "expect": tuple(value["expect"]), "heard": frozenset(value["heard"]),
            "results": tuple(value["results"]),
        }
    )  # fmt: skip


_FRAME: dict[str, Any] = {
    "started_at": _time, "deadline": _time, "todo": int, "visits": _pairs, "outputs": _pairs, "listening": _listening,
}  # fmt: skip
_FRAME_OF: dict[str, Any] = {
    "started_at": _at, "deadline": _at, "todo": Todo, "visits": _pairs_of, "outputs": _pairs_of,
    "listening": _listening_of,
}  # fmt: skip
_DUMP: dict[str, Any] = {
    "status": str,
    "last_at": _time,
    "started_at": _time,
    "ended_at": _time,
    "frames": _frames,
    "ready": lambda ready: [[key[0], list(key[1])] for key in ready],
    "steps": _keys,
    "awaits": _keys,
    "undecided": _keys,
    "received": list,
    "timers": lambda timers: [
        [name, int(one.timing), one.key[0], list(one.key[1]), _time(one.at)] for name, one in timers.items()
    ],
}
_LOAD: dict[str, Any] = {
    "status": RunStatus,
    "last_at": _at,
    "started_at": _at,
    "ended_at": _at,
    "frames": _frames_of,
    "ready": lambda ready: {(pointer, tuple(path)): None for pointer, path in ready},
    "steps": _keys_of,
    "awaits": _keys_of,
    "undecided": _keys_of,
    "received": tuple,
    "timers": lambda timers: {
        name: Timer(Timing(timing), (pointer, tuple(path)), datetime.fromisoformat(at))
        for name, timing, pointer, path, at in timers
    },
}
