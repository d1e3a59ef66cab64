"""A compiled workflow: immutable, shared by all runs of one version.

A task is named by its RFC 6901 pointer. A path tells apart the executions of one task. For each enclosing task, the
outermost first: the index of the iteration if it is a loop, then the number of the visit if its list can jump back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.domain.dsl.durations import parse_duration
from models.domain.dsl.expressions import Expression, Scope
from models.domain.dsl.problems import Problem, problem
from models.domain.dsl.protocol import StepKind, UnknownPolicy
from models.domain.dsl.schemas import Schema
from models.domain.dsl.templates import Template

CONTINUE, EXIT, END = "continue", "exit", "end"
ROOT = ""


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, fixed or computed when it is needed."""

    template: Template

    def of(self, data: Any, scope: Scope) -> Any:
        """A timedelta; Problem when the expression does not give one."""
        if self.template.is_static:
            return self.template.value
        found = self.template.evaluate(data, scope)
        try:
            return parse_duration(found)
        except ValueError as error:
            raise Problem(problem("expression", f"This gives no duration: {error}.")) from None


@dataclass(frozen=True, slots=True)
class DataFlow:
    """`input`, `output` or `export`: what is made of the data, and what it must look like."""

    transform: Template | None = None
    schema: Schema | None = None


@dataclass(slots=True, eq=False)
class TaskList:
    """Tasks that follow one another (or, in a fork, run side by side)."""

    tasks: tuple[Task, ...] = ()
    names: Mapping[str, int] = field(default_factory=dict)
    counts_visits: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Task:
    """What all tasks have. `part` is the list of the parent in which it stands, `depth` the length of its path."""

    pointer: str
    name: str
    index: int
    definition: Any
    parent: str
    part: str
    depth: int
    siblings: TaskList
    variables: Mapping[str, tuple[str, str]]
    condition: Expression | None = None
    input: DataFlow | None = None
    output: DataFlow | None = None
    export: DataFlow | None = None
    timeout: Duration | None = None
    then: str = CONTINUE
    parts: dict[str, TaskList] = field(default_factory=dict)
    # Where its definition stands, which is its pointer unless an extension is around it; and the task it extends.
    reference: str = ""
    extends: Task | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Root(Task):
    """The workflow itself."""


@dataclass(slots=True, eq=False, kw_only=True)
class Do(Task):
    """Tasks in sequence."""


@dataclass(slots=True, eq=False, kw_only=True)
class For(Task):
    """A loop over a list."""

    each: str
    at: str
    items: Expression
    while_: Expression | None


@dataclass(slots=True, eq=False, kw_only=True)
class Fork(Task):
    """Branches side by side."""

    compete: bool


@dataclass(slots=True, eq=False, kw_only=True)
class Set(Task):
    """Makes data."""

    value: Template


@dataclass(slots=True, eq=False, kw_only=True)
class Switch(Task):
    """Chooses where to go on."""

    cases: tuple[tuple[Expression | None, str], ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Raise(Task):
    """Raises an error."""

    error: Template


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When and after how long to try again."""

    when: Expression | None
    except_when: Expression | None
    delay: Duration | None
    backoff: str
    jitter: tuple[Duration, Duration] | None
    max_retries: int | None
    attempt_duration: Duration | None
    duration: Duration | None


@dataclass(slots=True, eq=False, kw_only=True)
class Try(Task):
    """Tasks whose errors are caught."""

    as_: str
    errors: Mapping[str, Template]
    when: Expression | None
    except_when: Expression | None
    retry: RetryPolicy | None


@dataclass(slots=True, eq=False, kw_only=True)
class Wait(Task):
    """Waits for a while."""

    duration: Duration


@dataclass(slots=True, eq=False, kw_only=True)
class Emit(Task):
    """Publishes an event."""

    event: Template


@dataclass(slots=True, eq=False, kw_only=True)
class Notify(Task):
    """Tells people something."""

    arguments: Template


@dataclass(slots=True, eq=False, kw_only=True)
class Approval(Task):
    """Asks people and waits for an answer; `form` (JSON Schema) is taken as it is."""

    arguments: Template
    form: Any


@dataclass(slots=True, eq=False, kw_only=True)
class CallFunction(Task):
    """Runs a task of `use.functions`; `arguments` becomes its input. `source` says where a function from elsewhere was
    read, {uri, sha256}."""

    arguments: Template | None
    source: Mapping[str, Any] | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Step(Task):
    """Something outside."""

    step: StepKind
    on_unknown: UnknownPolicy


@dataclass(slots=True, eq=False, kw_only=True)
class CallHttp(Step):
    """`call: http`."""

    method: str
    uri: Template
    authentication: Template | None
    headers: Template | None
    query: Template | None
    body: Template | None
    output_as: str
    redirect: bool
    connection: str | None


@dataclass(slots=True, eq=False, kw_only=True)
class CallPredict(Step):
    """`call: predict`."""

    arguments: Template


@dataclass(frozen=True, slots=True, eq=False)
class Workflow:
    """A definition, ready to run. `tasks` is by pointer, the root task under the empty one."""

    definition: Mapping[str, Any]
    root: Root
    tasks: Mapping[str, Task]
    # Which members of which secrets its expressions use.
    secret_paths: tuple[tuple[str, ...], ...] = ()
    has_approvals: bool = False
    is_flow_controlled: bool = False
