"""A browser's place: listens to live channels, comes back after every cut, and notes what it was told."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.chaos.load import Careful

# It leaves and comes back by itself this often, so that joining is under test as well.
STAY_SECONDS = 3.0
_PAUSE_SECONDS = 0.1


@dataclass
class Channel:
    """`history` is what a page built from this channel has: cleared when the server says that something is missing,
    which a page answers by loading everything again."""

    name: str
    epoch: str = ""
    offset: int = 0
    reloads: int = 0
    told: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def joined(self, answer: Mapping[str, Any]) -> None:
        """What the server said when it was joined."""
        if answer.get("was_recovering") and not answer.get("recovered"):
            self.reloads += 1
            self.keys.clear()
        if not answer.get("recovered"):
            self.epoch, self.offset = answer.get("epoch", ""), answer.get("offset", 0)
        for publication in answer.get("publications", ()):
            self.take(publication)

    def take(self, publication: Mapping[str, Any]) -> None:
        """One more; offsets follow each other without gaps and doubles."""
        offset = publication.get("offset", 0)
        if offset != self.offset + 1:
            self.faults.append(f"{self.name}: {offset} came after {self.offset}")
        self.offset = offset
        self.told += 1
        if (key := _key(publication["data"])) is not None:
            self.keys[key] += 1


def _key(data: Mapping[str, Any]) -> str | None:
    """What tells one publication from all others: a run with its last entry, a notification."""
    match data:
        case {"run": {"id": run, "last_seq": seq}}:
            return f"{run}/{seq}"
        case {"notification": {"id": notification}}:
            return str(notification)
    return None


class Listener:
    """Listens on a thread of its own from `begin` to `end`."""

    def __init__(self, client: Careful) -> None:
        tenant = client.tenant
        self._client = client
        self._url = str(tenant.http.base_url).replace("http", "ws", 1).rstrip("/") + "/connection/websocket"
        self.channels = {name: Channel(name) for name in (f"runs:{tenant.id}", f"inbox:{tenant.id}.{tenant.user_id}")}
        self.connects = 0
        self.faults: list[BaseException] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="listener")

    def begin(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Lets it leave, without waiting for it."""
        self._stop.set()

    def end(self) -> None:
        """Leaves; raises what went wrong."""
        self.stop()
        self._thread.join(60)
        if self.faults:
            raise self.faults[0]

    def _work(self) -> None:
        try:
            asyncio.run(self._listen())
        except BaseException as fault:
            self.faults.append(fault)

    async def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(15), connect(self._url, open_timeout=5, close_timeout=1) as socket:
                    await self._visit(socket)
            except (OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _visit(self, socket: ClientConnection) -> None:
        self.connects += 1
        numbers = itertools.count(1)
        waiting: dict[int, Channel] = {}
        await self._say(socket, {"id": next(numbers), "connect": {"token": self._token()}})
        for channel in self.channels.values():
            number = next(numbers)
            waiting[number] = channel
            ask: dict[str, Any] = {"channel": channel.name}
            if channel.epoch:
                ask |= {"recover": True, "epoch": channel.epoch, "offset": channel.offset}
            await self._say(socket, {"id": number, "subscribe": ask})
        until = time.monotonic() + STAY_SECONDS
        while time.monotonic() < until and not self._stop.is_set():
            try:
                async with asyncio.timeout(0.5):
                    frame = await socket.recv()
            except TimeoutError:
                continue
            for line in str(frame if isinstance(frame, str) else frame.decode()).splitlines():
                await self._heard(socket, json.loads(line), waiting)

    async def _heard(self, socket: ClientConnection, reply: Mapping[str, Any], waiting: dict[int, Channel]) -> None:
        match reply:
            case {"id": int(number), "subscribe": answer}:
                waiting.pop(number).joined(answer)
            case {"push": {"channel": name, "pub": publication}}:
                self.channels[name].take(publication)
            case {"id": 1, "error": _}:
                await asyncio.to_thread(self._client.sign_in)
                raise OSError("the token was not taken")
            case {"error": _} | {"push": {"unsubscribe": _}} | {"push": {"disconnect": _}}:
                raise OSError("sent away")
            case {}:
                if not reply:
                    await socket.send("{}")

    async def _say(self, socket: ClientConnection, command: Mapping[str, Any]) -> None:
        await socket.send(json.dumps(command))

    def _token(self) -> str:
        return str(self._client.http.headers["authorization"]).removeprefix("Bearer ")
