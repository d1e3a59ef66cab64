"""Where a process of ours may be killed by a test: each place has a name, the process it is in, and what is true there.

cluster/crash puts them between a process and its ports. In production the ports are the bare ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """`meaning` is what is true when the process ends there."""

    name: str
    meaning: str

    @property
    def process(self) -> str:
        """The kind of process it is in."""
        return self.name.partition(".")[0]


# Transactions with two places: all of it is written and the commit not sent; the commit is done and nobody told.
COMMITS = {
    "api.runs.accept": "a group of accepted runs with their idempotency keys",
    "api.events.ingest": "a group of events, with the runs that they start",
    "shard.append": "a group of journal entries, run states, lifecycle events, notifications and tasks",
    "shard.lease.beat": "the heartbeat of an owner of shards",
    "shard.lease.acquire": "free shards, taken under new epochs",
    "shard.lease.succeed": "the shards of a former incarnation, taken under new epochs",
    "shard.schedules.fire": "runs of schedules that were due, with the next times",
    "session-host.state.save": "quota and circuit breaker of a connection",
    "relay.cursor.move": "how far a sink has delivered",
    "streams.apply": "metric cells and the position they reach",
}

# Those of which only the second tells anything: without its commit, such a request was simply never made.
COMMITS_ALONE = {
    "api.runs.cancel": "the wish to cancel a run",
    "api.workflows.put": "a version of a workflow with its triggers",
    "api.tasks.answer": "the answer of a person to a task",
    "api.identity.register": "a tenant, its owner and the first session",
    "api.identity.rotate": "the use of a refresh token",
    "api.models.add": "a version of a model",
    "shard.partitions.make": "partitions of the journal for coming months",
    "shard.keys.forget": "the removal of old idempotency keys",
    "relay.search.index": "texts of runs for search",
    "relay.log.trim": "the removal of log rows that every reader has passed",
    "streams.settle": "positions of partitions without events",
}

PLACES = (
    CrashPoint("api.wake.due", "runs are durable, nobody has told their shard"),
    CrashPoint("api.wake.queued", "a wake waits to be sent, the caller has no answer"),
    CrashPoint("api.objects.stored", "a bundle is stored, no version names it"),
    CrashPoint("shard.turn.decided", "the engine has decided, nothing of it is in the journal"),
    CrashPoint("shard.step.begun", "a step's start is in the journal, nothing was sent"),
    CrashPoint("shard.step.answered", "the outcome of a step is known, the journal does not have it"),
    CrashPoint("shard.runs.read", "runs were read from the table, their journals not"),
    CrashPoint("shard.journals.read", "journals were read, not replayed"),
    CrashPoint("shard.needy.found", "forgotten runs were found, not taken up"),
    CrashPoint("shard.definition.read", "a definition was read, its run not started"),
    CrashPoint("session-host.connection.read", "a connection was read, nothing was sent"),
    CrashPoint("session-host.secrets.read", "secrets were read, nothing was sent"),
    CrashPoint("session-host.call.begun", "a request is about to leave"),
    CrashPoint("session-host.call.answered", "a target has answered, the shard does not know"),
    CrashPoint("session-host.inference.begun", "a model is about to be asked"),
    CrashPoint("session-host.inference.answered", "a model has answered, the shard does not know"),
    CrashPoint("models.version.found", "the version was found, its bundle not read"),
    CrashPoint("models.bundle.read", "a bundle was read, not loaded"),
    CrashPoint("models.inference.begun", "a request has come"),
    CrashPoint("models.inference.answered", "the answer is known, the caller has none"),
    CrashPoint("gateway.token.checked", "a token was checked, the client is not connected"),
    CrashPoint("gateway.channel.opened", "a channel was read from its log, its first member has no answer"),
    CrashPoint("gateway.channel.caught_up", "missed publications were read, members do not have them"),
    CrashPoint("gateway.feed.heard", "publications have come, members do not have them"),
    CrashPoint("gateway.positions.compared", "channels were compared with their logs"),
    CrashPoint("gateway.sessions.checked", "sessions were checked, nobody was disconnected"),
    CrashPoint("relay.kafka.due", "records are ready, none was sent to Kafka"),
    CrashPoint("relay.kafka.acknowledged", "Kafka has the records, the cursor does not say so"),
    CrashPoint("relay.push.due", "publications are ready, Redis has none of them"),
    CrashPoint("relay.push.published", "Redis has the publications, the cursor does not say so"),
    CrashPoint("relay.push.resumed", "the position of Redis was read, nothing was sent"),
    CrashPoint("streams.record.heard", "a record has come from Kafka and waits"),
    CrashPoint("streams.fold.begun", "records are about to be folded"),
    CrashPoint("streams.fold.done", "records were folded and committed"),
    CrashPoint("streams.gap.read", "rows that Kafka did not bring were read from the log"),
    CrashPoint("streams.positions.read", "positions were read, nothing was folded"),
    CrashPoint("ray.folder.tidied", "what the last Ray left is gone, the next has not begun"),
    CrashPoint("ray.deploy.begun", "the process deploy has begun, Ray's head not"),
    CrashPoint("ray.head.started", "Ray's head runs, nothing is on it"),
    CrashPoint("ray.deployed", "all is on Ray, the supervisor does not know"),
    CrashPoint("deploy.actors.started", "the actors run, the API may not"),
    CrashPoint("supervisor.database.made", "PostgreSQL runs, the schema is not brought to this version"),
    CrashPoint("supervisor.database.migrated", "the schema is of this version, nothing of ours runs"),
    CrashPoint("supervisor.phase.changed", "a part has a new phase, nobody outside can know it"),
    CrashPoint("supervisor.phase.written", "a part has a new phase and it is written down, not acted on"),
)  # fmt: skip


def written(commit: str) -> str:
    """The place before the commit of that name."""
    return f"{commit}.written"


def committed(commit: str) -> str:
    """The place after it."""
    return f"{commit}.committed"


def _all() -> Iterator[CrashPoint]:
    yield from PLACES
    for name, what in COMMITS.items():
        yield CrashPoint(written(name), f"{what}: written, not committed")
    for name, what in {**COMMITS, **COMMITS_ALONE}.items():
        yield CrashPoint(committed(name), f"{what}: committed, nobody knows")


CRASH_POINTS: tuple[CrashPoint, ...] = tuple(sorted(_all(), key=lambda point: point.name))
