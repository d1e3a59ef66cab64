"""The address that `make run` prints: it opens the demo's dashboard, signed in."""

from __future__ import annotations

from cluster.demo.tenants import FIRST, DemoTenants
from cluster.runtime import Runtime
from models.domain.errors import Conflict
from models.learned.flights.source import read_airlines
from storage.postgres import Database


async def sign_in_link(runtime: Runtime) -> str | None:
    """A one-time ticket in the fragment, which browsers do not send to servers and proxies do not log.

    None when the demo's tenants cannot be made; the log of the demo says why.
    """
    database = Database(runtime.dsn("tidewire_app"), application="tidewire link", max_size=1)
    await database.open()
    try:
        tenants = DemoTenants(database, runtime.sealing_keys[-1])
        carriers = tenants.carriers(list(read_airlines().items()))
        await tenants.ensure(carriers)
        ticket = await tenants.ticket(next(one for one in carriers if one.code == FIRST))
    except Conflict:
        return None
    finally:
        await database.close()
    return f"{runtime.settings.url}/#ticket={ticket}"
