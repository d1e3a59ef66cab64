"""Records that have come but are not folded yet; what came together is folded in one transaction."""

from __future__ import annotations

import asyncio
import logging

from models.domain.errors import TidewireError
from models.domain.log import PARTITIONS
from streams.aggregate import Aggregator
from streams.config import WorkerConfig
from streams.records import Batch, decode_record, join

_log = logging.getLogger("tidewire.streams")


class Inbox:
    """A bounded queue for each partition. All of it may be lost at any time: it will be read from the log."""

    def __init__(self, aggregator: Aggregator, config: WorkerConfig) -> None:
        self._aggregator, self._config = aggregator, config
        self._queues: list[asyncio.Queue[Batch]] = [asyncio.Queue(config.inbox_records) for _ in range(PARTITIONS)]
        self.failures = 0

    async def take(self, value: bytes) -> None:
        """Takes a record in; waits while its partition has enough of them."""
        batch = decode_record(value)
        if batch is not None and 0 <= batch.partition < PARTITIONS:
            self._aggregator.hear(batch)
            await self._queues[batch.partition].put(batch)

    async def run(self) -> None:
        """Folds what comes, for ever; ends by being cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for queue in self._queues:
                tasks.create_task(self._run(queue))

    async def fold_waiting(self) -> None:
        """Folds what is waiting now. For tests: `run` does it all the time."""
        for queue in self._queues:
            await self._fold(_waiting(queue))

    async def _run(self, queue: asyncio.Queue[Batch]) -> None:
        while True:
            first = await queue.get()
            await self._fold([first, *_waiting(queue)])

    async def _fold(self, batches: list[Batch]) -> None:
        for batch in join(batches, self._config.batch_rows):
            await self._fold_one(batch)

    async def _fold_one(self, batch: Batch) -> None:
        """A batch that cannot be folded now leaves a gap, which the next one or the care loop closes."""
        try:
            await self._aggregator.take(batch)
        except (TidewireError, OSError, TimeoutError) as error:
            self.failures += 1
            _log.warning("a record was not folded (%s); it will be read from the log", error)
        except Exception:
            self.failures += 1
            _log.exception("a record was not folded")


def _waiting(queue: asyncio.Queue[Batch]) -> list[Batch]:
    batches = []
    while not queue.empty():
        batches.append(queue.get_nowait())
    return batches
