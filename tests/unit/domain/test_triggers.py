"""When schedules are due and which events start runs."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.dsl.validation import check_definition
from models.domain.event_filters import check_expression, check_pattern, matches, needs_pattern
from models.domain.triggers import check_cron, event_matches, next_time, triggers_of
from tests.unit.domain.dsl_documents import with_parts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT = {
    "specversion": "1.0", "id": "7", "source": "https://x.example/orders", "type": "com.example.order.placed",
    "time": "2026-03-01T12:00:00Z", "priority": 3, "urgent": True,
    "data": {"total": 41.5, "items": [1, 2], "who": {"a": 1}},
}  # fmt: skip


def at(*rest: int) -> datetime:
    return datetime(2026, 3, *rest, tzinfo=UTC)


# ---------------------------------------------------------------- what a definition asks for


def test_a_definition_without_schedule_has_no_trigger() -> None:
    assert triggers_of(with_parts("{}")) == {}


def test_all_kinds_of_triggers_are_found() -> None:
    schedule = "{cron: '0 6 * * *', every: PT90S, after: {minutes: 2}, on: {one: {with: {type: a}}}}"
    definition = with_parts(f"schedule: {schedule}")
    assert check_definition(definition) == []
    assert triggers_of(definition) == {
        "cron": {"cron": "0 6 * * *"},
        "every": {"seconds": 90.0},
        "after": {"seconds": 120.0},
        "on": {"any": [{"type": "a"}]},
    }


def test_any_of_some_events() -> None:
    spec = triggers_of(with_parts("schedule: {on: {any: [{with: {type: a}}, {with: {type: b}}]}}"))["on"]
    assert [event_matches(spec, EVENT | {"type": kind}) for kind in "abc"] == [True, True, False]


def test_any_of_nothing_is_every_event() -> None:
    assert event_matches(triggers_of(with_parts("schedule: {on: {any: []}}"))["on"], EVENT)


# ---------------------------------------------------------------- time


@pytest.mark.parametrize(
    ("cron", "last", "now", "due"),
    [
        ("0 6 * * *", None, NOON, at(2, 6)),
        ("0 12 * * *", None, NOON, at(2, 12)),
        ("*/5 * * * *", None, at(1, 12, 3, 7), at(1, 12, 5)),
        ("*/5 * * * *", at(1, 12), at(1, 12, 3), at(1, 12, 5)),
        # due now, or missed: at once, and only the newest
        ("*/5 * * * *", at(1, 12), at(1, 12, 5), at(1, 12, 5)),
        ("*/5 * * * *", at(1, 12), at(1, 12, 5, 0, 999), at(1, 12, 5)),
        ("*/5 * * * *", at(1, 12), at(1, 13, 7), at(1, 13, 5)),
        ("0 9 * * MON", at(1, 9), at(8, 10), at(2, 9)),
        # across a leap day
        ("0 0 29 2 *", None, NOON, datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_cron_is_due(cron: str, last: datetime | None, now: datetime, due: datetime) -> None:
    assert next_time("cron", {"cron": cron}, last, now) == due


def test_cron_is_in_utc_whatever_zone_now_is_told_in() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    due = next_time("cron", {"cron": "0 13 * * *"}, None, tokyo)
    assert due is not None
    assert due == at(1, 13)
    assert due.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, NOON, NOON + timedelta(seconds=60)),
        (NOON, NOON, NOON + timedelta(seconds=60)),
        (NOON, NOON + timedelta(seconds=59), NOON + timedelta(seconds=60)),
        (NOON, NOON + timedelta(seconds=60), NOON + timedelta(seconds=60)),
        (NOON, NOON + timedelta(seconds=301), NOON + timedelta(seconds=300)),
    ],
)
def test_every_keeps_its_beat_and_makes_up_for_one(last: datetime | None, now: datetime, due: datetime) -> None:
    assert next_time("every", {"seconds": 60}, last, now) == due


def test_after_begins_at_once_and_waits_from_the_end_of_the_last() -> None:
    assert next_time("after", {"seconds": 60}, None, NOON) == NOON
    assert next_time("after", {"seconds": 60}, NOON, NOON + timedelta(hours=1)) == NOON + timedelta(seconds=60)


def test_events_have_no_time() -> None:
    assert next_time("on", {"any": []}, None, NOON) is None


@given(
    st.sampled_from(["* * * * *", "*/7 3 * * *", "0 0 1 * *", "15 10 * * MON-FRI", "0 0 29 2 *"]),
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2060, 1, 1)),  # noqa: DTZ001
    st.integers(0, 10**8),
)
def test_a_schedule_that_is_followed_never_stands_still(cron: str, start: datetime, away: int) -> None:
    now = start.replace(tzinfo=UTC)
    due = next_time("cron", {"cron": cron}, None, now)
    assert due is not None
    assert due > now
    later = due + timedelta(seconds=away)
    following = next_time("cron", {"cron": cron}, due, later)
    assert following is not None
    assert following > due


@pytest.mark.parametrize(
    "cron", ["", "* * * *", "* * * * * *", "60 * * * *", "x * * * *", "0 0 30 2 *", "@daily", "*" * 300]
)
def test_what_is_no_cron_expression_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_cron(cron)


# ---------------------------------------------------------------- filters


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"type": "com.example.order.placed"}, True),
        ({"type": "com.example.order"}, False),
        ({"type": "com_example.order.placed"}, False),
        ({"type": "com.example.order.placed", "source": "elsewhere"}, False),
        ({"subject": "x"}, False),
        # patterns match the whole
        ({"type": r"com\.example\..*"}, True),
        ({"type": r"example\..*"}, False),
        ({"type": "com.example.order.(placed|changed)"}, True),
        ({"source": "https://x.example/[a-z]+"}, True),
        ({"source": "https://x.example/[a-z]"}, False),
        # expressions see the attribute
        ({"type": '${ startswith("com.example.") }'}, True),
        ({"type": '${ startswith("org.") }'}, False),
        ({"source": '${ "https://" + "x.example/orders" }'}, True),
        ({"data": "${ .total > 40 }"}, True),
        ({"data": "${ .total > 50 }"}, False),
        ({"data": "${ .total.x }"}, False),
        ({"data": "${ empty }"}, False),
        ({"data": "${ .items | any(. == 2) }"}, True),
        ({"data": "${ .total > 40 and (.who.a == 1 | not) }"}, False),
        ({"data": "${ .items | map(. + 1) | contains([3]) }"}, False),
        ({"data": "${ .items | length == 2 }"}, True),
        ({"data": "${ .who }"}, False),
        # literals; of data, what is named must be there
        ({"priority": 3}, True),
        ({"priority": 4}, False),
        ({"urgent": True}, True),
        ({"urgent": 1}, False),
        ({"priority": "${ . >= 3 }"}, True),
        ({"data": {"items": [1, 2]}}, True),
        ({"data": {"items": [1]}}, False),
        ({"data": {"who": {"a": "${ . == 1 }"}}}, True),
        ({"data": {"who": {"b": 1}}}, False),
        ({"data": {"nothing": None}}, False),
    ],
)
def test_filters(wanted: dict[str, Any], found: bool) -> None:
    assert matches(wanted, EVENT) is found


def test_a_filter_does_not_look_at_everything() -> None:
    assert matches({"data": "${ any(. == 1) }"}, {"data": [0, 1]})
    assert not matches({"data": "${ any(. == 1) }"}, {"data": [0] * 20_000 + [1]})


@pytest.mark.parametrize(
    "text",
    ["$x", "$ENV", "env", ". as $x | $x", "[., .]", "{a: .}", "., .", "range(9)", "recurse", "..", "def f: 1; f",
     "input",
     "reduce .[] as $x (0; . + $x)", "." * 2000, ".a[", "limit(3; .[])", "[.[] | ., .]", ". | test(\"a\")"],
)  # fmt: skip
def test_expressions_that_could_run_away_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_expression(text)


def test_a_literal_with_special_characters_matches_itself() -> None:
    assert matches({"source": "https://x.example/a?b=1"}, {"source": "https://x.example/a?b=1"})


@pytest.mark.parametrize("pattern", [r"com\.x\..*", "a|b", "(a|b)c?", "[^/]+/x", "^a.*$", r"\d+", r"a\?b", "x[0-9]+.*"])
def test_patterns_that_are_safe(pattern: str) -> None:
    assert needs_pattern(pattern)
    check_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a*)*", "(a|a)*", "(?=a)", "(?P<x>a)", r"(a)\1", "a{1,9}", "a**", "a*?", "[", "(", ")", "*", ".*.*.*",
     "a?" * 7, "|" * 65, "x" * 257 + "*", "\\", r"\1", r"\Z", "[b-a]", "a++"],
)  # fmt: skip
def test_patterns_that_could_run_away_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_pattern(pattern)


_PIECES = st.sampled_from(["a", "b", ".", "*", "+", "?", "|", "(", ")", "[ab]", "[^a]", "\\.", "^", "$", "\\w", "{2}"])


@given(st.lists(_PIECES, max_size=14).map("".join))
def test_no_pattern_that_is_taken_is_slow(pattern: str) -> None:
    try:
        check_pattern(pattern)
    except ValueError:
        return
    begun = time.perf_counter()
    for text in ("a" * 1024, "ab" * 512, "a" * 1023 + "!"):
        matches({"type": pattern}, {"type": text})
    assert time.perf_counter() - begun < 2.0


@given(st.dictionaries(st.sampled_from(["type", "data", "x"]), st.text() | st.integers() | st.none(), max_size=3))
def test_any_filter_says_yes_or_no(wanted: dict[str, Any]) -> None:
    sound = not any(isinstance(v, str) and (needs_pattern(v) or "${" in v) for v in wanted.values())
    if sound:
        assert matches(wanted, EVENT) in (True, False)
