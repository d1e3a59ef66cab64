"""The demo's tenants: one for each carrier, all of them of one user who has no password and signs in by ticket."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from models.domain.ids import shard_of
from serve.auth.refresh import new_ticket, token_hash
from storage import identity, sessions
from storage.postgres import Database

EMAIL = "demo@tidewire.invalid"
# The one that the link of `make run` opens: it has the most flights.
FIRST = "UA"
_TICKET_LIFE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier and its tenant."""

    code: str
    display_name: str
    tenant_id: UUID
    user_id: UUID

    @property
    def name(self) -> str:
        """The tenant's name in addresses."""
        return f"demo-{self.code.lower()}"


class DemoTenants:
    """Makes the tenants and tickets for them.

    Identifiers come from a secret of the instance, so that what was made before is known again and nobody else's
    tenant is ever taken for ours.
    """

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._secret = secret

    def carriers(self, airlines: Sequence[tuple[str, str]]) -> list[Carrier]:
        """(code, name) of airlines as carriers, in that order."""
        user_id = self._id("user")
        return [Carrier(code, name, self._id(f"tenant {code}"), user_id) for code, name in airlines]

    async def ensure(self, carriers: Sequence[Carrier]) -> None:
        """Makes what is missing; Conflict when a name is taken by somebody who signed up with it."""
        for carrier in carriers:
            async with self._database.read([carrier.tenant_id], user=carrier.user_id) as conn:
                known = await identity.memberships(conn, carrier.user_id)
            if not any(one.tenant_id == carrier.tenant_id for one in known):
                await self._add(carrier)

    async def _add(self, carrier: Carrier) -> None:
        async with self._database.unit_of_work([carrier.tenant_id], user=carrier.user_id) as conn:
            if await identity.user(conn, carrier.user_id) is None:
                await identity.add_user(conn, carrier.user_id, EMAIL, None)
            shard = shard_of(carrier.tenant_id)
            await identity.add_tenant(conn, carrier.tenant_id, carrier.name, carrier.display_name, shard)
            await identity.add_member(conn, carrier.tenant_id, carrier.user_id, "owner")

    async def ticket(self, carrier: Carrier) -> str:
        """A ticket that signs in once, within half an hour."""
        ticket = new_ticket()
        async with self._database.unit_of_work() as conn:
            until = datetime.now(UTC) + _TICKET_LIFE
            await sessions.add_ticket(conn, token_hash(ticket), carrier.user_id, carrier.tenant_id, until)
        return ticket

    def desk_token(self, carrier: Carrier) -> str:
        """What the incident desk knows the carrier by."""
        return self._digest(f"desk {carrier.code}").hex()

    def _digest(self, what: str) -> bytes:
        return hmac.new(self._secret, b"demo " + what.encode(), hashlib.sha256).digest()

    def _id(self, what: str) -> UUID:
        return UUID(bytes=self._digest(what)[:16], version=5)

