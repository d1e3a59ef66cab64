"""Flow control by key: when a run of a workflow may start. Pure rules over the state of one key.

A workflow says in `document.metadata.flowControl` what it wants; docs/flow-control.md explains each part. All runs of a
workflow with the same key share one state. It changes in the transactions that accept runs, that let waiting ones start
(`admit`), and that end them (`ended`), one after the other, so that no limit is ever exceeded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from models.domain.dsl.durations import parse_duration
from models.domain.event_filters import evaluate
from models.domain.limits import Limits


class Refusal(StrEnum):
    """Why a run does not start at all."""

    RATE = "rateLimit"
    SINGLETON = "singleton"
    QUEUE = "queue"


class Singleton(StrEnum):
    """What becomes of a new run while another of its key runs or waits: it is skipped, or takes its place."""

    SKIP = "skip"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Throttle:
    """Starts are spread: one each period / limit, of which `burst` may come at once. Others wait."""

    limit: int
    period: timedelta
    burst: int = 1

    @property
    def interval(self) -> timedelta:
        return self.period / self.limit


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `limit` starts in any period of that length. Others are refused."""

    limit: int
    period: timedelta


@dataclass(frozen=True, slots=True)
class Debounce:
    """A run starts when `period` has passed without another of its key, at most `timeout` after the first. Only the
    newest starts; those before it are cancelled."""

    period: timedelta
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class FlowControl:
    """What one workflow version wants. `key` and a textual `priority` are expressions over the input."""

    key: str | None = None
    concurrency: int | None = None
    throttle: Throttle | None = None
    rate_limit: RateLimit | None = None
    debounce: Debounce | None = None
    singleton: Singleton | None = None
    priority: int | str = 0
    queue: int = 10_000

    @property
    def most_running(self) -> int | None:
        """How many runs of a key may run at once."""
        return 1 if self.singleton is not None else self.concurrency

    @property
    def keeps_newest(self) -> bool:
        """Whether of those that wait only the newest is wanted."""
        return self.debounce is not None or self.singleton is Singleton.REPLACE


@dataclass(frozen=True, slots=True)
class KeyState:
    """All runs of one key: how many run and how many wait; when the throttle has its next place; when runs were
    accepted within the period of the rate limit; since when and until when a debounce waits."""

    running: int = 0
    waiting: int = 0
    next_place: datetime | None = None
    accepted: tuple[datetime, ...] = ()
    held_since: datetime | None = None
    held_until: datetime | None = None

    @property
    def is_idle(self) -> bool:
        return not self.running and not self.waiting


@dataclass(frozen=True, slots=True)
class Refused:
    """The run does not start. `retry_after`: seconds after which it would, where that is known."""

    why: Refusal
    limit: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """So many of those that wait start now; the next may at `next_at` (None: when one ends, or another comes)."""

    state: KeyState
    starts: int
    next_at: datetime | None


# ---------------------------------------------------------------- the rules


def refusal(control: FlowControl, state: KeyState, now: datetime) -> Refused | None:
    """Why a new run is refused, or None: it may wait for its turn."""
    if control.singleton is Singleton.SKIP and not state.is_idle:
        return Refused(Refusal.SINGLETON, 1)
    rate = control.rate_limit
    if rate is not None:
        recent = _recent(rate, state, now)
        if len(recent) >= rate.limit:
            return Refused(Refusal.RATE, rate.limit, (recent[-rate.limit] + rate.period - now).total_seconds())
    if not control.keeps_newest and state.waiting >= control.queue:
        return Refused(Refusal.QUEUE, control.queue)
    return None


def enqueue(control: FlowControl, state: KeyState, now: datetime) -> KeyState:
    """A new run waits. Where only the newest is wanted, it is the only one that does from now on."""
    if control.rate_limit is not None:
        state = replace(state, accepted=(*_recent(control.rate_limit, state, now), now))
    if control.debounce is not None:
        since = now if state.held_since is None else state.held_since
        until = min(now + control.debounce.period, since + control.debounce.timeout)
        state = replace(state, held_since=since, held_until=until)
    return replace(state, waiting=1 if control.keeps_newest else state.waiting + 1)


def admit(control: FlowControl, state: KeyState, now: datetime) -> Admission:
    """Lets as many start as may."""
    starts, next_at = 0, None
    most = control.most_running
    while state.waiting:
        if control.debounce is not None and state.held_until is not None and now < state.held_until:
            next_at = state.held_until
            break
        if most is not None and state.running >= most:
            break
        throttle = control.throttle
        if throttle is not None:
            # The place is the time at which the run would start if all were spread evenly; a burst may come earlier.
            place = now if state.next_place is None else max(state.next_place, now)
            earliest = place - throttle.interval * (throttle.burst - 1)
            if now < earliest:
                next_at = earliest
                break
            state = replace(state, next_place=place + throttle.interval)
        state = replace(
            state, running=state.running + 1, waiting=state.waiting - 1, held_since=None, held_until=None
        )
        starts += 1
    return Admission(state, starts, next_at)


def ended(state: KeyState, was_running: bool) -> KeyState:
    """One of those that ran, or waited, is over."""
    if was_running:
        return replace(state, running=state.running - 1)
    state = replace(state, waiting=state.waiting - 1)
    return state if state.waiting else replace(state, held_since=None, held_until=None)


def _recent(rate: RateLimit, state: KeyState, now: datetime) -> tuple[datetime, ...]:
    """Acceptances that still count, those of a clock ahead of ours included."""
    return tuple(at for at in state.accepted if at > now - rate.period)


# ---------------------------------------------------------------- from a definition, and for an input


def parse_flow_control(raw: Mapping[str, Any], limits: Limits) -> FlowControl:
    """`flowControl` of a definition that was validated."""
    throttle, rate, debounce = raw.get("throttle"), raw.get("rateLimit"), raw.get("debounce")
    return FlowControl(
        key=raw.get("key"),
        concurrency=raw["concurrency"]["limit"] if "concurrency" in raw else None,
        throttle=throttle and Throttle(throttle["limit"], parse_duration(throttle["period"]), throttle.get("burst", 1)),
        rate_limit=rate and RateLimit(rate["limit"], parse_duration(rate["period"])),
        debounce=debounce and _debounce(debounce, limits),
        singleton=Singleton(raw["singleton"]["mode"]) if "singleton" in raw else None,
        priority=raw.get("priority", 0),
        queue=(raw.get("queue") or {}).get("limit", limits.max_waiting_runs_per_key),
    )


def _debounce(raw: Mapping[str, Any], limits: Limits) -> Debounce:
    timeout = parse_duration(raw["timeout"]) if "timeout" in raw else timedelta(seconds=limits.max_debounce_seconds)
    return Debounce(parse_duration(raw["period"]), timeout)


def key_of(control: FlowControl, input: Any, limits: Limits) -> str:
    """The key of a run: text as it is, other values as JSON; without an expression all runs share the empty one.

    What cannot be evaluated counts as null, so that a run is held back rather than let through.
    """
    if control.key is None:
        return ""
    found = evaluate(control.key, input)
    if found is True or found is False or found is None:
        text = {True: "true", False: "false", None: "null"}[found]
    elif isinstance(found, float) and found.is_integer() and abs(found) < 1e17:
        text = str(int(found))
    elif isinstance(found, str | int | float):
        text = str(found)
    else:
        text = "null"
    text = text.replace("\0", "")
    if len(text) <= limits.max_flow_key_length:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{text[: limits.max_flow_key_length - len(digest) - 1]}#{digest}"


def priority_of(control: FlowControl, input: Any, limits: Limits) -> int:
    """Higher ones start first; 0 where an expression gives no number."""
    found = evaluate(control.priority, input) if isinstance(control.priority, str) else control.priority
    if isinstance(found, bool) or not isinstance(found, int | float):
        return 0
    return int(max(-limits.max_priority, min(limits.max_priority, found)))


def held_by(control: FlowControl, running: int, held_until: datetime | None, now: datetime) -> dict[str, Any]:
    """What a run that waits is waiting for, as the API shows it: {kind, limit, period} with what belongs to the kind;
    lengths in seconds."""
    if control.debounce is not None and held_until is not None and held_until > now:
        return {"kind": "debounce", "period": control.debounce.period.total_seconds()}
    throttle = control.throttle
    if control.singleton is not None:
        return {"kind": "singleton", "limit": 1}
    if control.concurrency is not None and (running >= control.concurrency or throttle is None):
        return {"kind": "concurrency", "limit": control.concurrency}
    if throttle is not None:
        return {"kind": "throttle", "limit": throttle.limit, "period": throttle.period.total_seconds()}
    return {"kind": "debounce", "period": 0.0}
