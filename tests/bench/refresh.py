"""How many refreshes a second the API's service and the database answer: `python -m tests.bench.refresh [seconds]`.

Without HTTP: sessions refresh side by side, each by the successor of its last token, over a real PostgreSQL.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from uuid import uuid4

from cluster.adapters.api import ApiIdentity
from models.domain.clock import SystemClock
from models.domain.ids import uuid7
from models.domain.limits import Limits
from serve.auth.refresh import new_refresh_token, open_successor, seal_successor, token_hash
from serve.auth.session_tokens import Device, SessionTokens
from serve.auth.tokens import TokenKeys, generate_keys
from serve.records import NewAccount
from storage.postgres import Database
from tests.servers.postgres import running_postgres

_SIDE_BY_SIDE = 32


async def measure(dsn: str, seconds: float) -> tuple[int, float]:
    """Refreshes, and the processor seconds of this process."""
    clock, limits = SystemClock(), Limits()
    database = Database(dsn, application="bench", max_size=8)
    await database.open()
    identity = ApiIdentity(database, clock)
    sessions = SessionTokens(TokenKeys.from_json(generate_keys()), clock, limits)
    tokens = []
    for _ in range(_SIDE_BY_SIDE):
        tenant, user, now = uuid7(), uuid7(), clock.now()
        session, token = sessions.new_session(user, tenant, Device("192.0.2.1", "bench"), now)
        name = f"t-{tenant.hex}"
        await identity.register(NewAccount(tenant, name, name, 0, user, f"{uuid4().hex}@example.com", "x"), session)
        tokens.append(token)
    until, began = time.perf_counter() + seconds, time.process_time()

    async def refresh(token: str) -> int:
        count = 0
        while time.perf_counter() < until:
            now, successor = clock.now(), new_refresh_token()
            found = await identity.rotate(
                token_hash(token), token_hash(successor), seal_successor(token, successor),
                sessions.refresh_until(now), now,
            )  # fmt: skip
            assert found is not None
            if found.successor_sealed is not None:
                successor = open_successor(token, found.successor_sealed)
            token, count = successor, count + 1
        return count

    done = sum(await asyncio.gather(*map(refresh, tokens)))
    used = time.process_time() - began
    await database.close()
    return done, used


def main() -> None:
    """Prints one line."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with running_postgres() as server:
        name = asyncio.run(server.create_database())
        done, used = asyncio.run(measure(server.dsn(name, "tidewire_app"), seconds))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = used + children.ru_utime + children.ru_stime
    print(
        f"{done / seconds:.0f} refreshes/s; {done / used:.0f} a processor second of the API, "
        f"{done / total:.0f} with PostgreSQL and its start"
    )


if __name__ == "__main__":
    main()
