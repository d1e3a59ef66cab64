"""Live channels: their names, who may listen, and positions in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.domain.authorization import Rights, resource_of
from models.domain.errors import Forbidden, NotFound
from models.domain.identity import Principal

_PERMISSION = {"metrics": "metric:read", "runs": "run:read", "inbox": "notification:read"}


@dataclass(frozen=True, slots=True)
class Publication:
    """One message of a channel; `offset` counts from 1 without gaps, `data` is JSON."""

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a channel. Offsets of different epochs cannot be compared: the channel began anew."""

    epoch: str
    offset: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Publications, oldest first, and the newest position of the channel at the time they were read."""

    top: Position
    publications: Sequence[Publication]


@dataclass(frozen=True, slots=True)
class Announced:
    """A publication as it is told to every gateway at once."""

    channel: str
    epoch: str
    publication: Publication


def metrics_channel(tenant: UUID) -> str:
    """Changed metric points of a tenant."""
    return f"metrics:{tenant}"


def runs_channel(tenant: UUID) -> str:
    """Changed runs of a tenant."""
    return f"runs:{tenant}"


def inbox_channel(tenant: UUID, user: UUID) -> str:
    """Notifications of one user in a tenant."""
    return f"inbox:{tenant}.{user}"


def may_subscribe(principal: Principal, rights: Rights, channel: str) -> None:
    """NotFound when there is no such kind of channel, Forbidden when it is not for this principal.

    A channel tells of every instance of its kind, so it is only for those who may see all of them.
    """
    kind, _, place = channel.partition(":")
    permission = _PERMISSION.get(kind)
    if permission is None:
        raise NotFound(f"There is no channel {channel[:80]}.")
    own = f"{principal.tenant_id}.{principal.user_id}" if kind == "inbox" else str(principal.tenant_id)
    if place != own:
        raise Forbidden("This channel belongs to somebody else.")
    if not rights.reach(permission).whole:
        raise Forbidden(f"This channel is for those who have {permission} on every {resource_of(permission)}.")
