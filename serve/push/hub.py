"""Who listens to what: keeps every listened-to channel in step with its log and fans publications out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from models.domain.errors import TidewireError, Unavailable
from models.domain.push import Announced, Position, Publication
from serve.push.ports import ChannelLog, PushConfig
from serve.push.protocol import publication_frames
from serve.push.tasks import end
from serve.push.topic import Member, Topic, continues

_log = logging.getLogger("tidewire.push")
_JOIN_ATTEMPTS = 8
Broadcast = Callable[[Collection[Member], bytes], None]


class Joined(NamedTuple):
    """Where a new member stands, and what it missed when that could be found."""

    position: Position
    recovered: bool
    publications: Sequence[Publication]


class Hub:
    """One for a gateway. `broadcast` writes a frame to members and must not wait."""

    def __init__(self, log: ChannelLog, broadcast: Broadcast, config: PushConfig) -> None:
        self._channel_log = log
        self._broadcast = broadcast
        self._config = config
        self._topics: dict[str, Topic] = {}
        self._opening: dict[str, asyncio.Task[Topic]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.connected = asyncio.Event()
        self.publications = 0

    @property
    def channels(self) -> int:
        """How many channels have members."""
        return len(self._topics)

    async def run(self) -> None:
        """Follows the feed until cancelled."""
        async for batch in self._channel_log.feed():
            if not batch:
                self.connected.set()
                self._resync_all()
            else:
                self.apply(batch)

    async def close(self) -> None:
        """Stops what is under way."""
        await end([*self._tasks, *self._opening.values()])

    # joining and leaving ---------------------------------------------------------------------------

    async def join(self, member: Member, channel: str, since: Position | None) -> Joined:
        """Makes the member listen. When this returns, all that follows the position will be written to it."""
        try:
            async with asyncio.timeout(self._config.join_timeout):
                return await self._join(member, channel, since)
        except TimeoutError:
            raise Unavailable("The channel cannot be read right now.") from None

    async def _join(self, member: Member, channel: str, since: Position | None) -> Joined:
        looked = False
        for _ in range(_JOIN_ATTEMPTS):
            topic = await self._open(channel)
            if topic.syncing is not None:
                await asyncio.shield(topic.syncing)
            elif since is None or since.epoch not in ("", topic.position.epoch):
                return self._admit(topic, member, None)
            elif since.offset > topic.position.offset:
                # The client saw more than this gateway: the feed lags, or the log lost its end.
                if looked:
                    return self._admit(topic, member, None)
                looked = True
                self._sync(topic)
            elif (missed := topic.since(since.offset)) is not None:
                return self._admit(topic, member, missed)
            elif (found := await self._older(topic, since.offset)) is not None:
                return self._admit(topic, member, found or None)
        raise Unavailable("The channel moves too fast to join right now.")

    def leave(self, member: Member, channel: str) -> None:
        """Stops writing to the member; a channel without members is forgotten."""
        topic = self._topics.get(channel)
        if topic is not None and member in topic.members:
            del topic.members[member]
            if not topic.members:
                self._forget(topic)

    def _admit(self, topic: Topic, member: Member, missed: Sequence[Publication] | None) -> Joined:
        topic.members[member] = None
        return Joined(topic.position, missed is not None, missed or ())

    async def _open(self, channel: str) -> Topic:
        topic = self._topics.get(channel)
        if topic is not None:
            return topic
        task = self._opening.get(channel)
        if task is None:
            task = self._opening[channel] = asyncio.create_task(self._load(channel))
            task.add_done_callback(lambda done: self._opened(channel, done))
        return await asyncio.shield(task)

    def _opened(self, channel: str, task: asyncio.Task[Topic]) -> None:
        del self._opening[channel]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("channel %s cannot be opened: %s", channel, error)

    async def _load(self, channel: str) -> Topic:
        await self.connected.wait()
        config = self._config
        tail = await self._channel_log.tail(channel, config.window_publications)
        topic = Topic(channel, tail, config.window_publications, config.window_bytes)
        self._topics[channel] = topic
        # What was published between that read and now found no topic to tell: look once more.
        self._sync(topic)
        return topic

    async def _older(self, topic: Topic, after: int) -> Sequence[Publication] | None:
        """What came after `after`, from the log; empty when it is lost; None when the topic changed meanwhile."""
        limit = self._config.max_recovery
        part = await self._channel_log.read(topic.name, after, limit)
        if self._topics.get(topic.name) is not topic or part.top.epoch != topic.position.epoch or topic.syncing:
            return None
        if not continues(part.publications, after, part.top.offset):
            return ()
        newer = topic.since(part.top.offset)
        if part.top.offset > topic.position.offset:
            self._deliver(topic, [p for p in part.publications if p.offset > topic.position.offset])
            newer = []
        if newer is None:
            return None
        found = [*part.publications, *newer]
        size = sum(len(p.data) for p in found)
        return found if size <= self._config.limits.max_socket_queue_bytes // 2 else ()

    # following the log -----------------------------------------------------------------------------

    def apply(self, batch: Sequence[Announced]) -> None:
        """Fans out what was announced; whatever does not fit on exactly is read from the log instead."""
        fresh: dict[Topic, list[Publication]] = {}
        for item in batch:
            topic = self._topics.get(item.channel)
            if topic is None:
                continue
            offset = item.publication.offset
            if item.epoch != topic.position.epoch:
                self._evict(topic)
                fresh.pop(topic, None)
                continue
            topic.announced = max(topic.announced, offset)
            if topic.syncing is None:
                ready = fresh.setdefault(topic, [])
                expected = (ready[-1].offset if ready else topic.position.offset) + 1
                if offset == expected:
                    ready.append(item.publication)
                elif offset > expected:
                    self._sync(topic)
        for topic, publications in fresh.items():
            if publications:
                self._deliver(topic, publications)

    def _deliver(self, topic: Topic, publications: Sequence[Publication]) -> None:
        topic.advance(publications)
        self.publications += len(publications)
        if topic.members:
            for frame in publication_frames(topic.name, publications):
                self._broadcast(topic.members, frame)

    async def check_positions(self) -> None:
        """Compares all topics with the log: finds what neither feed nor publication has told."""
        for idle in [topic for topic in self._topics.values() if not topic.members and topic.syncing is None]:
            self._forget(idle)
        topics = list(self._topics.values())
        positions = await self._channel_log.positions([topic.name for topic in topics])
        for topic, position in zip(topics, positions, strict=True):
            if self._topics.get(topic.name) is not topic:
                continue
            if position.epoch != topic.position.epoch:
                self._evict(topic)
            elif position.offset > topic.position.offset:
                self._sync(topic)

    def _resync_all(self) -> None:
        for topic in list(self._topics.values()):
            self._sync(topic)

    def _sync(self, topic: Topic) -> asyncio.Task[None]:
        if topic.syncing is None:
            topic.syncing = asyncio.create_task(self._catch_up(topic))
            self._tasks.add(topic.syncing)
            topic.syncing.add_done_callback(self._tasks.discard)
        return topic.syncing

    async def _catch_up(self, topic: Topic) -> None:
        """Reads on from the topic's position until nothing is missing; members lose it when it cannot be read on."""
        pause = 0.05
        try:
            while self._topics.get(topic.name) is topic:
                try:
                    if await self._read_on(topic):
                        return
                except TidewireError as error:
                    _log.warning("channel %s waits for its log: %s", topic.name, error.detail)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 2.0)
        finally:
            topic.syncing = None

    async def _read_on(self, topic: Topic) -> bool:
        before, announced = topic.position, topic.announced
        part = await self._channel_log.read(topic.name, before.offset, self._config.max_recovery)
        last = part.publications[-1].offset if part.publications else part.top.offset
        lost = not continues(part.publications, before.offset, last) or part.top.offset < announced
        if lost or part.top.epoch != before.epoch:
            self._evict(topic)
            return True
        if part.publications:
            self._deliver(topic, part.publications)
        return last >= max(topic.announced, part.top.offset)

    def _evict(self, topic: Topic) -> None:
        self._forget(topic)
        for member in list(topic.members):
            member.evicted(topic.name)

    def _forget(self, topic: Topic) -> None:
        if self._topics.get(topic.name) is topic:
            del self._topics[topic.name]
