"""The audit log: who did what, told in the transaction that did it, each entry chained to the one before by its hash.

A request that changes something carries a Trail. The unit of work that makes the change writes the entry from it, with
the rows as they were before and after. An entry is hashed as canonical JSON (RFC 8785), so that anybody can check a
chain without this program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import rfc8785

VERSION = 1
NOTHING_BEFORE = bytes(32)
_EXACT = 2**53 - 1
# Tell which row it was, also when they did not change.
_NAMES = frozenset({"id", "name", "namespace", "version", "model", "alias", "source", "user_id", "subject"})


class ActorKind(StrEnum):
    """Who did it. A link lets somebody without an account answer one task; the system is Tidewire itself."""

    USER = "user"
    SERVICE_ACCOUNT = "service_account"
    CLIENT = "client"
    DIRECTORY = "directory"
    LINK = "link"
    ANONYMOUS = "anonymous"
    SYSTEM = "system"


class Outcome(StrEnum):
    """Whether it was done, was not allowed, or failed for want of the right proof."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` empty: the writer looks it up."""

    kind: ActorKind
    id: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """From where: the caller's address and program, the id of the request, and the session or key it came with."""

    address: str = ""
    user_agent: str = ""
    request_id: str = ""
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One row that changed, without what is secret; None before for a new one, None after for one that is gone."""

    table: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    tenant: str | None = None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Change:
        """As the trigger of the database tells it."""
        rows = [raw["before"], raw["after"]]
        tenant = next((row["tenant_id"] for row in rows if row and row.get("tenant_id")), None)
        before, after = ({k: v for k, v in row.items() if k != "tenant_id"} if row else None for row in rows)
        if before is not None and after is not None:
            kept = {k for k in after if before.get(k) != after[k] or k in _NAMES}
            before, after = ({k: v for k, v in row.items() if k in kept} for row in (before, after))
        return cls(raw["table"], before, after, tenant)

    @property
    def user(self) -> str | None:
        """Whose row it is, if it is one of a user."""
        row = self.after or self.before or {}
        found = row.get("id") if self.table == "users" else row.get("user_id")
        return found if isinstance(found, str) else None


@dataclass(slots=True)
class Trail:
    """What a request is about to do; filled in by the guard, and by routes that know more.

    `owner` is the task that serves the request: what other tasks do meanwhile is not of this trail. `tenant` and
    `actor` may be unknown until the change itself tells them, as at sign-in.
    """

    action: str
    at: datetime
    origin: Origin
    owner: object
    tenant: UUID | None = None
    actor: Actor | None = None
    permission: str | None = None
    resource_type: str = ""
    resource_id: str | None = None
    outcome: Outcome = Outcome.DONE
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    written: int = field(default=0)
    # Whether a call that changed nothing leaves no entry.
    only_changes: bool = False

    def tell(self, *, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None) -> None:
        """What changed where the database cannot tell; never secrets."""
        self.before, self.after = before or self.before, after or self.after


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a tenant's chain."""

    seq: int
    hash: bytes


_current: ContextVar[Trail | None] = ContextVar("tidewire_audit", default=None)


def current_trail() -> Trail | None:
    """The trail of the request being served, if it is one that is audited."""
    return _current.get()


@contextmanager
def following(trail: Trail | None) -> Iterator[None]:
    """What the block changes is told by `trail`; None: it is not told at all."""
    token = _current.set(trail)
    try:
        yield
    finally:
        _current.reset(token)


def entry_of(trail: Trail, tenant: UUID, actor: Actor, changes: Sequence[Change], head: Head) -> dict[str, Any]:
    """The entry that follows `head`, as it is hashed."""
    before, after = _told(trail.before, changes, "before"), _told(trail.after, changes, "after")
    return {
        "version": VERSION,
        "tenant": str(tenant),
        "seq": head.seq + 1,
        "previous": head.hash.hex(),
        "at": time_text(trail.at),
        "actor": {"kind": actor.kind.value, "id": actor.id, "name": actor.name},
        "action": trail.action,
        "permission": trail.permission,
        "outcome": trail.outcome.value,
        "resource": {"type": trail.resource_type, "id": trail.resource_id or _named_by(changes)},
        "from": {
            "address": trail.origin.address, "user_agent": trail.origin.user_agent,
            "request_id": trail.origin.request_id, "session": trail.origin.session,
        },
        "before": before,
        "after": after,
    }  # fmt: skip


def canonical(entry: Mapping[str, Any]) -> bytes:
    """RFC 8785; numbers so large that other programs would read them otherwise are told as text."""
    return rfc8785.dumps(_exact(entry))


def time_text(at: datetime) -> str:
    """UTC to the microsecond, always as long: in the order of texts, times are in order."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold: the entry with this number, or where it should be."""

    seq: int
    reason: str


@dataclass(slots=True)
class Chain:
    """Checks entries one after the other, from the first one or from a head that is known."""

    seq: int = 0
    hash: bytes = NOTHING_BEFORE
    tenant: str | None = None

    def follow(self, entry: Any, told: Any) -> Break | None:
        """None when the entry, with the hash told beside it (hexadecimal), is the next one; then it is the head."""
        expected = self.seq + 1
        if not isinstance(entry, dict):
            return Break(expected, "This is not an entry.")
        if entry.get("seq") != expected:
            return Break(expected, f"Entry {expected} should be here, but it is entry {entry.get('seq')}.")
        if self.tenant is not None and entry.get("tenant") != self.tenant:
            return Break(expected, "It belongs to another tenant.")
        if entry.get("previous") != self.hash.hex():
            return Break(expected, "It does not follow from the entry before it.")
        try:
            digest = hashlib.sha256(canonical(entry)).digest()
        except (rfc8785.CanonicalizationError, ValueError, TypeError, RecursionError):
            return Break(expected, "It has values that an entry cannot have.")
        if digest.hex() != told:
            return Break(expected, "It was changed: its hash is another one.")
        self.seq, self.hash, self.tenant = expected, digest, str(entry.get("tenant"))
        return None


def _told(
    own: Mapping[str, Any] | None, changes: Sequence[Change], side: str
) -> dict[str, Any] | None:
    rows: dict[str, Any] = dict(own or {})
    for change in changes:
        row = getattr(change, side)
        if row is not None:
            rows.setdefault(change.table, []).append(row)
    return rows or None


def _named_by(changes: Sequence[Change]) -> str | None:
    """What the first change is about, where the request did not say."""
    for change in changes:
        row = change.after or change.before or {}
        for name in ("id", "name", "source"):
            if isinstance(row.get(name), str):
                return str(row[name])
    return None


def _exact(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _exact(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(one) for one in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and _EXACT < abs(value) < float("inf"):
        return str(value)
    return value
