"""Answers of reads, remembered in the memory of a replica until what they show changes.

An answer belongs to one caller in one tenant, to what they may do there, to one path and one query: nothing is shared
between callers, so no rule about who sees what is decided here. Each answer remembers the generations of the kinds of
things it shows; a change makes a generation older and with it every answer that was made, or is being made, before it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID
from weakref import WeakValueDictionary

from starlette.responses import Response
from starlette.types import Send

from models.domain.clock import Clock
from models.domain.limits import Limits
from serve.auth.admission import Caller
from serve.gateway.counters import GatewayCounters
from serve.responses import etag_matches, strong_etag

EVERYTHING = "*"
_CONTROL = b"private, no-cache"
# About what an entry and its headers take beside the body.
_OVERHEAD = 1_500

Key = tuple[bytes, str, bytes]


class Generation:
    """Counts the changes to one kind of thing in one tenant. It lives as long as an answer depends on it."""

    __slots__ = ("__weakref__", "count")

    def __init__(self) -> None:
        self.count = 0


class Marks:
    """The generations that an answer depends on, and where they were before it was made."""

    __slots__ = ("cells", "counts")

    def __init__(self, cells: tuple[Generation, ...]) -> None:
        self.cells = cells
        self.counts = tuple(cell.count for cell in cells)

    def hold(self) -> bool:
        """Whether nothing has changed since."""
        return self.counts == tuple([cell.count for cell in self.cells])


class Answer:
    """A remembered 200, ready to be sent."""

    __slots__ = ("body", "etag", "headers", "marks", "short", "size", "until")

    def __init__(self, response: Response, marks: Marks, until: float) -> None:
        body = bytes(response.body)
        etag = response.headers.get("etag") or strong_etag(body)
        kept = [pair for pair in response.raw_headers if pair[0] not in (b"etag", b"cache-control")]
        self.short = [(b"etag", etag.encode("latin-1")), (b"cache-control", _CONTROL)]
        self.headers = [*kept, *self.short]
        self.body, self.etag, self.marks, self.until = body, etag, marks, until
        self.size = len(body) + _OVERHEAD

    async def send(self, if_none_match: str, send: Send) -> bool:
        """Sends it, or 304 when the caller has it already; whether it was the latter."""
        known = if_none_match != "" and etag_matches(if_none_match, self.etag)
        status, headers, body = (304, self.short, b"") if known else (200, self.headers, self.body)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return known


class ResponseCache:
    """Bounded by bytes, the least recently used go first. Not for several threads."""

    def __init__(self, clock: Clock, limits: Limits, counters: GatewayCounters) -> None:
        self._clock, self._counters = clock, counters
        self._most, self._largest = limits.max_cached_answers_bytes, limits.max_cached_answer_bytes
        self._seconds, self._unheard_seconds = limits.cached_answer_seconds, limits.unheard_answer_seconds
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._generations: WeakValueDictionary[tuple[UUID, str], Generation] = WeakValueDictionary()
        self._bytes = 0
        self.hears = False

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return self._bytes

    def find(self, key: Key) -> Answer | None:
        """The answer, while nothing that it shows has changed."""
        answer = self._answers.get(key)
        if answer is None:
            return None
        if not answer.marks.hold() or self._clock.monotonic() >= answer.until:
            self._drop(key, answer)
            return None
        self._answers.move_to_end(key)
        return answer

    def marks(self, tenant_id: UUID, kinds: Iterable[str]) -> Marks:
        """To be taken before an answer is made."""
        return Marks(tuple(self._generation(tenant_id, kind) for kind in (*kinds, EVERYTHING)))

    def keep(self, key: Key, response: Response, marks: Marks) -> Answer | None:
        """Remembers an answer; None when something changed while it was made, or it is none to remember."""
        if response.status_code != 200 or not isinstance(response.body, bytes) or not marks.hold():
            return None
        if "set-cookie" in response.headers or len(response.body) > self._largest:
            return None
        seconds = self._seconds if self.hears else self._unheard_seconds
        answer = Answer(response, marks, self._clock.monotonic() + seconds)
        self._drop(key, self._answers.get(key))
        self._answers[key] = answer
        self._bytes += answer.size
        while self._bytes > self._most:
            self._drop(*next(iter(self._answers.items())))
        self._counters.cache_bytes.set(self._bytes)
        return answer

    def purge(self, tenant_id: UUID, kinds: Iterable[str]) -> None:
        """Something of these kinds has changed; EVERYTHING stands for all."""
        for kind in kinds:
            found = self._generations.get((tenant_id, kind))
            if found is not None:
                found.count += 1

    def clear(self) -> None:
        """Changes may have been missed."""
        # Answers that are being made now are spoilt too.
        for generation in list(self._generations.values()):
            generation.count += 1
        self._answers.clear()
        self._bytes = 0

    def _generation(self, tenant_id: UUID, kind: str) -> Generation:
        place = (tenant_id, kind)
        found = self._generations.get(place)
        if found is None:
            found = self._generations[place] = Generation()
        return found

    def _drop(self, key: Key, answer: Answer | None) -> None:
        if answer is not None:
            del self._answers[key]
            self._bytes -= answer.size


def identity_of(caller: Caller) -> bytes:
    """What tells one caller's view from every other one's: who it is in which tenant, and all that it may do."""
    principal, rights = caller.principal, caller.rights
    fields = [getattr(principal, name) for name in sorted(principal.__dataclass_fields__) if name not in _TIMES]
    fields += [rights.role, rights.permissions, rights.scopes, *sorted(map(repr, rights.grants))]
    whole = "\0".join(f"{len(text := _text(value))}:{text}" for value in fields)
    return hashlib.blake2b(whole.encode(), digest_size=32).digest()


# When and how somebody proved who they are changes with each token, and nothing that a read shows.
_TIMES = frozenset({"authenticated_at", "factors", "session_id"})


def _text(value: object) -> str:
    if isinstance(value, frozenset):
        return ",".join(sorted(map(str, value)))
    return str(value)
