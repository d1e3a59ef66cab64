"""CloudEvents 1.0: the one envelope for everything that happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.domain.errors import Fault, InvalidInput
from models.domain.journal import Entry, EntryType
from models.domain.limits import Limits

_CORE = ("specversion", "id", "source", "type")
_LIFECYCLE = {
    EntryType.RUN_STARTED: "io.serverlessworkflow.workflow.started.v1",
    EntryType.RUN_COMPLETED: "io.serverlessworkflow.workflow.completed.v1",
    EntryType.RUN_FAULTED: "io.serverlessworkflow.workflow.faulted.v1",
    EntryType.RUN_CANCELLED: "io.serverlessworkflow.workflow.cancelled.v1",
    EntryType.RUN_SUSPENDED: "io.serverlessworkflow.workflow.suspended.v1",
    EntryType.RUN_RESUMED: "io.serverlessworkflow.workflow.resumed.v1",
}
RUN_TYPES = frozenset(_LIFECYCLE.values())
LIFECYCLE_PREFIX = "io.serverlessworkflow."
# What only Tidewire itself may tell.
RESERVED_TYPES = (f"{LIFECYCLE_PREFIX}workflow.", f"{LIFECYCLE_PREFIX}task.")


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """A checked event; `envelope` is the whole of it in the JSON format, `time` always present (UTC)."""

    id: str
    source: str
    type: str
    subject: str | None
    time: datetime
    envelope: dict[str, Any]


def parse_time(text: str) -> datetime:
    """RFC 3339 text to an aware datetime; ValueError when it is not one."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time needs an offset, such as Z")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time lies between the years 1 and 9999 in UTC") from None


def format_time(at: datetime) -> str:
    """RFC 3339 with microseconds, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_event(raw: Any, received_at: datetime, pointer: str = "", limits: Limits = Limits()) -> CloudEvent:  # noqa: B008
    """Checks one event in the JSON format; InvalidInput lists every fault with its pointer."""
    if not isinstance(raw, Mapping):
        raise InvalidInput("A CloudEvent is a JSON object.", [Fault(pointer, "expected an object")])
    faults = [*_core_faults(raw, pointer), *_attribute_faults(raw, pointer)]
    at = received_at
    if "time" in raw:
        try:
            at = parse_time(raw["time"])
        except (TypeError, ValueError):
            faults.append(Fault(f"{pointer}/time", "expected an RFC 3339 time with an offset"))
    if faults:
        raise InvalidInput("The CloudEvent is not valid.", faults)
    envelope = {**raw, "time": raw.get("time") or format_time(at)}
    return CloudEvent(raw["id"], raw["source"], raw["type"], raw.get("subject"), at, envelope)


def _core_faults(raw: Mapping[str, Any], pointer: str) -> list[Fault]:
    faults = []
    for name in _CORE:
        value = raw.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= 1024:
            faults.append(Fault(f"{pointer}/{name}", "required: a string of 1 to 1024 characters"))
    if not faults and raw["specversion"] != "1.0":
        faults.append(Fault(f"{pointer}/specversion", "only 1.0 is supported"))
    if isinstance(raw.get("type"), str) and raw["type"].startswith(RESERVED_TYPES):
        faults.append(Fault(f"{pointer}/type", f"types that begin with {' or '.join(RESERVED_TYPES)} are reserved"))
    return faults


def _attribute_faults(raw: Mapping[str, Any], pointer: str) -> list[Fault]:
    faults = []
    for name, value in raw.items():
        if name in ("data", "data_base64", *_CORE, "time"):
            continue
        if not isinstance(name, str) or not name.isalnum() or name != name.lower() or not name.isascii():
            faults.append(Fault(f"{pointer}/{name}", "attribute names are lower-case letters and digits"))
        elif not isinstance(value, str | int | bool) or (isinstance(value, str) and len(value) > 1024):
            faults.append(Fault(f"{pointer}/{name}", "an attribute is a string (to 1024), a boolean or an integer"))
    if isinstance(raw.get("subject"), str) is False and raw.get("subject") is not None:
        faults.append(Fault(f"{pointer}/subject", "expected a string"))
    if "data" in raw and "data_base64" in raw:
        faults.append(Fault(f"{pointer}/data_base64", "data and data_base64 exclude each other"))
    return faults


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a lifecycle event tells about its run beside the entry."""

    run_id: str
    namespace: str
    name: str
    version: str
    created_at: datetime
    started_at: datetime | None


def qualified_name(run: RunFacts) -> str:
    """The name of a run in lifecycle events: <workflow>-<run>.<namespace>."""
    return f"{run.name}-{run.run_id}.{run.namespace}"


def lifecycle_event(entry: Entry, run: RunFacts) -> dict[str, Any] | None:
    """The lifecycle CloudEvent of a run entry; None for task entries.

    A pure function of journal and run, so that metrics over it can be recounted from them.
    """
    kind = _LIFECYCLE.get(entry.type)
    if kind is None:
        return None
    at = format_time(entry.at)
    status = str(entry.type).removeprefix("run.")
    data: dict[str, Any] = {
        "name": qualified_name(run),
        "run": run.run_id,
        "workflow": {"namespace": run.namespace, "name": run.name, "version": run.version},
        "status": "running" if status in ("started", "resumed") else status,
        "createdAt": format_time(run.created_at),
        "startedAt": format_time(run.started_at) if run.started_at else None,
        "seq": entry.seq,
    }
    data["definition" if status == "started" else f"{status}At"] = data["workflow"] if status == "started" else at
    if status in ("completed", "faulted", "cancelled"):
        started = run.started_at or run.created_at
        data["endedAt"] = at
        data["durationMs"] = round((entry.at - started).total_seconds() * 1000, 3)
        if entry.data.get("error"):
            data["error"] = entry.data["error"]
    return {
        "specversion": "1.0",
        "id": f"{run.run_id}/{entry.seq}",
        "source": "tidewire",
        "type": kind,
        "subject": run.run_id,
        "time": at,
        "data": data,
    }
