"""Slows down guessing of passwords: failed sign-ins are counted by account and by address."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID

from models.domain.clock import Clock
from models.domain.errors import TooManyRequests, Unavailable
from models.domain.limits import Limits
from serve.ports import AttemptCounter


class LocalCounter:
    """Counts in this process; what holds when the shared counter is away (then each replica has its own limit)."""

    def __init__(self, clock: Clock, kept: int = 50_000) -> None:
        self._clock = clock
        self._kept = kept
        self._windows: dict[str, tuple[int, float]] = {}

    async def hit(self, key: str, window_seconds: int) -> tuple[int, float]:
        now = self._clock.monotonic()
        count, ends = self._windows.pop(key, (0, 0.0))
        if ends <= now:
            count, ends = 0, now + window_seconds
        self._windows[key] = (count + 1, ends)
        if len(self._windows) > self._kept:
            del self._windows[next(iter(self._windows))]
        return count + 1, ends - now

    async def forgive(self, key: str) -> None:
        count, ends = self._windows.get(key, (0, 0.0))
        if count:
            self._windows[key] = (count - 1, ends)


class Throttle:
    """Each try is counted before it is looked at, and taken back when it was right."""

    _refusal = "Too many failed sign-ins. Wait, then try again."

    def __init__(self, shared: AttemptCounter, clock: Clock, limits: Limits) -> None:
        self._shared = shared
        self._local = LocalCounter(clock)
        self._limits = limits

    async def _enter(self, counted: Iterable[tuple[str, int]]) -> None:
        for key, limit in counted:
            count, seconds = await self._hit(key)
            if count > limit:
                raise TooManyRequests(self._refusal, retry_after=seconds)

    async def _forgive(self, counted: Iterable[tuple[str, int]]) -> None:
        for key, _ in counted:
            await self._local.forgive(key)
            try:
                await self._shared.forgive(key)
            except Unavailable:
                continue

    async def _hit(self, key: str) -> tuple[int, float]:
        window = self._limits.sign_in_window_seconds
        try:
            return await self._shared.hit(key, window)
        except Unavailable:
            return await self._local.hit(key, window)


class SignInThrottle(Throttle):
    """Of passwords, by account and by address."""

    def _limits_of(self, account: str, address: str) -> tuple[tuple[str, int], ...]:
        digest = hashlib.sha256(account.strip().lower().encode()).hexdigest()[:32]
        return (
            (f"signin:account:{digest}", self._limits.max_sign_in_failures_per_account),
            (f"signin:address:{address}", self._limits.max_sign_in_failures_per_address),
        )

    async def enter(self, account: str, address: str) -> None:
        """Counts a try; TooManyRequests when the window is full."""
        await self._enter(self._limits_of(account, address))

    async def succeeded(self, account: str, address: str) -> None:
        """Takes the try back."""
        await self._forgive(self._limits_of(account, address))


class FactorThrottle(Throttle):
    """Of second factors, by user: whoever knows the password begins as many sign-ins as they like."""

    def _limits_of(self, user_id: UUID) -> tuple[tuple[str, int], ...]:
        return ((f"factor:user:{user_id}", self._limits.max_mfa_failures_per_user),)

    async def enter(self, user_id: UUID) -> None:
        """Counts a try; TooManyRequests when the window is full."""
        await self._enter(self._limits_of(user_id))

    async def succeeded(self, user_id: UUID) -> None:
        """Takes the try back."""
        await self._forgive(self._limits_of(user_id))


class MailThrottle(Throttle):
    """Of mails that anybody can ask for, by the address of the account and by that of the caller."""

    _refusal = "Too many mails were asked for. Wait, then try again."

    async def enter(self, account: str, address: str) -> None:
        """Counts one; TooManyRequests when the window is full, whether the account is there or not."""
        digest = hashlib.sha256(account.strip().lower().encode()).hexdigest()[:32]
        await self._enter((
            (f"mail:account:{digest}", self._limits.max_account_mails_per_account),
            (f"mail:address:{address}", self._limits.max_account_mails_per_address),
        ))
