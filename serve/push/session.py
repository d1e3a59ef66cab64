"""One connected client: understands its commands and keeps what it is subscribed to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

from models.domain.authorization import Rights
from models.domain.clock import Clock
from models.domain.errors import Forbidden, NotFound, TidewireError, Unauthenticated
from models.domain.identity import Principal
from models.domain.push import Position, Publication, Slice, may_subscribe
from serve.push import codes, protocol
from serve.push.codes import Disconnect, ReplyError
from serve.push.hub import Hub
from serve.push.ports import ChannelLog, Granted, PushConfig, SocketToken, TokenExpired


class Wire(Protocol):
    """The way back to the client."""

    def write(self, frame: bytes) -> None:
        """Queues a whole websocket frame; never waits, drops it when the client is being disconnected."""

    def close(self, why: Disconnect) -> None:
        """Begins to close; nothing is written any more."""


class Door(Protocol):
    """Decides who may connect."""

    def admit(self, token: str) -> SocketToken:
        """TokenExpired, Unauthenticated."""

    async def rights(self, principal: Principal) -> Granted:
        """What the principal may do now; Unauthenticated, Unavailable."""

    def enter(self, session: Session, principal: Principal) -> bool:
        """False when this user has too many sockets open."""


class Session:
    """State of one socket. `handle` is called with one frame after another, never twice at once."""

    __slots__ = (
        "_budget", "_channel_log", "_clock", "_config", "_door", "_hub", "_out", "_window", "busy", "client", "closed",
        "expires_at", "opened_at", "pinged_at", "principal", "rights", "slot", "subscriptions", "version", "wire",
    )  # fmt: skip

    def __init__(
        self, wire: Wire, hub: Hub, log: ChannelLog, door: Door, config: PushConfig, clock: Clock
    ) -> None:
        self.wire = wire
        self.client = ""
        self.principal: Principal | None = None
        self.rights = Rights("", ())
        self.version = 0
        self.expires_at = 0.0
        self.opened_at = clock.monotonic()
        self.pinged_at: float | None = None
        self.slot = id(self) >> 6
        self.subscriptions: set[str] = set()
        self.closed = False
        self.busy = False
        self._hub, self._channel_log, self._door = hub, log, door
        self._config, self._clock = config, clock
        self._out: list[bytes] = []
        self._window, self._budget = self.opened_at, config.max_commands_per_second

    # frames ----------------------------------------------------------------------------------------

    async def handle(self, message: str | bytes) -> None:
        """Carries out the commands of one frame and answers them, usually in one frame."""
        try:
            commands = protocol.parse_commands(message, self._config.max_commands_per_frame)
        except protocol.MalformedFrame:
            return self.disconnect(codes.BAD_FRAME)
        self.busy = True
        for command in commands:
            if self.closed:
                return
            if not self._may_go_on():
                return self.disconnect(codes.TOO_MANY_REQUESTS)
            if protocol.is_pong(command):
                self.pinged_at = None
            else:
                await self._carry_out(command)
        self._flush()
        self._rest()

    def _rest(self) -> None:
        # A pong may have waited behind commands that waited for the log; that is not the client's fault.
        self.busy = False
        if self.pinged_at is not None:
            self.pinged_at = self._clock.monotonic()

    def disconnect(self, why: Disconnect) -> None:
        """Ends the connection with a code that tells the client whether to come back."""
        if not self.closed:
            self._flush()
            self.leave_all()
            self.wire.close(why)

    def leave_all(self) -> None:
        """Forgets all subscriptions; nothing is written to this client any more."""
        self.closed = True
        for channel in self.subscriptions:
            self._hub.leave(self, channel)
        self.subscriptions.clear()

    def evicted(self, channel: str) -> None:
        """The channel lost its place (see Member)."""
        self._drop(channel, codes.INSUFFICIENT_STATE)

    def _drop(self, channel: str, why: codes.Unsubscribe) -> None:
        if channel in self.subscriptions:
            self.subscriptions.remove(channel)
            self._out.append(protocol.unsubscribe_push(channel, why))
            self._flush()

    def _may_go_on(self) -> bool:
        now = self._clock.monotonic()
        if now - self._window >= 1.0:
            self._window, self._budget = now, self._config.max_commands_per_second
        self._budget -= 1
        return self._budget >= 0

    def _flush(self) -> None:
        if self._out:
            frame = protocol.text_frame(b"\n".join(self._out))
            self._out = []
            self.wire.write(frame)

    def _reply(self, command_id: int, kind: str, result: dict[str, Any]) -> None:
        self._out.append(protocol.reply(command_id, kind, result))

    def _refuse(self, command_id: int, error: ReplyError) -> None:
        self._out.append(protocol.error_reply(command_id, error))

    # commands --------------------------------------------------------------------------------------

    async def _carry_out(self, command: protocol.Command) -> None:
        if command.send:
            return self.disconnect(codes.SEND_NOT_AVAILABLE)
        if command.id == 0 or (self.principal is None) is not (command.connect is not None):
            return self.disconnect(codes.BAD_FRAME)
        try:
            await self._dispatch(command)
        except NotFound:
            self._refuse(command.id, codes.UNKNOWN_CHANNEL)
        except Forbidden:
            self._refuse(command.id, codes.PERMISSION_DENIED)
        except TidewireError:
            self._refuse(command.id, codes.INTERNAL)

    async def _dispatch(self, command: protocol.Command) -> None:
        if command.connect is not None:
            await self._connect(command.id, command.connect)
        elif command.subscribe is not None:
            await self._subscribe(command.id, command.subscribe)
        elif command.unsubscribe is not None:
            self._unsubscribe(command.id, command.unsubscribe.channel)
        elif command.history is not None:
            await self._history(command.id, command.history)
        elif command.refresh is not None:
            await self._refresh(command.id, command.refresh.token)
        elif command.ping:
            self._reply(command.id, "ping", {})
        elif command.publish:
            self._refuse(command.id, codes.PERMISSION_DENIED)
        elif command.presence or command.presence_stats or command.rpc or command.sub_refresh:
            self._refuse(command.id, codes.NOT_AVAILABLE)
        else:
            self._refuse(command.id, codes.METHOD_NOT_FOUND)

    async def _connect(self, command_id: int, request: protocol.Connect) -> None:
        if not request.token:
            return self._refuse(command_id, codes.UNAUTHORIZED)
        try:
            token = self._door.admit(request.token)
            granted = await self._door.rights(token.principal)
        except TokenExpired:
            return self._refuse(command_id, codes.TOKEN_EXPIRED)
        except Unauthenticated:
            return self.disconnect(codes.INVALID_TOKEN)
        if self.closed:
            return
        if not self._door.enter(self, token.principal):
            return self.disconnect(codes.CONNECTION_LIMIT)
        self.client = str(uuid4())
        self._adopt(token)
        self.grant(granted)
        self._reply(command_id, "connect", {
            "client": self.client,
            "version": self._config.version,
            **self._life(),
            "ping": self._config.ping_interval,
            "pong": True,
        })  # fmt: skip

    async def _refresh(self, command_id: int, text: str) -> None:
        if not text:
            return self.disconnect(codes.BAD_FRAME)
        try:
            token = self._door.admit(text)
            granted = await self._door.rights(token.principal)
        except TokenExpired:
            # An error would end the client for good; this makes it ask for a token and come back.
            return self.disconnect(codes.EXPIRED)
        except Unauthenticated:
            return self.disconnect(codes.INVALID_TOKEN)
        before = self.principal
        if before is None or (before.user_id, before.tenant_id) != (token.principal.user_id, token.principal.tenant_id):
            return self.disconnect(codes.INVALID_TOKEN)
        self._adopt(token)
        self._reply(command_id, "refresh", {"client": self.client, **self._life()})
        self.grant(granted)

    def grant(self, granted: Granted) -> None:
        """What the user may do from now on; channels that are not for them any more are left."""
        self.rights, self.version = granted.rights, granted.version
        for channel in sorted(self.subscriptions):
            if not self._allowed(channel):
                self._hub.leave(self, channel)
                self._drop(channel, codes.BY_SERVER)

    def _adopt(self, token: SocketToken) -> None:
        self.principal = token.principal
        self.expires_at = (token.expires_at + timedelta(seconds=self._config.expiry_grace)).timestamp()

    def _life(self) -> dict[str, Any]:
        left = self.expires_at - self._config.expiry_grace - self._clock.now().timestamp()
        return {"expires": True, "ttl": max(1, int(left))}

    def _allowed(self, channel: str) -> bool:
        try:
            self._require(channel)
        except TidewireError:
            return False
        return True

    def _require(self, channel: str) -> None:
        if self.principal is None:
            raise Unauthenticated
        may_subscribe(self.principal, self.rights, channel)

    async def _subscribe(self, command_id: int, request: protocol.Subscribe) -> None:
        channel = request.channel
        self._require(channel)
        if channel in self.subscriptions:
            return self._refuse(command_id, codes.ALREADY_SUBSCRIBED)
        if len(self.subscriptions) >= self._config.limits.max_channels_per_socket:
            return self._refuse(command_id, codes.LIMIT_EXCEEDED)
        self._flush()
        since = Position(request.epoch, request.offset) if request.recover else None
        joined = await self._hub.join(self, channel, since)
        if self.closed:
            return self._hub.leave(self, channel)
        if request.recover and not joined.recovered and request.flag & protocol.REJECT_UNRECOVERED:
            self._hub.leave(self, channel)
            return self._refuse(command_id, codes.UNRECOVERABLE_POSITION)
        self.subscriptions.add(channel)
        result: dict[str, Any] = {
            "recoverable": True,
            "positioned": True,
            "epoch": joined.position.epoch,
            "offset": joined.position.offset,
        }
        if request.recover:
            result |= {"was_recovering": True, "recovered": joined.recovered}
            result["publications"] = protocol.publications(joined.publications)
        self._reply(command_id, "subscribe", result)
        # At once: the next publication of this channel may be written before the rest of the frame is done.
        self._flush()

    def _unsubscribe(self, command_id: int, channel: str) -> None:
        if channel in self.subscriptions:
            self.subscriptions.remove(channel)
            self._hub.leave(self, channel)
        self._reply(command_id, "unsubscribe", {})

    async def _history(self, command_id: int, request: protocol.History) -> None:
        self._require(request.channel)
        most = self._config.max_history
        limit = most if request.limit < 0 else min(request.limit, most)
        part = await read_history(self._channel_log, request, limit)
        if part is None:
            return self._refuse(command_id, codes.UNRECOVERABLE_POSITION)
        self._reply(command_id, "history", {
            "epoch": part.top.epoch,
            "offset": part.top.offset,
            "publications": protocol.publications(self._fitting(part.publications)),
        })  # fmt: skip

    def _fitting(self, publications: Sequence[Publication]) -> Sequence[Publication]:
        room = self._config.limits.max_socket_queue_bytes // 2
        for count, publication in enumerate(publications):
            room -= len(publication.data)
            if room < 0:
                return publications[: max(count, 1)]
        return publications


async def read_history(log: ChannelLog, request: protocol.History, limit: int) -> Slice | None:
    """The part of a channel that was asked for; None when it is not there any more."""
    since, channel = request.since, request.channel
    if since is None:
        part = await log.tail(channel, limit) if request.reverse or not limit else await log.read(channel, 0, limit)
        return Slice(part.top, part.publications[::-1]) if request.reverse else part
    if request.reverse:
        first = max(since.offset - 1 - limit, 0)
        part = await log.read(channel, first, limit)
        found = [p for p in part.publications if p.offset < since.offset][::-1]
        return Slice(part.top, found) if since.epoch in ("", part.top.epoch) else None
    part = await log.read(channel, since.offset, max(limit, 1))
    first = part.publications[0].offset if part.publications else part.top.offset + 1
    if since.epoch not in ("", part.top.epoch) or first != since.offset + 1:
        return None
    return Slice(part.top, part.publications[:limit])


