"""Codes of the Centrifuge client protocol, with the texts its clients know."""

from __future__ import annotations

from typing import NamedTuple


class ReplyError(NamedTuple):
    """Refuses one command; `temporary` invites the client to try again."""

    code: int
    message: str
    temporary: bool = False


class Disconnect(NamedTuple):
    """Ends a connection. Clients come back by themselves unless the code is 3500-3999 or 4500-4999."""

    code: int
    reason: str


class Unsubscribe(NamedTuple):
    """Ends a subscription. Clients subscribe again by themselves from code 2500 on."""

    code: int
    reason: str


INTERNAL = ReplyError(100, "internal server error", temporary=True)
UNAUTHORIZED = ReplyError(101, "unauthorized")
UNKNOWN_CHANNEL = ReplyError(102, "unknown channel")
PERMISSION_DENIED = ReplyError(103, "permission denied")
METHOD_NOT_FOUND = ReplyError(104, "method not found")
ALREADY_SUBSCRIBED = ReplyError(105, "already subscribed")
LIMIT_EXCEEDED = ReplyError(106, "limit exceeded")
BAD_REQUEST = ReplyError(107, "bad request")
NOT_AVAILABLE = ReplyError(108, "not available")
TOKEN_EXPIRED = ReplyError(109, "token expired")
UNRECOVERABLE_POSITION = ReplyError(112, "unrecoverable position")

SHUTDOWN = Disconnect(3001, "shutdown")
SERVER_ERROR = Disconnect(3004, "internal server error")
EXPIRED = Disconnect(3005, "connection expired")
SLOW = Disconnect(3008, "slow")
NO_PONG = Disconnect(3012, "no pong")
TOO_MANY_REQUESTS = Disconnect(3013, "too many requests")
STATE_INVALIDATED = Disconnect(3014, "state invalidated")
INVALID_TOKEN = Disconnect(3500, "invalid token")
BAD_FRAME = Disconnect(3501, "bad request")
STALE = Disconnect(3502, "stale")
FORCED = Disconnect(3503, "force disconnect")
CONNECTION_LIMIT = Disconnect(3504, "connection limit")
SEND_NOT_AVAILABLE = Disconnect(3508, "not available")

BY_SERVER = Unsubscribe(2000, "server unsubscribe")
INSUFFICIENT_STATE = Unsubscribe(2500, "insufficient state")
