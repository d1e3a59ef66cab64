"""Engines and hosts that are broken on purpose. A simulation that does not notice one of them proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from actors import active_run
from actors.active_run import ActiveRun, Turn
from actors.commits import Committer
from actors.intake import Intake
from actors.leases import Leases
from actors.open_steps import OpenSteps
from actors.ports import RunAppend
from actors.run_keeper import RunKeeper
from models.domain.dsl import catching, engine, evolve, kinds, nodes
from models.domain.dsl import turn as turns
from models.domain.dsl.protocol import AskOutcome, Continue, StartStep, StartTimer, TimerFired
from models.domain.errors import Unavailable
from models.domain.ports import Wake
from models.domain.runs import RunStatus
from tests.simulation.outside import Services
from tests.simulation.postgres import Postgres
from tests.simulation.world import Variant

Break = Callable[[], Any]
UNCHANGED = Variant()


@dataclass(frozen=True)
class Mutant:
    """`breaks` are patches that hold while it lives; `variant` replaces parts of the world.

    A search for a seed that notices it begins at `first_seed`: one that did when it was written down.
    """

    name: str
    breaks: Sequence[Break] = ()
    variant: Variant = UNCHANGED
    first_seed: int = 0

    @contextmanager
    def alive(self) -> Iterator[Variant]:
        """The mutation holds inside the block."""
        with ExitStack() as stack:
            for make in self.breaks:
                stack.enter_context(make())
            yield self.variant


def swap(owner: Any, name: str, broken: Any) -> Break:
    """A patch of one attribute."""
    return lambda: patch.object(owner, name, broken)


# ---------------------------------------------------------------- the database


class NoEpochCheck(Postgres):
    def check_epoch(self, item: RunAppend) -> None:
        """An old owner writes on."""


class NoSeqCheck(Postgres):
    def check_seq(self, item: RunAppend) -> None:
        """Entries are written where others are already."""


class TornCommit(Postgres):
    def append(self, batch: Sequence[RunAppend]) -> Sequence[Wake]:
        if len(batch) > 1:
            super().append(batch[:1])
            raise Unavailable
        return super().append(batch)


class ForgetsSleepers(Postgres):
    def needy(self, *asked: Any) -> Any:
        found, cursor = super().needy(*asked)
        return [one for one in found if one.status is not RunStatus.WAITING], cursor


class FiresTwice(Postgres):
    def _fire(self, schedule: Any, now: Any) -> Wake:
        wake = super()._fire(schedule, now)
        if len(schedule.fired) == 1:
            schedule.next_at -= schedule.every
        return wake


class StoresEventsAgain(Postgres):
    def publish(self, tenant: UUID, event: Mapping[str, Any], shard: int) -> list[Wake]:
        self.events.pop((tenant, event["source"], event["id"]), None)
        return super().publish(tenant, event, shard)


class NotifiesAgain(Postgres):
    def notify(self, tenant: UUID, one: Any) -> None:
        self.notifications.pop((tenant, one.key), None)
        super().notify(tenant, one)


class TellsNobodyOfEnds(Postgres):
    def _tell(self, entry: Any, item: RunAppend) -> None:
        if item.ended_at is None:
            super()._tell(entry, item)


class KeepsMessages(Postgres):
    def append(self, batch: Sequence[RunAppend]) -> Sequence[Wake]:
        kept = dict(self.inbox.rows)
        wakes = super().append(batch)
        self.inbox.rows = {**kept, **self.inbox.rows}
        return wakes


class IgnoresKeys(Services):
    def serve(self, request: Any) -> Any:
        self.answers.pop(request.idempotency_key, None)
        done = self.effects.pop(request.idempotency_key, 0)
        answer = super().serve(request)
        self.effects[request.idempotency_key] += done
        return answer


# ---------------------------------------------------------------- the host


def effect_before_commit(self: RunKeeper, run: ActiveRun, turn: Turn) -> None:
    if turn.append is not None and not run.is_dropped:
        for command in turn.effects:
            self._effect(run, command)
        turn = replace(turn, effects=[])
    _took(self, run, turn)


async def takes_lost_for_written(self: Committer, batch: Sequence[Turn]) -> Sequence[Turn]:
    self._done([turn for turn in batch if not turn.run.is_dropped], ())
    return []


async def looks_at_leases_first(self: Committer, batch: Sequence[Turn]) -> Sequence[Turn]:
    await self._until_available(self._host.check_leases)
    alive = [turn for turn in batch if not turn.run.is_dropped]
    written: list[Turn] = []
    rest = self._sort(alive, await self._seqs(alive), written)
    if written:
        self._done(written, ())
    return rest


def ignores_leases_of_waiting(self: OpenSteps, *given: Any) -> None:
    _make_steps(self, *given)
    self._may_begin = lambda: True


def performs_what_was_stopped(self: RunKeeper, turn: Turn) -> None:
    _finish(self, turn)
    for command in turn.effects:
        if isinstance(command, StartStep):
            self.steps.detach(turn.run, command)


def loses_what_comes_while_committing(self: RunKeeper, run: ActiveRun, event: Any) -> None:
    if not run.is_committing:
        _deliver(self, run, event)


def without(kind: type[Any]) -> Any:
    """`_effect` that forgets one kind of command."""

    def effect(self: RunKeeper, run: ActiveRun, command: Any) -> None:
        if not isinstance(command, kind):
            _effect(self, run, command)

    return effect


def nothing(*_: Any, **__: Any) -> None:
    """Does nothing."""


async def finds_nothing(self: Intake, *_: Any) -> Any:
    return 0, (-1, UUID(int=0))


async def forgets_what_changed(self: Leases, change: Any, share: int, standing: Any) -> Any:
    """A call that fails keeps the shard from following what changed before it."""
    if len(self.epochs) < share and standing.free:
        more = await self._store.acquire(self.owner, share - len(self.epochs))
        self.epochs.update(more)
        return replace(change, gained={**change.gained, **more})
    for shard in (surplus := self._surplus(len(self.epochs) - share)):
        del self.epochs[shard]
    if surplus:
        await self._store.release(self.owner, surplus)
    return replace(change, lost=change.lost | set(surplus))


def keeps_old_epoch(self: Leases, found: Mapping[int, int]) -> Any:
    change = _compare(self, found)
    return replace(change, lost=frozenset(), gained={})


_finish = RunKeeper._finish
_took, _deliver, _effect = RunKeeper._took, RunKeeper.deliver, RunKeeper._effect
_make_steps, _compare = OpenSteps.__init__, Leases._compare

# ---------------------------------------------------------------- the engine


def replay_with(change: Callable[[Any], Any]) -> Any:
    """`replay` whose commands are changed; None leaves one out."""

    def replay(*given: Any) -> Any:
        state, commands = _replay(*given)
        return state, [found for found in map(change, commands) if found is not None]

    return replay


def forgets_timers(state: Any) -> Any:
    """A snapshot without the timers."""
    made = _dump(state)
    return made and {**made, "timers": type(made["timers"])()}


def without_timers(command: Any) -> Any:
    return None if isinstance(command, StartTimer) else command


def without_steps(command: Any) -> Any:
    return None if isinstance(command, StartStep) else command


def starts_again(command: Any) -> Any:
    return command.step if isinstance(command, AskOutcome) else command


def new_key_for_each_attempt(*given: Any) -> StartStep:
    step = _step(*given)
    return step if step.attempt == 1 else replace(step, idempotency_key=f"{step.idempotency_key}-{step.attempt}")


def ignores_nothing(workflow: Any, state: Any, event: Any) -> Any:
    made = turns.Turn(workflow, state, event.at)
    engine._take(made, event)
    made.drain()
    return engine._finish(made)


def believes_early_timers(workflow: Any, state: Any, event: Any) -> Any:
    if isinstance(event, TimerFired) and event.timer in state.timers:
        state = replace(state, timers={**state.timers, event.timer: replace(state.timers[event.timer], at=event.at)})
    return _advance(workflow, state, event)


def believes_clocks(self: Any, workflow: Any, state: Any, at: Any) -> None:
    _make_turn(self, workflow, state, at)
    self.at = at


def joins_by_arrival(draft: Any, key: Any, fork: Any, owner: Any, task: Any, output: Any) -> None:
    _join(draft, key, fork, owner, task, output)
    if not owner.compete and len(fork.outputs) == len(task.siblings.tasks):
        fork.flow = list(fork.outputs.values())


def keeps_context_in_memory(self: Any, task: Any, key: Any, raw: Any, data: Any) -> None:
    _give_out(self, task, key, raw, data)
    if "context" in data:
        self.draft.context = data.pop("context")


def exports_before_output(self: Any, task: Any, key: Any, raw: Any, data: Any) -> None:
    _give_out(self, task, key, raw, data)
    if task.export is not None and task.export.transform is not None:
        scope = self._scope(task, key, self.draft.frames[key])
        data["context"] = task.export.transform.evaluate(raw, scope)


def default_first(turn: Any, task: Any, key: Any, scope: Any) -> Any:
    default = [then for when, then in task.cases if when is None]
    return (scope.input, default[0]) if default else kinds._switch(turn, task, key, scope)


def one_more_try(turn: Any, task: Any, policy: Any, *rest: Any) -> Any:
    most = policy.max_retries
    return _retry(turn, task, replace(policy, max_retries=None if most is None else most + 1), *rest)


def skips_while(self: Any, task: Any, key: Any, frame: Any) -> None:
    self._start_next(task, key, frame)


_replay, _advance, _step = engine.replay, engine.advance, engine._step
_dump = active_run.dump
_make_turn, _give_out = turns.Turn.__init__, turns.Turn._give_out
_join, _retry = evolve._join, catching._retry

# ---------------------------------------------------------------- all of them

WORLDS: tuple[Mutant, ...] = (
    Mutant("no epoch check", variant=Variant(database=NoEpochCheck), first_seed=124),
    Mutant("seq not checked", variant=Variant(database=NoSeqCheck)),
    Mutant("torn group commit", variant=Variant(database=TornCommit)),
    Mutant("sleeping runs are forgotten", variant=Variant(database=ForgetsSleepers)),
    Mutant("schedule fires twice", variant=Variant(database=FiresTwice)),
    Mutant("event stored again", variant=Variant(database=StoresEventsAgain)),
    Mutant("notified again", variant=Variant(database=NotifiesAgain), first_seed=109),
    Mutant("lifecycle event lost", variant=Variant(database=TellsNobodyOfEnds)),
    Mutant("messages are not forgotten", variant=Variant(database=KeepsMessages)),
    Mutant("service ignores keys", variant=Variant(services=IgnoresKeys), first_seed=84),
    Mutant("effect before journal", [swap(RunKeeper, "_took", effect_before_commit)]),
    Mutant("lost commit taken for written", [swap(Committer, "_after_unknown", takes_lost_for_written)]),
    Mutant("leases looked at late", [swap(Committer, "_after_unknown", looks_at_leases_first)], first_seed=216),
    Mutant("no lease check before an effect", [swap(Leases, "are_valid", True)], first_seed=252),
    Mutant("leases not asked by waiting", [swap(OpenSteps, "__init__", ignores_leases_of_waiting)], first_seed=805),
    Mutant("stopped steps are performed", [swap(RunKeeper, "_finish", performs_what_was_stopped)]),
    Mutant("lost shards are kept", [swap(RunKeeper, "drop_shards", nothing)]),
    Mutant("lost answers hide lost shards", [swap(Leases, "_balance", forgets_what_changed)], first_seed=1466),
    Mutant("a new epoch is not noticed", [swap(Leases, "_compare", keeps_old_epoch)]),
    Mutant("results lost while committing", [swap(RunKeeper, "deliver", loses_what_comes_while_committing)]),
    Mutant("continue forgotten", [swap(RunKeeper, "_effect", without(Continue))]),
    Mutant("unknown outcome not asked for", [swap(RunKeeper, "_effect", without(AskOutcome))]),
    Mutant("cancel forgotten", [swap(RunKeeper, "cancel", nothing)], first_seed=116),
    Mutant("nobody looks for forgotten runs", [swap(Intake, "_look", finds_nothing)]),
    Mutant("journal not read again", [swap(RunKeeper, "reload", nothing)], first_seed=733),
    Mutant("timer lost on replay", [swap(engine, "replay", replay_with(without_timers))]),
    Mutant("snapshot without timers", [swap(active_run, "dump", forgets_timers)]),
    Mutant("step lost on replay", [swap(engine, "replay", replay_with(without_steps))]),
    Mutant("unknown step started again", [swap(engine, "replay", replay_with(starts_again))]),
    Mutant("retry with a new key", [swap(engine, "_step", new_key_for_each_attempt)]),
    Mutant("no dedupe of results", [swap(engine, "advance", ignores_nothing)]),
    Mutant("timers fire early", [swap(engine, "advance", believes_early_timers)], first_seed=173),
    Mutant("time runs backwards", [swap(turns.Turn, "__init__", believes_clocks)]),
    Mutant("branches joined by arrival", [swap(evolve, "_join", joins_by_arrival)], first_seed=645),
    Mutant("context not in the journal", [swap(turns.Turn, "_give_out", keeps_context_in_memory)]),
)

LANGUAGE: tuple[Mutant, ...] = (
    Mutant("export before output", [swap(turns.Turn, "_give_out", exports_before_output)]),
    Mutant("catches every error", [swap(catching, "_is_caught", lambda *_: True)]),
    Mutant("one more try", [swap(catching, "_retry", one_more_try)]),
    Mutant("default case first", [lambda: patch.dict(kinds.ACTIONS, {nodes.Switch: default_first})]),
    Mutant("while not looked at", [swap(turns.Turn, "_iterate", skips_while)]),
)
