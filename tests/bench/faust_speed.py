"""Events a second through our Faust path, exact and in PostgreSQL, beside a stock Faust agent on one broker.

Both sides take events of 50 keys from one partition with one worker process. Ours keeps count, sum, extremes and
percentiles of three windows with the position in one transaction; the stock agent counts in one windowed table.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from cluster.adapters.streams import StreamsDeps, quiet_clients, run_streams
from models.domain.events import format_time
from models.domain.limits import Limits
from models.domain.log import LogRow, LogSlice, Position, encode_record, split_records
from storage.kafka import KafkaConfig, create_topic
from storage.postgres import Database
from streams.config import WorkerConfig
from tests.bench.rounds import Row, Side, SideFailed, compare, table
from tests.integration.streams.world import BEGIN
from tests.servers.kafka import running_kafka
from tests.servers.postgres import PostgresServer, running_postgres

EVENTS, STOCK_EVENTS, KEYS, ROUNDS = 200_000, 10_000, 50, 5
DEFINITION = '{"type": "reading", "value": "/value", "dimensions": [{"name": "sensor", "pointer": "/sensor"}]}'


def event(chance: random.Random, number: int) -> bytes:
    """A reading of one of the sensors, 10,000 a second."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "/bench",
            "type": "reading",
            "time": format_time(BEGIN + timedelta(microseconds=100 * number)),
            "data": {"sensor": f"s{chance.randrange(KEYS)}", "value": round(chance.gauss(50, 20), 3), "unit": "ms"},
        }
    )


async def work(dsn: str, servers: str, topic: str) -> None:
    """Our worker process."""
    quiet_clients()
    database = Database(dsn, application="bench", max_size=10)
    await database.open()
    await run_streams(
        StreamsDeps(database, KafkaConfig(servers, topic=topic), WorkerConfig(group=topic, stuck=1e9)), asyncio.Event()
    )


async def work_stock(servers: str, topic: str) -> None:
    """A Faust application as its documentation shows it; says how many events it has counted each time it is asked."""
    import faust

    scratch = tempfile.TemporaryDirectory()
    app = faust.App(
        topic, broker=f"kafka://{servers}", store="memory://", datadir=scratch.name, web_enabled=False,
        topic_partitions=1, topic_disable_leader=True, consumer_auto_offset_reset="earliest", broker_session_timeout=10,
        broker_rebalance_timeout=10, broker_request_timeout=30, broker_max_poll_interval=60,
    )  # fmt: skip
    readings = app.topic(topic, value_serializer="json", partitions=1)
    counts = app.Table(f"{topic}-counts", default=int, partitions=1).tumbling(10.0, expires=3600.0)
    seen = 0

    async def count(stream: faust.StreamT) -> None:
        nonlocal seen
        async for one in stream:
            counts[one["data"]["sensor"]] += 1
            seen += 1

    app.agent(readings)(count)
    await app.start()
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(seen, flush=True)


class Ours:
    """Batched records, as the relay sends them."""

    def __init__(self, postgres: PostgresServer, database: str, servers: str, topic: str, tenant: UUID) -> None:
        self._dsn, self._servers, self._topic, self._tenant = postgres.dsn(database), servers, topic, tenant
        self._chance, self._xid, self._sent = random.Random(1), 0, 0

    def measure(self) -> float:
        """Events a second from the first record to the last commit."""
        return asyncio.run(self._measure())

    async def _measure(self) -> float:
        conn = await asyncpg.connect(self._dsn)
        producer = AIOKafkaProducer(bootstrap_servers=self._servers, acks="all", max_request_size=1_000_000)
        await producer.start()
        try:
            records = await self._records(conn)
            began = time.perf_counter()
            for record in records:
                await producer.send(self._topic, record, partition=0)
            await producer.flush()
            await self._until_counted(conn)
            return EVENTS / (time.perf_counter() - began)
        finally:
            await producer.stop()
            await conn.close()

    async def _records(self, conn: asyncpg.Connection) -> list[bytes]:
        row = await conn.fetchrow("SELECT xid::text::bigint AS xid, seq FROM metric_offsets WHERE partition = 0")
        after = Position(row["xid"], row["seq"])
        first = max(after.xid, self._xid, await conn.fetchval("SELECT pg_current_xact_id()::text::bigint")) + 10_000
        rows = [
            LogRow(
                Position(first + number // 100, number), 0, self._tenant, "events", event(self._chance, number).decode()
            )
            for number in range(EVENTS)
        ]
        self._xid, self._sent = first + EVENTS, self._sent + EVENTS
        whole = LogSlice(rows, after, rows[-1].position)
        parts = split_records(whole, Limits().max_record_bytes)
        return [encode_record(0, part.after, part.until, part.rows) for part in parts]

    async def _until_counted(self, conn: asyncpg.Connection) -> None:
        sql = "SELECT coalesce(sum(count), 0)::bigint FROM metric_points WHERE metric LIKE 'readings@%' AND step = 3600"
        deadline = time.monotonic() + 60
        while (counted := await conn.fetchval(sql)) < self._sent:
            if time.monotonic() > deadline:
                raise SideFailed(f"{counted} of {self._sent} events were counted")
            await asyncio.sleep(0.01)
        if counted != self._sent:
            raise SideFailed(f"{counted} events were counted of {self._sent}")


class Stock:
    """One record an event."""

    def __init__(self, process: subprocess.Popen[str], servers: str, topic: str) -> None:
        self._process, self._servers, self._topic = process, servers, topic
        self._chance, self._sent = random.Random(1), 0

    def measure(self) -> float:
        """Events a second from the first record to the last one counted."""
        return asyncio.run(self._measure())

    async def _measure(self) -> float:
        producer = AIOKafkaProducer(bootstrap_servers=self._servers, acks="all", linger_ms=5)
        await producer.start()
        try:
            events = [event(self._chance, number) for number in range(STOCK_EVENTS)]
            self._sent += STOCK_EVENTS
            began = time.perf_counter()
            for one in events:
                await producer.send(self._topic, one, partition=0)
            await producer.flush()
            deadline = time.monotonic() + 120
            while self._seen() < self._sent:
                if time.monotonic() > deadline:
                    raise SideFailed(f"{self._seen()} of {self._sent} events were counted")
                await asyncio.sleep(0.02)
            return STOCK_EVENTS / (time.perf_counter() - began)
        finally:
            await producer.stop()

    def _seen(self) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def _process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.bench.faust_speed", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def _prepare(dsn: str, tenant: UUID) -> None:
    conn = await asyncpg.connect(dsn)
    sql = "INSERT INTO tenants (id, name, display_name, shard) VALUES ($1, 'bench', 'Bench', 0)"
    await conn.execute(sql, tenant)
    sql = "INSERT INTO metric_definitions (tenant_id, name, definition) VALUES ($1, 'readings', $2::text::json)"
    await conn.execute(sql, tenant, DEFINITION)
    await conn.close()


async def _create_narrow(servers: str, topic: str) -> None:
    """A topic with as many partitions as the table of the stock agent."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()


def measure(postgres: PostgresServer, rounds: int = ROUNDS) -> Row:
    """The comparison; SideFailed when an event is missing or counted twice."""
    database, tenant = asyncio.run(postgres.create_database()), uuid4()
    asyncio.run(_prepare(postgres.dsn(database), tenant))
    with ExitStack() as stack:
        kafka = stack.enter_context(running_kafka())
        asyncio.run(create_topic(KafkaConfig(kafka.servers, topic="ours")))
        asyncio.run(_create_narrow(kafka.servers, "stock"))
        stack.enter_context(_process("ours", postgres.dsn(database, "tidewire_engine"), kafka.servers, "ours"))
        stock = stack.enter_context(_process("stock", kafka.servers, "stock"))
        time.sleep(15)  # The embedded broker takes some 8 s to let a consumer join.
        return compare(
            f"Events through Faust, {KEYS} keys", "events/s",
            Side("batched, exact, in PostgreSQL", Ours(postgres, database, kafka.servers, "ours", tenant).measure),
            Side("stock agent, windowed table", Stock(stock, kafka.servers, "stock").measure),
            rounds,
        )  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """One of the processes, or without arguments the comparison."""
    match list(arguments):
        case ["ours", dsn, servers, topic]:
            asyncio.run(work(dsn, servers, topic))
        case ["stock", servers, topic]:
            asyncio.run(work_stock(servers, topic))
        case _:
            with running_postgres() as postgres:
                print(table([measure(postgres)]))


if __name__ == "__main__":
    main(sys.argv[1:])
