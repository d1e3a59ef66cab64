"""Which calls of which ports reach which crash points. Places are `<process>.<port>`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hook:
    """Points around one method: before the call, after its answer, with each item it yields; `commit` names the
    transaction that it makes."""

    before: str | None = None
    after: str | None = None
    each: str | None = None
    commit: str | None = None


HOOKS: Mapping[str, Mapping[str, Hook]] = {
    "api.runs": {"accept": Hook(commit="api.runs.accept"), "request_cancel": Hook(commit="api.runs.cancel")},
    "api.events": {"ingest": Hook(commit="api.events.ingest")},
    "api.workflows": {"put": Hook(commit="api.workflows.put")},
    "api.tasks": {"answer": Hook(commit="api.tasks.answer")},
    "api.identity": {
        "register": Hook(commit="api.identity.register"),
        "rotate": Hook(commit="api.identity.rotate"),
    },
    "api.models": {"add_version": Hook(commit="api.models.add")},
    "api.objects": {"put": Hook(after="api.objects.stored")},
    "api.dispatcher": {"wake": Hook(before="api.wake.due", after="api.wake.queued")},
    "shard.journal": {
        "append": Hook(before="shard.turn.decided", commit="shard.append"),
        "read": Hook(after="shard.runs.read"),
        "entries": Hook(after="shard.journals.read"),
        "needy": Hook(after="shard.needy.found"),
    },
    "shard.leases": {
        "beat": Hook(commit="shard.lease.beat"),
        "acquire": Hook(commit="shard.lease.acquire"),
        "succeed": Hook(commit="shard.lease.succeed"),
    },
    "shard.definitions": {"definition": Hook(after="shard.definition.read")},
    "shard.triggers": {"fire_due": Hook(commit="shard.schedules.fire")},
    "shard.housekeeping": {
        "ensure_partitions": Hook(commit="shard.partitions.make"),
        "forget_keys": Hook(commit="shard.keys.forget"),
    },
    "shard.steps": {"run": Hook(before="shard.step.begun", after="shard.step.answered")},
    "session-host.connections": {
        "get": Hook(after="session-host.connection.read"),
        "save_state": Hook(commit="session-host.state.save"),
    },
    "session-host.secrets": {"sealed": Hook(after="session-host.secrets.read")},
    "session-host.http": {
        "send": Hook(before="session-host.call.begun", after="session-host.call.answered"),
    },
    "session-host.models": {
        "infer": Hook(before="session-host.inference.begun", after="session-host.inference.answered"),
    },
    "models.catalog": {"resolve": Hook(after="models.version.found")},
    "models.objects": {"get": Hook(after="models.bundle.read")},
    "models.host": {"infer": Hook(before="models.inference.begun", after="models.inference.answered")},
    "gateway.log": {
        "tail": Hook(after="gateway.channel.opened"),
        "read": Hook(after="gateway.channel.caught_up"),
        "positions": Hook(after="gateway.positions.compared"),
        "feed": Hook(each="gateway.feed.heard"),
    },
    "gateway.tokens": {"verify": Hook(after="gateway.token.checked")},
    "gateway.sessions": {"standing": Hook(after="gateway.sessions.checked")},
    "relay.producer": {"send": Hook(before="relay.kafka.due", after="relay.kafka.acknowledged")},
    "relay.writer": {
        "publish": Hook(before="relay.push.due", after="relay.push.published"),
        "position": Hook(after="relay.push.resumed"),
    },
    "relay.search": {"deliver": Hook(commit="relay.search.index")},
    "relay.relay": {"trim": Hook(commit="relay.log.trim")},
    "streams.log": {"events": Hook(after="streams.gap.read")},
    "streams.store": {
        "positions": Hook(after="streams.positions.read"),
        "settle": Hook(commit="streams.settle"),
    },
    "streams.aggregator": {
        "hear": Hook(after="streams.record.heard"),
        "take": Hook(before="streams.fold.begun", after="streams.fold.done"),
    },
    "supervisor.board": {"told": Hook(before="supervisor.phase.changed", after="supervisor.phase.written")},
}
