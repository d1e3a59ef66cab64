"""Rights in memory: members are those of FakeIdentity, all else is what a test put there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.domain.authorization import Grant, role_permissions
from models.domain.errors import Unavailable
from models.domain.factors import is_required
from models.domain.identity import SubjectKind
from serve.access_ports import AccessChanges, KnownKey, Standing
from tests.unit.serve.fakes import FakeIdentity, FakeRuns


@dataclass
class FakeAccess:
    identity: FakeIdentity
    runs: FakeRuns
    roles: dict[tuple[UUID, str], frozenset[str]] = field(default_factory=dict)
    grants: dict[UUID, list[Grant]] = field(default_factory=dict)
    service_accounts: dict[tuple[UUID, UUID], str] = field(default_factory=dict)
    keys: dict[bytes, KnownKey] = field(default_factory=dict)
    used: dict[UUID, datetime] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)
    disabled: list[UUID] = field(default_factory=list)
    tasks: dict[UUID, str] = field(default_factory=dict)
    required: dict[UUID, frozenset[str]] = field(default_factory=dict)
    looked_up: int = 0
    away: bool = False

    def change(self, tenant_id: UUID) -> None:
        """What the database does with each change."""
        self.versions[tenant_id] = self.versions.get(tenant_id, 0) + 1

    async def standing(self, tenant_id: UUID, subject: SubjectKind, subject_id: UUID) -> Standing | None:
        self._awake()
        self.looked_up += 1
        role = self._role(tenant_id, subject, subject_id)
        if role is None:
            return None
        about = {("user" if subject is SubjectKind.USER else "service_account", str(subject_id)), ("role", role)}
        found = [g for g in self.grants.get(tenant_id, []) if (g.subject_kind, g.subject) in about]
        permissions = role_permissions(role, self.roles.get((tenant_id, role)))
        needs_factor = subject is SubjectKind.USER and is_required(self.required.get(tenant_id, ()), role)
        return Standing(role, permissions, found, self.versions.get(tenant_id, 0), needs_factor)

    def _role(self, tenant_id: UUID, subject: SubjectKind, subject_id: UUID) -> str | None:
        if subject is not SubjectKind.USER:
            return self.service_accounts.get((tenant_id, subject_id))
        if subject_id in self.disabled:
            return None
        members = self.identity.members.get(subject_id, [])
        return next((one.role for one in members if one.tenant_id == tenant_id), None)

    async def key(self, key_hash: bytes) -> KnownKey | None:
        self._awake()
        self.looked_up += 1
        return self.keys.get(key_hash)

    async def changes(self, since: datetime) -> AccessChanges:
        self._awake()
        return AccessChanges(dict(self.versions), list(self.disabled))

    async def note_use(self, keys: Mapping[UUID, tuple[UUID, datetime]]) -> None:
        self.used.update({key: at for key, (_, at) in keys.items()})

    async def workflow_of_run(self, tenant_id: UUID, run_id: UUID) -> str | None:
        run = self.runs.runs.get(run_id)
        return f"{run.workflow.namespace}/{run.workflow.name}" if run and run.tenant_id == tenant_id else None

    async def workflow_of_task(self, tenant_id: UUID, task_id: UUID) -> str | None:
        return self.tasks.get(task_id)

    def _awake(self) -> None:
        if self.away:
            raise Unavailable
