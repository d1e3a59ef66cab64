"""Who may make somebody what: by the rights of the giver and what a role would give."""

from __future__ import annotations

from uuid import UUID

from models.domain.authorization import Rights
from models.domain.delegation import refuse_excess
from models.domain.errors import Fault, Forbidden, InvalidInput
from serve.authorization_ports import RoleRepository


async def may_give_role(roles: RoleRepository, tenant_id: UUID, giver: Rights, role: str) -> None:
    """InvalidInput for no such role, Forbidden when it has, grants included, what the giver has not."""
    found = await roles.standing(tenant_id, role)
    if found is None:
        raise InvalidInput("There is no such role.", [Fault("/role", f"{role} is not a role, see GET /v1/roles")])
    refuse_excess(giver, Rights(role, found.permissions, found.grants))


def may_change(giver: Rights, role: str) -> None:
    """Owners are changed and removed by owners only."""
    if role == "owner" and not (giver.role == "owner" and giver.scopes is None):
        raise Forbidden("Only an owner may make owners or change them.")
