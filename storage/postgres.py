"""The one pool of a process, and `unit_of_work`: one transaction, scoped to the tenants it may touch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Protocol, cast
from uuid import UUID

import asyncpg
import orjson

from models.domain.errors import Conflict, InProgress, InvalidInput, Unavailable
from storage import audit_writer
from storage.liveness import Liveness


class ReadConn(Protocol):
    """A connection inside a read-only transaction; repositories that only read take this."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...

    async def fetchrow(self, query: str, *args: Any) -> Any: ...

    async def fetchval(self, query: str, *args: Any) -> Any: ...


class WriteConn(ReadConn, Protocol):
    """A connection inside a transaction that may write."""

    async def execute(self, query: str, *args: Any) -> str: ...

    async def executemany(self, command: str, args: Iterable[Any]) -> None: ...


FINAL_RUN = "TW001"
LOST_CLAIM = "TW004"
NO_OWNER = "TW002"
_PROBE_SECONDS = 0.9
_SETTINGS = {
    "idle_in_transaction_session_timeout": "10s",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "timezone": "UTC",
    "synchronous_commit": "on",
}
_BUSY = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, asyncpg.SerializationError)
_AWAY = (
    # A migration changed a table under a prepared statement; the next try prepares it anew.
    asyncpg.InvalidCachedStatementError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What asyncpg says when a connection breaks while the pool takes it back.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,
    TimeoutError,
)


class Database:
    """A pool for one login role. Open it on the loop that uses it; close what you opened.

    A PostgreSQL that does not answer is Unavailable within two seconds: 1.5 to get a connection, or `patience` plus
    the probe in the middle of a transaction. A slow one is waited for, up to the command timeout of 30 seconds.
    """

    def __init__(
        self,
        dsn: str,
        *,
        application: str,
        min_size: int = 1,
        max_size: int = 10,
        acquire_seconds: float = 1.5,
        patience: float = 0.9,
    ):
        self._dsn, self._application = dsn, application
        self._min, self._max = min_size, max_size
        self._acquire_seconds = acquire_seconds
        # The last to write in each unit of work.
        self.before_commit: Callable[[WriteConn], Awaitable[None]] | None = None
        self._pool: asyncpg.Pool[Any] | None = None
        self._liveness = Liveness(self._probe, self._expire, patience)

    async def open(self) -> None:
        """Connects; Unavailable when PostgreSQL does not answer."""
        with translated():
            self._pool = await asyncpg.create_pool(
                self._dsn,
                min_size=self._min,
                max_size=self._max,
                init=_set_codecs,
                reset=_nothing_to_reset,
                timeout=self._acquire_seconds,
                # Each holds 5 MB of the server: what a burst opened is closed soon after it.
                max_inactive_connection_lifetime=30,
                command_timeout=30,
                server_settings={**_SETTINGS, "application_name": self._application},
            )

    async def close(self) -> None:
        """Closes the pool; connections in use get a moment to finish."""
        await self._liveness.close()
        if self._pool is not None:
            pool, self._pool = self._pool, None
            try:
                async with asyncio.timeout(5):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    @asynccontextmanager
    async def unit_of_work(self, tenants: Iterable[UUID] = (), *, user: UUID | None = None) -> AsyncIterator[WriteConn]:
        """One read-write transaction: commits at the end of the block, rolls back on any exception.

        `user` opens the memberships of one user, for sign-in, when the tenant is not known yet. In a request that is
        audited, the entry is written here, last.
        """
        trail = audit_writer.trail_here()
        begin = _begin("BEGIN", tenants, user)
        if trail is not None:
            begin = f"{begin}; {audit_writer.BEGIN}"
        async with self._transaction(begin) as connection:
            yield cast(WriteConn, connection)
            if trail is not None:
                await audit_writer.write(connection, trail)
            if self.before_commit is not None:
                await self.before_commit(cast(WriteConn, connection))

    @asynccontextmanager
    async def read(self, tenants: Iterable[UUID] = (), *, user: UUID | None = None) -> AsyncIterator[ReadConn]:
        """One read-only transaction over a single snapshot."""
        begin = _begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", tenants, user)
        async with self._transaction(begin) as connection:
            yield cast(ReadConn, connection)

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[Any]:
        if self._pool is None:
            raise Unavailable("The database is not open.")
        with translated():
            async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
                with self._liveness.watched(connection):
                    try:
                        await connection.execute(begin)
                        yield connection
                        await connection.execute("COMMIT")
                    except BaseException:
                        await _roll_back(connection)
                        raise

    async def at_once(self, statement: str, *arguments: Any) -> Any:
        """The first row of one statement that is a transaction by itself, or None: one round trip."""
        if self._pool is None:
            raise Unavailable("The database is not open.")
        with translated():
            async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
                with self._liveness.watched(connection):
                    return await connection.fetchrow(statement, *arguments)

    async def _probe(self) -> None:
        try:
            connection = await asyncpg.connect(self._dsn, timeout=_PROBE_SECONDS)
        except asyncpg.PostgresError:
            return
        connection.terminate()

    async def _expire(self) -> None:
        if self._pool is not None:
            await self._pool.expire_connections()


def _begin(verb: str, tenants: Iterable[UUID], user: UUID | None) -> str:
    """Begins and scopes in one round trip. The ids go in as text of `UUID`, which holds no quote."""
    statements = [verb]
    named = [UUID(int=tenant.int) for tenant in tenants]
    if named:
        statements.append(f"SELECT set_config('tidewire.tenants', '{array_text(named)}', true)")
    if user is not None:
        statements.append(f"SELECT set_config('tidewire.user', '{UUID(int=user.int)}', true)")
    return "; ".join(statements)


async def _roll_back(connection: Any) -> None:
    """Leaves the error of the block as the one that is told; a connection that is gone has rolled back."""
    with suppress(asyncpg.PostgresError, *_AWAY):
        if not connection.is_closed() and connection.is_in_transaction():
            await connection.execute("ROLLBACK")


async def _nothing_to_reset(_: Any) -> None:
    """No session state is ever set, so giving a connection back costs no round trip."""


def array_text(ids: Iterable[UUID]) -> str:
    """The text form of a uuid array."""
    return "{" + ",".join(map(str, ids)) + "}"


@contextmanager
def translated() -> Iterator[None]:
    """Turns what asyncpg raises into our errors, so that no SQL reaches a client."""
    try:
        yield
    except _BUSY as error:
        raise Unavailable("The database was busy with the same rows; try again.") from error
    except asyncpg.QueryCanceledError as error:
        raise Unavailable("The database took too long.") from error
    except asyncpg.DataError as error:
        raise InvalidInput("The database cannot store a value of this request.") from error
    except asyncpg.PostgresError as error:
        if error.sqlstate == LOST_CLAIM:
            raise InProgress from error
        if error.sqlstate == FINAL_RUN:
            raise Conflict("The run has ended; its state is final.") from error
        if error.sqlstate == NO_OWNER:
            raise Conflict("A tenant keeps at least one owner; make somebody else an owner first.") from error
        if isinstance(error, _AWAY) or (error.sqlstate or "")[:2] in ("08", "57", "53"):
            raise Unavailable("The database is away; try again shortly.") from error
        raise
    except _AWAY as error:
        raise Unavailable("The database is away; try again shortly.") from error


async def _set_codecs(connection: Any) -> None:
    # asyncpg's own UUID is a subclass that JSON encoders do not know.
    await connection.set_type_codec("uuid", encoder=_uuid_bytes, decoder=_uuid, schema="pg_catalog", format="binary")
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=_dump, decoder=orjson.loads, schema="pg_catalog", format="text")


def _uuid(raw: bytes) -> UUID:
    return UUID(bytes=raw)


def _uuid_bytes(value: UUID) -> bytes:
    return value.bytes


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()
