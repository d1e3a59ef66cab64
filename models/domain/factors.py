"""Second factors: what counts as one, one-time passwords (RFC 6238), recovery codes, and what a session has proved.

The marks of a session are those of the claim `amr` (RFC 8176); `recovery` is ours.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote, urlencode

Factor = Literal["totp", "passkey", "recovery_code"]

PASSWORD = "pwd"  # noqa: S105
ONE_TIME = "otp"
POSSESSION = "pop"
RECOVERY = "recovery"
SEVERAL = "mfa"
MARKS: dict[Factor, str] = {"totp": ONE_TIME, "passkey": POSSESSION, "recovery_code": RECOVERY}

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
RECOVERY_BYTES = 10
EVERYONE = "*"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a user has: a confirmed TOTP, so many passkeys, so many recovery codes that are not used yet."""

    totp: bool = False
    passkeys: int = 0
    recovery_codes: int = 0

    @property
    def any(self) -> bool:
        """Recovery codes stand in for a factor; alone they are none."""
        return self.totp or self.passkeys > 0

    @property
    def usable(self) -> list[Factor]:
        """With what a sign-in can go on, the strongest first."""
        if not self.any:
            return []
        has: tuple[tuple[Factor, bool], ...] = (
            ("passkey", self.passkeys > 0), ("totp", self.totp), ("recovery_code", self.recovery_codes > 0)
        )  # fmt: skip
        return [factor for factor, there in has if there]


def is_strong(marks: Iterable[str]) -> bool:
    """Whether more than one factor was proved."""
    return SEVERAL in marks


def with_factor(marks: Iterable[str], factor: Factor) -> tuple[str, ...]:
    """The marks of a session that has proved one factor more. A passkey asks its person, so it is two by itself."""
    found = list(dict.fromkeys(mark for mark in marks if mark != SEVERAL))
    if MARKS[factor] not in found:
        found.append(MARKS[factor])
    return (*found, SEVERAL) if len(found) > 1 or factor == "passkey" else tuple(found)


def is_fresh(marks: Iterable[str], at: datetime, now: datetime, seconds: int, has_factor: bool) -> bool:
    """Whether a session may make a sensitive change: it has proved who it is within so many seconds, and by a second
    factor if there is one."""
    return now - at <= timedelta(seconds=seconds) and (is_strong(marks) or not has_factor)


def is_required(required_of: Iterable[str], role: str) -> bool:
    """Whether a tenant that requires a second factor of these roles, or of EVERYONE, does so of this role."""
    return any(one in (EVERYONE, role) for one in required_of)


def step_of(now: datetime) -> int:
    """The number of the thirty seconds that `now` is in."""
    return int(now.timestamp()) // STEP_SECONDS


def totp_code(secret: bytes, step: int) -> str:
    """The six digits of a step (RFC 6238 with SHA-1, as every authenticator program knows it)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_step(secret: bytes, code: str, now: datetime, window: int, used: int) -> int | None:
    """The step that a code is of, None when it is wrong, too old or too new, or of a step that was used already.

    `window`: by how many steps the clocks may differ. All steps are compared whatever the first gives.
    """
    given, here = code.strip().replace(" ", ""), step_of(now)
    if len(given) != DIGITS or not given.isascii() or not given.isdigit():
        return None
    found = [
        step for step in range(max(0, here - window), here + window + 1)
        if hmac.compare_digest(totp_code(secret, step), given)
    ]
    return next((step for step in found if step > used), None)


def secret_text(secret: bytes) -> str:
    """As a person types it: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def totp_uri(secret: bytes, issuer: str, account: str) -> str:
    """The otpauth address that a QR code carries."""
    label = quote(f"{issuer}:{account}", safe="@:")
    query = urlencode({"secret": secret_text(secret), "issuer": issuer, "digits": DIGITS, "period": STEP_SECONDS})
    return f"otpauth://totp/{label}?{query}"


def recovery_code(random: bytes) -> str:
    """Eighty random bits as `abcd-efgh-ijkl-mnop`; base32 has neither 0 nor 1 nor 8 to confuse."""
    text = base64.b32encode(random[:RECOVERY_BYTES]).decode().lower()
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def plain_recovery_code(typed: str) -> str | None:
    """What was typed without its hyphens and spaces; None when it cannot be a recovery code."""
    text = re.sub(r"[\s-]", "", typed).lower()
    return text if re.fullmatch(r"[a-z2-7]{16}", text) else None


@dataclass(frozen=True, slots=True)
class TotpProof:
    """A right code, of this step."""

    step: int
    factor: Literal["totp"] = "totp"


@dataclass(frozen=True, slots=True)
class RecoveryProof:
    """A code whose slow hash this is; whether it is one of the user's, the table knows."""

    hash: bytes = field(repr=False)
    factor: Literal["recovery_code"] = "recovery_code"


@dataclass(frozen=True, slots=True)
class PasskeyProof:
    """A right signature of a passkey over a nonce that works until then."""

    credential_id: bytes
    sign_count: int
    backed_up: bool
    nonce: bytes
    nonce_until: datetime
    factor: Literal["passkey"] = "passkey"


Proof = TotpProof | RecoveryProof | PasskeyProof
