"""What the gateway needs from other rooms, and its settings; cluster/wiring.py provides both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from models.domain.authorization import Rights
from models.domain.errors import Unauthenticated
from models.domain.identity import Principal
from models.domain.limits import Limits
from models.domain.push import Announced, Position, Slice


class ChannelLog(Protocol):
    """Channels as kept in Redis. Every method may raise Unavailable."""

    async def tail(self, channel: str, limit: int) -> Slice:
        """The newest publications; makes the channel's epoch when it has none yet."""

    async def read(self, channel: str, after: int, limit: int) -> Slice:
        """The oldest publications with a larger offset than `after`."""

    async def positions(self, channels: Sequence[str]) -> list[Position]:
        """The newest position of each channel, in the same order."""

    def feed(self) -> AsyncIterator[Sequence[Announced]]:
        """What is being published to any channel, in order, for ever; reconnects by itself.

        At most once: an empty batch tells that the connection is new and something may have been missed.
        """


class TokenExpired(Unauthenticated):
    """The access token has expired."""


@dataclass(frozen=True, slots=True)
class SocketToken:
    """What a verified access token says."""

    principal: Principal
    expires_at: datetime


class TokenVerifier(Protocol):
    """Checks access tokens by the public key."""

    def verify(self, token: str) -> SocketToken:
        """TokenExpired when only the time is wrong, else Unauthenticated."""


class Standing(StrEnum):
    """Why a principal may not go on as before."""

    OVER = "over"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Granted:
    """What a principal may do, at a version of the roles and grants of its tenant."""

    rights: Rights
    version: int


class SessionCheck(Protocol):
    """Looks up whether sessions still stand, and what their users may do, many at once."""

    async def standing(self, known: Mapping[Principal, int]) -> Mapping[Principal, Standing]:
        """Only those whose session ended or whose user was disabled (OVER), whose role is another (CHANGED), or whose
        tenant's roles and grants have moved on from the version that is known (MOVED)."""

    async def rights(self, principals: Collection[Principal]) -> Mapping[Principal, Granted]:
        """As they are now; who is not a member of the tenant is not there."""


@dataclass(frozen=True, slots=True)
class PushConfig:
    """Settings of one gateway. Sizes in bytes, times in seconds."""

    host: str = "127.0.0.1"
    port: int = 0
    path: str = "/connection/websocket"
    # Exact origins of pages that may connect, beside pages of the address that was asked for itself.
    origins: frozenset[str] = frozenset()
    version: str = "tidewire"
    limits: Limits = field(default_factory=Limits)
    max_sockets: int = 20_000
    max_message_bytes: int = 65_536
    max_commands_per_frame: int = 256
    max_commands_per_second: int = 512
    max_history: int = 1_000
    window_publications: int = 256
    window_bytes: int = 262_144
    max_recovery: int = 1_000
    ping_interval: int = 25
    pong_timeout: int = 10
    connect_timeout: int = 10
    join_timeout: float = 4.0
    expiry_grace: int = 25
    close_timeout: float = 5.0
    drain_timeout: float = 5.0
    session_check_interval: float = 0.5
    position_check_interval: float = 5.0
