"""One event worked off: what happens next is decided, written down as entries, and each entry changes the draft."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.domain.dsl import approvals, listening, nodes, operations, outcomes, subscribing
from models.domain.dsl.catching import Verdict, judge
from models.domain.dsl.evolve import ROOT_KEY, evolve, parent_key
from models.domain.dsl.kinds import ACTIONS, PREPARATIONS
from models.domain.dsl.nodes import Task, Workflow
from models.domain.dsl.nodes_calls import ITERATING, Subscription
from models.domain.dsl.nodes_events import Listen
from models.domain.dsl.problems import FAULTS, error_of, problem
from models.domain.dsl.protocol import Notification, StartStep
from models.domain.dsl.running import script_output
from models.domain.dsl.scope import TaskScope
from models.domain.dsl.state import Draft, Frame, Key, Path, RunState, Timing, Todo
from models.domain.dsl.templates import check_size
from models.domain.journal import Entry, EntryType

_LOOPS = (nodes.For, *ITERATING)


class Turn:
    """Works on a draft of a state. `entries`, `events` and `notifications` are what came of it."""

    def __init__(self, workflow: Workflow, state: RunState, at: datetime) -> None:
        self.workflow = workflow
        self.draft = Draft(state)
        # Time never runs backwards within a journal, whatever the clocks of hosts do.
        self.at = at if state.last_at is None or at > state.last_at else state.last_at
        self.entries: list[Entry] = []
        self.events: list[dict[str, Any]] = []
        self.notifications: list[Notification] = []
        # Steps whose results nobody waits for.
        self.detached: list[StartStep] = []
        self.answered: set[Key] = set()
        self.is_resumed = False

    def record(self, kind: EntryType, key: Key = ROOT_KEY, data: dict[str, Any] | None = None) -> None:
        """Writes down what happens, which is when it happens."""
        entry = Entry(self.draft.last_seq + 1, kind, self.at, key[0], key[1], {} if data is None else data)
        self.entries.append(entry)
        evolve(self.workflow, self.draft, entry)

    def drain(self) -> None:
        """Decides for every task that is ready, as far as the limit of entries allows."""
        if operations.is_suspended(self.draft):
            return
        limit, ready = self.draft.limits.max_entries_per_advance, self.draft.ready
        while ready and len(self.entries) < limit:
            self.decide(next(iter(ready)))

    def decide(self, key: Key) -> None:
        """One step of one task; at least one entry comes of it."""
        frame = self.draft.frames[key]
        task = self.workflow.tasks[key[0]]
        if frame.todo is Todo.RUN:
            self._run(task, key, frame)
        elif frame.todo is Todo.NEXT:
            self.start_next(task, key, frame)
        elif frame.todo is Todo.COMPLETE:
            if outcomes.is_verifying(task, frame):
                return outcomes.verified(self, task, key, frame)
            self.complete(task, key, frame.flow, frame.then)
        elif frame.todo is Todo.ITERATE:
            self._iterate(task, key, frame)
        elif frame.todo is Todo.BRANCH:
            self._branch(task, key)
        else:
            self._fail(task, key, frame)

    # ---------------------------------------------------------------- start

    def start_run(self) -> None:
        """The workflow's own input."""
        root, draft = self.workflow.root, self.draft
        scope = TaskScope(self.workflow, draft, root, (), draft.raw_input)
        scope.started_at = draft.started_at = self.at
        data: dict[str, Any] = {}
        error = None
        try:
            found = self._take_in(root, draft.raw_input, scope)
            if found is not draft.raw_input:
                data["input"] = found
            self._set_deadline(root, found, scope, data)
        except FAULTS as fault:
            error = {**error_of(fault), "instance": "/input"}
        self.record(EntryType.RUN_STARTED, ROOT_KEY, data)
        if error:
            self.record(EntryType.RUN_FAULTED, ROOT_KEY, {"error": error})

    def _take_in(self, task: Task, raw: Any, scope: TaskScope) -> Any:
        flow, found = task.input, raw
        if flow is not None:
            if flow.schema is not None:
                flow.schema.check(raw, "input")
            if flow.transform is not None:
                found = flow.transform.evaluate(raw, scope)
        scope.input = found
        return found

    def _set_deadline(self, task: Task, found: Any, scope: TaskScope, data: dict[str, Any]) -> None:
        if task.timeout is not None:
            data["deadline"] = (self.at + task.timeout.of(found, scope)).isoformat()

    def start_next(self, task: Task, key: Key, frame: Frame) -> None:
        """Starts the task of a list that is next."""
        siblings = task.parts[frame.part]
        self._start(siblings.tasks[frame.next], key, frame)

    def _iterate(self, task: Task, key: Key, frame: Frame) -> None:
        if isinstance(task, ITERATING):
            return listening.iterate(self, task, key, frame)
        assert isinstance(task, nodes.For)
        if task.while_ is not None:
            scope = self.scope(task, key, frame)
            scope.extra = {task.each: (frame.items or [])[frame.iteration], task.at: frame.iteration}
            try:
                goes_on = task.while_.is_true(frame.flow, scope)
            except FAULTS as fault:
                return self.fault(task, key, error_of(fault))
            if not goes_on:
                return self.complete(task, key, frame.flow)
        self.start_next(task, key, frame)

    def _branch(self, task: Task, key: Key) -> None:
        """Starts all branches, until one of them has already decided the fork."""
        branches = task.parts["branches"].tasks
        if not branches:
            return self.complete(task, key, [])
        for branch in branches[self.draft.frames[key].next :]:
            frame = self.draft.frames.get(key)
            if frame is None or frame.todo is not Todo.BRANCH:
                return
            self._start(branch, key, frame)

    def _start(self, task: Task, parent: Key, frame: Frame) -> None:
        is_caught = task.part == "catch" and frame.part != "catch"
        raw = frame.input if is_caught else frame.flow
        key = (task.pointer, _path_of(task, self.workflow.tasks[parent[0]], parent[1], frame, is_caught))
        scope = TaskScope(self.workflow, self.draft, task, key[1], raw)
        scope.started_at = self.at
        data: dict[str, Any] = {"input": raw}
        if is_caught:
            data["caught"] = frame.error
        error, is_skipped = None, False
        try:
            is_skipped = task.condition is not None and not task.condition.is_true(raw, scope)
            if not is_skipped:
                self._prepare(task, key, scope, data)
        except FAULTS as fault:
            error = error_of(fault)
        if is_skipped:
            self.record(EntryType.TASK_SKIPPED, key, data)
            return self._settle(parent)
        self.record(EntryType.TASK_STARTED, key, data)
        if error is not None:
            self.fault(task, key, error)
        elif self.draft.received and isinstance(task, Listen):
            operations.hear(self)

    def _prepare(self, task: Task, key: Key, scope: TaskScope, data: dict[str, Any]) -> None:
        data["input"] = found = self._take_in(task, scope.raw, scope)
        self._set_deadline(task, found, scope, data)
        prepare = PREPARATIONS.get(type(task))
        if prepare is not None:
            prepare(self, task, key, scope, data)

    # ---------------------------------------------------------------- run

    def _run(self, task: Task, key: Key, frame: Frame) -> None:
        """Tasks that need nobody else."""
        try:
            raw, then = ACTIONS[type(task)](self, task, key, self.scope(task, key, frame))
        except FAULTS as fault:
            return self.fault(task, key, error_of(fault))
        self.complete(task, key, raw, then)

    def scope(self, task: Task, key: Key, frame: Frame) -> TaskScope:
        """What expressions of a task see."""
        scope = TaskScope(self.workflow, self.draft, task, key[1], frame.raw)
        scope.input, scope.started_at = frame.input, frame.started_at
        return scope

    # ---------------------------------------------------------------- end

    def complete(
        self, task: Task, key: Key, raw: Any, then: str | None = None, caught: dict[str, Any] | None = None
    ) -> None:
        """The task did its work; `raw` is its output before `output.as`."""
        if isinstance(task, nodes.Fork):
            self.cancel_below(key, "The fork was decided.")
        if isinstance(task, nodes.Root) and self.draft.cancelling is not None:
            return operations.end_cleanup(self)
        data: dict[str, Any] = {"output": raw}
        if task.output is not None or task.export is not None:
            try:
                self._give_out(task, key, raw, data)
            except FAULTS as fault:
                return self.fault(task, key, error_of(fault))
        if isinstance(task, nodes.Root):
            return self.record(EntryType.RUN_COMPLETED, ROOT_KEY, data)
        if then is not None and then != task.then:
            data["then"] = then
        if caught is not None:
            data["caught"] = caught
        self.record(EntryType.TASK_COMPLETED, key, data)
        self._settle(parent_key(task, key[1], self.workflow))

    def _give_out(self, task: Task, key: Key, raw: Any, data: dict[str, Any]) -> None:
        scope = self.scope(task, key, self.draft.frames[key])
        scope.raw_output = raw
        output, export = task.output, task.export
        found = raw
        if output is not None:
            if output.transform is not None:
                found = output.transform.evaluate(raw, scope)
            if output.schema is not None:
                output.schema.check(found, "output")
        data["output"] = scope.output = found
        if export is not None:
            context = self.draft.context
            if export.transform is not None:
                data["context"] = context = export.transform.evaluate(found, scope)
            if export.schema is not None:
                export.schema.check(context, "context")

    def fault(self, task: Task, key: Key, error: dict[str, Any]) -> None:
        """The task failed; the error says where unless it is known already."""
        if isinstance(task, nodes.Root):
            instance = error.get("instance") or "/output"
            if self.draft.cancelling is not None:
                return operations.end_cleanup(self, {**error, "instance": instance})
            self.cancel_below(key, "The run faulted.")
            return self.record(EntryType.RUN_FAULTED, ROOT_KEY, {"error": {**error, "instance": instance}})
        if not error.get("instance"):
            error = {**error, "instance": task.reference}
        if isinstance(task, nodes.Fork):
            self.cancel_below(key, "Another branch faulted.")
        self.record(EntryType.TASK_FAULTED, key, {"error": error})
        self._settle(parent_key(task, key[1], self.workflow))

    def _settle(self, key: Key) -> None:
        """What a child has decided for its parent takes effect before anything else goes on."""
        frame = self.draft.frames[key]
        decided = frame.todo is Todo.FAIL or (frame.todo is Todo.COMPLETE and (frame.then or frame.outputs is not None))
        if decided and not operations.is_held(self.draft, self.workflow.tasks[key[0]]):
            self.decide(key)

    def _fail(self, task: Task, key: Key, frame: Frame) -> None:
        assert frame.error is not None
        if outcomes.is_verifying(task, frame):
            return outcomes.verified(self, task, key, frame)
        if not isinstance(task, nodes.Try) or frame.part != "try":
            return self.fault(task, key, frame.error)
        try:
            verdict = judge(self, task, key, frame, self.scope(task, key, frame))
        except FAULTS as fault:
            return self.fault(task, key, error_of(fault))
        if isinstance(verdict, dict):
            return self.record(EntryType.TASK_RETRIED, key, verdict)
        if verdict is Verdict.ESCALATE:
            return self.fault(task, key, frame.error)
        handlers = task.parts["catch"].tasks
        if handlers:
            return self._start(handlers[0], key, frame)
        self.complete(task, key, frame.input, caught=frame.error)

    def cancel_below(self, key: Key, reason: str) -> None:
        """Ends all that runs inside a task, the innermost first."""
        pointer, path = key
        depth, start = len(path), f"{pointer}/"
        inside = [k for k in self.draft.frames if k[0].startswith(start) and k[1][:depth] == path]
        for found in reversed(inside):
            self.record(EntryType.TASK_CANCELLED, found, {"reason": reason})

    # ---------------------------------------------------------------- events

    def succeed(self, step: int, output: Any) -> None:
        """A step has its result."""
        task, key = self._finish(step)
        if isinstance(task, Subscription):
            return subscribing.receive(self, task, key, output)
        self.complete_checked(task, key, output)

    def complete_checked(self, task: Task, key: Key, output: Any) -> None:
        """The task has its output from outside."""
        try:
            check_size(output, self.draft.limits)
            found = script_output(task, output)
        except FAULTS as fault:
            return self.fault(task, key, error_of(fault))
        self.complete(task, key, found)

    def fail(self, step: int, error: dict[str, Any]) -> None:
        """A step failed."""
        task, key = self._finish(step)
        known = {name: value for name, value in error.items() if name != "instance"}
        self.fault(task, key, {**problem("runtime"), **known})

    def _finish(self, step: int) -> tuple[Task, Key]:
        """The end of a step is known to the host: there is nothing to cancel any more."""
        key = self.draft.steps[step]
        self.draft.finish_step(step)
        return self.workflow.tasks[key[0]], key

    def fire(self, name: str) -> None:
        """A timer's time has come."""
        timer = self.draft.timers[name]
        key = timer.key
        task, frame = self.workflow.tasks[key[0]], self.draft.frames[key]
        self.draft.finish_timer(name)
        if timer.timing is Timing.WAIT:
            self.complete(task, key, frame.input)
        elif timer.timing is Timing.DUE:
            approvals.overdue(self, task, key)
        elif timer.timing is Timing.ESCALATION:
            approvals.escalate(self, key)
        elif timer.timing is Timing.RETRY:
            self.start_next(task, key, frame)
        elif timer.timing is Timing.TIMEOUT:
            self._time_out(task, key)
        else:
            self.cancel_below(key, "The attempt took too long.")
            self.draft.own(key).error = _timeout(task, "The attempt took too long.")
            self._fail(task, key, self.draft.frames[key])

    def _time_out(self, task: Task, key: Key) -> None:
        what = "run" if isinstance(task, nodes.Root) else "task"
        self.cancel_below(key, f"The {what} timed out.")
        self.fault(task, key, _timeout(task, f"The {what} did not end in time."))


def _timeout(task: Task, detail: str) -> dict[str, Any]:
    return {**problem("timeout", detail), "instance": task.reference or "/timeout"}


def _path_of(task: Task, owner: Task, path: Path, frame: Frame, is_caught: bool) -> Path:
    if isinstance(owner, _LOOPS):
        path = (*path, frame.iteration)
    if task.siblings.counts_visits:
        visits = None if is_caught else frame.visits
        path = (*path, visits.get(task.index, 0) if visits else 0)
    return path
