"""Second factors: codes of RFC 6238, steps used once, and what a session has proved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.clock import ManualClock
from models.domain.factors import (
    EVERYONE,
    Enrolled,
    Factor,
    is_fresh,
    is_required,
    is_strong,
    matching_step,
    plain_recovery_code,
    recovery_code,
    secret_text,
    step_of,
    totp_code,
    totp_uri,
    with_factor,
)

SECRET = b"12345678901234567890"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECRETS = st.binary(min_size=20, max_size=20)


@pytest.mark.parametrize(
    ("seconds", "code"),
    # The last six digits of appendix B of RFC 6238.
    [
        (59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
        (2000000000, "279037"), (20000000000, "353130"),
    ],
)  # fmt: skip
def test_codes_of_the_standard(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp_code(SECRET, step_of(at)) == code
    assert matching_step(SECRET, code, at, 0, -1) == step_of(at)


@given(SECRETS, st.integers(0, 1), st.integers(-3, 3))
def test_only_steps_within_the_window(secret: bytes, window: int, off: int) -> None:
    here = step_of(NOW)
    code = totp_code(secret, here + off)
    others = {totp_code(secret, here + near) for near in range(-window, window + 1)}
    found = matching_step(secret, code, NOW, window, -1)
    if abs(off) <= window:
        assert found is not None
        assert totp_code(secret, found) == code
    elif code not in others:
        assert found is None


@given(SECRETS, st.integers(-1, 1))
def test_a_step_is_used_once_and_none_before_it(secret: bytes, off: int) -> None:
    here = step_of(NOW)
    code = totp_code(secret, here + off)
    found = matching_step(secret, code, NOW, 1, here + off)
    assert found is None or found > here + off


def test_a_code_dies_with_its_time() -> None:
    clock = ManualClock(NOW)
    code = totp_code(SECRET, step_of(clock.now()))
    assert matching_step(SECRET, code, clock.now(), 1, -1) == step_of(NOW)
    clock.advance(59)
    assert matching_step(SECRET, code, clock.now(), 1, -1) == step_of(NOW)
    assert matching_step(SECRET, code, clock.now(), 0, -1) is None
    clock.advance(1)
    assert matching_step(SECRET, code, clock.now(), 1, -1) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "-12345"])
def test_what_is_no_code(typed: str) -> None:
    assert matching_step(SECRET, typed, NOW, 1, -1) is None


def test_spaces_as_programs_show_them() -> None:
    code = totp_code(SECRET, step_of(NOW))
    assert matching_step(SECRET, f" {code[:3]} {code[3:]}", NOW, 0, -1) == step_of(NOW)


def test_the_address_of_a_qr_code() -> None:
    assert totp_uri(b"Hello!\xde\xad\xbe\xef", "Tidewire", "ada+1@example.com") == (
        "otpauth://totp/Tidewire:ada%2B1@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Tidewire&digits=6&period=30"
    )
    assert secret_text(b"\0" * 20) == "A" * 32


@given(st.binary(min_size=10, max_size=10), st.sampled_from(["", " ", "-", " - "]))
def test_recovery_codes_as_people_type_them(random: bytes, gap: str) -> None:
    shown = recovery_code(random)
    assert len(shown) == 19
    typed = gap.join(shown.upper().split("-"))
    assert plain_recovery_code(typed) == shown.replace("-", "")


@given(st.text(max_size=30))
def test_any_text_is_a_recovery_code_or_none(text: str) -> None:
    plain = plain_recovery_code(text)
    assert plain is None or len(plain) == 16


@pytest.mark.parametrize(
    ("before", "factor", "after"),
    [
        (["pwd"], "totp", ("pwd", "otp", "mfa")),
        (["pwd"], "recovery_code", ("pwd", "recovery", "mfa")),
        ([], "passkey", ("pop", "mfa")),
        ([], "totp", ("otp",)),
        (["pwd", "otp", "mfa"], "totp", ("pwd", "otp", "mfa")),
        (["pwd", "otp", "mfa"], "passkey", ("pwd", "otp", "pop", "mfa")),
    ],
)
def test_marks(before: list[str], factor: Factor, after: tuple[str, ...]) -> None:
    assert with_factor(before, factor) == after
    assert is_strong(after) == ("mfa" in after)


def test_fresh() -> None:
    def fresh(marks: list[str], ago: float, has_factor: bool) -> bool:
        return is_fresh(marks, NOW - timedelta(seconds=ago), NOW, 300, has_factor)

    assert fresh(["pwd"], 300, has_factor=False)
    assert not fresh(["pwd"], 300.001, has_factor=False)
    assert not fresh(["pwd"], 0, has_factor=True)
    assert fresh(["pwd", "otp", "mfa"], 300, has_factor=True)
    assert not fresh(["pwd", "otp", "mfa"], 301, has_factor=True)


def test_required_of_roles() -> None:
    assert is_required([EVERYONE], "viewer")
    assert is_required(["admin", "owner"], "owner")
    assert not is_required(["admin"], "viewer")
    assert not is_required([], "owner")


def test_recovery_codes_alone_are_no_factor() -> None:
    assert not Enrolled(recovery_codes=10).any
    assert Enrolled(recovery_codes=10).usable == []
    assert Enrolled(True, 2, 0).usable == ["passkey", "totp"]
    assert Enrolled(totp=True, recovery_codes=1).usable == ["totp", "recovery_code"]
