"""The push gateway: accepts websockets, keeps their time, and ends them when it should."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from models.domain.clock import Clock
from models.domain.errors import TidewireError, Unauthenticated
from models.domain.identity import Principal
from serve.push import codes
from serve.push.hub import Hub
from serve.push.ports import (
    ChannelLog,
    Granted,
    PushConfig,
    SessionCheck,
    SocketToken,
    Standing,
    TokenExpired,
    TokenVerifier,
)
from serve.push.protocol import PING_FRAME
from serve.push.rights import SocketRights
from serve.push.session import Session
from serve.push.tasks import end
from serve.push.topic import Member
from serve.push.wire import SocketWire, broadcast

_log = logging.getLogger("tidewire.push")
_MAX_REMEMBERED = 10_000
_CHANGED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class PushDeps:
    """What a gateway works with."""

    log: ChannelLog
    tokens: TokenVerifier
    clock: Clock
    sessions: SessionCheck | None = None


class PushGateway:
    """One listening gateway. Make it inside the process and loop that runs it; start and stop once."""

    def __init__(self, config: PushConfig, deps: PushDeps) -> None:
        self._config = config
        self._deps = deps
        self._hub = Hub(deps.log, self._broadcast, config)
        self._rights = SocketRights(deps.sessions)
        self._sessions: set[Session] = set()
        self._sockets_of: Counter[object] = Counter()
        # Principals of tokens that are still valid in time but must not be used any more, and until when that is known.
        self._refused: dict[Principal, tuple[Standing, float]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._server: Server | None = None
        self._draining = False
        self._seconds = 0
        self._slow = 0
        self._deliveries = 0

    # life ------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Where it listens, also when the port was chosen by the system."""
        if self._server is None:
            raise RuntimeError("the gateway is not started")
        return int(self._server.sockets[0].getsockname()[1])

    def stats(self) -> dict[str, int]:
        """Counts for metrics: gauges `sockets`, `channels`; the rest only grow."""
        return {
            "sockets": len(self._sessions),
            "channels": self._hub.channels,
            "publications": self._hub.publications,
            "deliveries": self._deliveries,
            "slow_disconnects": self._slow,
        }

    async def start(self) -> None:
        """Follows the log and listens; OSError when the port is taken."""
        config = self._config
        self._server = await serve(
            self._serve_socket,
            config.host,
            config.port,
            process_request=self._check_request,
            compression=None,
            ping_interval=None,
            open_timeout=config.connect_timeout,
            close_timeout=config.close_timeout,
            max_size=config.max_message_bytes,
            max_queue=4,
            server_header=None,
            backlog=4096,
        )
        self._loops = [
            asyncio.create_task(self._forever(self._hub.run, 0.2)),
            asyncio.create_task(self._forever(self._tick_each_second, 0.0)),
            asyncio.create_task(self._forever(self._hub.check_positions, config.position_check_interval)),
        ]
        if self._deps.sessions is not None:
            self._loops.append(
                asyncio.create_task(self._forever(self.check_sessions, config.session_check_interval))
            )

    async def stop(self) -> None:
        """Takes no new sockets, sends the others to another gateway, and ends."""
        self._draining = True
        await end(self._loops)
        for session in list(self._sessions):
            session.disconnect(codes.SHUTDOWN)
        if self._closing:
            await asyncio.wait(self._closing, timeout=self._config.drain_timeout)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await self._rights.close()
        await self._hub.close()

    async def _forever(self, work: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            try:
                await work()
            except TidewireError as error:
                _log.warning("push: %s", error.detail)
            except Exception:
                _log.exception("push: unexpected error, going on")
                await asyncio.sleep(0.5)
            await asyncio.sleep(pause)

    # sockets ---------------------------------------------------------------------------------------

    def _check_request(self, connection: ServerConnection, request: Request) -> Response | None:
        path = urlsplit(request.path).path
        if path == "/healthz":
            return connection.respond(HTTPStatus.OK, "ok\n")
        if path != self._config.path:
            return connection.respond(HTTPStatus.NOT_FOUND, f"Connect to {self._config.path}.\n")
        if self._draining or len(self._sessions) >= self._config.max_sockets:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "This gateway takes no more sockets.\n")
        if "centrifuge-protobuf" in request.headers.get("Sec-WebSocket-Protocol", ""):
            return connection.respond(HTTPStatus.BAD_REQUEST, "Only the JSON form of the protocol is spoken here.\n")
        origins = request.headers.get_all("Origin")
        if origins and not (len(origins) == 1 and self._may_come_from(origins[0], request.headers.get_all("Host"))):
            return connection.respond(HTTPStatus.FORBIDDEN, "Pages of this origin may not connect.\n")
        return None

    def _may_come_from(self, origin: str, hosts: list[str]) -> bool:
        if origin in self._config.origins:
            return True
        scheme, _, place = origin.partition("://")
        return scheme in ("http", "https") and [place.lower()] == [host.lower() for host in hosts]

    async def _serve_socket(self, connection: ServerConnection) -> None:
        config = self._config
        wire = SocketWire(connection, config.limits.max_socket_queue_bytes, config.close_timeout, self._closing)
        session = wire.session = Session(wire, self._hub, self._deps.log, self, config, self._deps.clock)
        self._sessions.add(session)
        try:
            if self._draining:
                session.disconnect(codes.SHUTDOWN)
            async for message in connection:
                await session.handle(message)
        except ConnectionClosed:
            pass
        finally:
            session.leave_all()
            wire.session = None
            self._sessions.discard(session)
            self._left(session)

    def _broadcast(self, members: Collection[Member], frame: bytes) -> None:
        self._deliveries += len(members)
        self._slow += broadcast(cast("Collection[Session]", members), frame)

    # who may connect -------------------------------------------------------------------------------

    def admit(self, token: str) -> SocketToken:
        """See Door."""
        found = self._deps.tokens.verify(token)
        standing, until = self._refused.get(found.principal, (None, 0.0))
        if until < self._deps.clock.monotonic():
            return found
        if standing is Standing.OVER:
            raise Unauthenticated("The session has ended.")
        if standing is Standing.CHANGED:
            raise TokenExpired("The role has changed; get a new token.")
        return found

    async def rights(self, principal: Principal) -> Granted:
        """See Door."""
        return await self._rights.of(principal)

    def enter(self, session: Session, principal: Principal) -> bool:
        """See Door."""
        if self._sockets_of[principal.user_id] >= self._config.limits.max_sockets_per_user:
            return False
        self._sockets_of[principal.user_id] += 1
        return True

    def _left(self, session: Session) -> None:
        if session.principal is not None:
            user = session.principal.user_id
            self._sockets_of[user] -= 1
            if self._sockets_of[user] <= 0:
                del self._sockets_of[user]

    async def check_sessions(self) -> None:
        """Disconnects those whose session ended or whose role changed, however long their token is valid; takes
        channels from those who may not listen to them any more."""
        check = self._deps.sessions
        known = {s.principal: s.version for s in self._sessions if s.principal is not None}
        if check is None or not known:
            return
        found = await check.standing(known)
        moved = {who for who, standing in found.items() if standing is Standing.MOVED}
        fallen = {who: standing for who, standing in found.items() if standing is not Standing.MOVED}
        self._remember(fallen)
        granted = await check.rights(moved) if moved else {}
        for session in list(self._sessions):
            standing = found.get(session.principal) if session.principal else None
            if standing is None or session.principal is None:
                continue
            if standing is Standing.MOVED and session.principal in granted:
                session.grant(granted[session.principal])
            else:
                session.disconnect(codes.STATE_INVALIDATED if standing is Standing.CHANGED else codes.FORCED)

    def _remember(self, found: Mapping[Principal, Standing]) -> None:
        now, limits = self._deps.clock.monotonic(), self._config.limits
        if len(self._refused) > _MAX_REMEMBERED:
            self._refused = {who: known for who, known in self._refused.items() if known[1] >= now}
        # An ended session never comes back and outlives its tokens; a role may change and change back.
        lasts = {Standing.OVER: limits.access_token_seconds, Standing.CHANGED: _CHANGED_SECONDS}
        self._refused.update({who: (standing, now + lasts[standing]) for who, standing in found.items()})

    # time ------------------------------------------------------------------------------------------

    async def _tick_each_second(self) -> None:
        await asyncio.sleep(1.0)
        self.tick()

    def tick(self) -> None:
        """Once a second: pings a part of the sockets, and ends those that are silent, late or expired."""
        config, clock = self._config, self._deps.clock
        now, wall = clock.monotonic(), clock.now().timestamp()
        self._seconds += 1
        turn = self._seconds % config.ping_interval
        for session in list(self._sessions):
            if session.principal is None:
                if now - session.opened_at > config.connect_timeout:
                    session.disconnect(codes.STALE)
            elif wall > session.expires_at:
                session.disconnect(codes.EXPIRED)
            elif session.pinged_at is not None and not session.busy and now - session.pinged_at > config.pong_timeout:
                session.disconnect(codes.NO_PONG)
            elif session.slot % config.ping_interval == turn:
                session.wire.write(PING_FRAME)
                if session.pinged_at is None:
                    session.pinged_at = now
