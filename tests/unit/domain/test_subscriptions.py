"""What is looked at before a run is asked never keeps an event from a run that wants it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.dsl import protocol_messages as m
from models.domain.gatherings import Gathering, gather, spec_of
from models.domain.limits import Limits
from models.domain.runs import RunStatus
from models.domain.subscriptions import first_key, key_value, may_want
from tests.unit.domain.dsl_engine.host import Host

VALUES = st.sampled_from([0, 1, 1.0, 7, "7", "x", "a b", True, None, [1], {"k": 1}])
TYPES = st.sampled_from(["a", "b", "a.b", "a|b", '${ startswith("a") }', "[ab]"])
DATA = st.one_of(
    st.none(), st.just("${ .n == $input.n }"), st.just("${ .n != 5 }"), st.fixed_dictionaries({"n": VALUES})
)
FROM = st.sampled_from([".data.n", ".data", ".subject", ".data.n.k", "[.data.n]"])
CORRELATE = st.dictionaries(
    st.sampled_from(["k", "l"]),
    st.fixed_dictionaries({"from": FROM}, optional={"expect": st.sampled_from(["7", "x", "${ .n }", "true"])}),
    max_size=2,
)


@st.composite
def filters(draw: st.DrawFn) -> dict[str, Any]:
    wanted: dict[str, Any] = {"type": draw(TYPES)}
    if (data := draw(DATA)) is not None:
        wanted["data"] = data
    found: dict[str, Any] = {"with": wanted}
    if keys := draw(CORRELATE):
        found["correlate"] = keys
    return found


@settings(deadline=None, max_examples=150)
@given(st.lists(filters(), min_size=1, max_size=2), st.sampled_from(["a", "b", "a.b", "c"]), VALUES, VALUES, VALUES)
def test_what_the_engine_takes_was_let_through(
    wanted: list[dict[str, Any]], kind: str, n: Any, own: Any, subject: Any
) -> None:
    definition = {
        "document": {"dsl": "1.0.3", "namespace": "n", "name": "m", "version": "1.0.0"},
        "do": [{"hear": {"listen": {"to": {"any": wanted}}}}],
    }
    host = Host(definition, {"n": own}, check=False, not_yet=()).begin()
    subscribed = [one for one in host.messages if isinstance(one, m.Subscribe)]
    if not subscribed:
        return
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": kind, "data": {"n": n}, "subject": str(subject)}
    host.send(m.EventReceived(1, event, host.now))
    let_through = False
    for spec in subscribed[0].filters:
        key, value = first_key(spec)
        is_found = spec["type"] in (kind, None) and key_value(key, event) == value
        let_through |= is_found and may_want(spec, event)
    if host.state.status is RunStatus.COMPLETED:
        assert let_through


def test_numbers_and_their_texts_are_found_under_one_key() -> None:
    for expected in (7, 7.0, "7"):
        spec = {"type": "a", "with": {"type": "a"}, "keys": [{"from": ".data", "is": expected}]}
        for given_ in (7, 7.0, "7"):
            event = {"type": "a", "data": given_}
            assert key_value(".data", event) == first_key(spec)[1]
            assert may_want(spec, event)
        assert not may_want(spec, {"type": "a", "data": 8})
        assert not may_want(spec, {"type": "a"})


# ---------------------------------------------------------------- schedules that wait for several events


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 3)), max_size=60))
def test_sets_of_correlated_events_are_whole_and_share_nothing(events: list[tuple[str, int]]) -> None:
    key = {"n": {"from": ".data.n"}}
    spec = spec_of({"all": [{"with": {"type": "a"}, "correlate": key}, {"with": {"type": "b"}, "correlate": key}]})
    assert spec is not None
    open_: list[Gathering] = []
    whole = []
    for number, (kind, n) in enumerate(events):
        envelope = {"id": str(number), "type": kind, "data": {"n": n}}
        open_, complete = gather(spec, open_, envelope, Limits())
        if complete is not None:
            whole.append(complete)
    for found in whole:
        assert {event["type"] for event in found} == {"a", "b"}
        assert len({event["data"]["n"] for event in found}) == 1
    used = [event["id"] for found in whole for event in found]
    assert len(used) == len(set(used))
    for n in range(4):
        counts = [sum(event == (kind, n) for event in events) for kind in "ab"]
        assert sum(found[0]["data"]["n"] == n for found in whole) == min(counts)


def test_a_schedule_gathers_until_an_expression_or_an_event() -> None:
    counted = spec_of({"any": [{"with": {"type": "a"}}], "until": "( . | length ) > 2"})
    stopped = spec_of({"any": [{"with": {"type": "a"}}], "until": {"one": {"with": {"type": "stop"}}}})
    for spec, kinds, sizes in (
        (counted, "aabaaaa", [3, 3]),
        (stopped, ["stop", "a", "a", "stop", "stop", "a"], [2]),
    ):
        assert spec is not None
        open_: list[Gathering] = []
        found = []
        for kind in kinds:
            open_, complete = gather(spec, open_, {"type": kind}, Limits())
            found += [len(complete)] if complete else []
        assert found == sizes


def test_a_gathering_is_held_to_its_limits() -> None:
    limits = Limits(max_open_gatherings=2, max_gathered_events=3)
    key = {"n": {"from": ".n"}}
    spec = spec_of({"any": [{"with": {"type": "a"}, "correlate": key}], "until": "${ false }"})
    assert spec is not None
    open_: list[Gathering] = []
    for n in (1, 2, 3, 3, 3, 3, 3):
        open_, _ = gather(spec, open_, {"type": "a", "n": n}, limits)
    assert [len(one.events) for one in open_] == [1, 3]
    assert spec_of({"one": {"with": {"type": "a"}}}) is None
