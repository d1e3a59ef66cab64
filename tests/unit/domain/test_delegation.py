"""Nobody gives away more than they have, wherever that is."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.authorization import Effect, Grant, Reach, Rights, role_permissions
from models.domain.delegation import exceeding, given_by, refuse_excess, within
from models.domain.errors import Forbidden

PLACES = ["", "o", "ops/", "ops/a", "ops/ab", "dev/a", "dev/", "x"]
instances = st.sampled_from([None, *PLACES[1:], "ops/*", "ops/a*", "o*", "*", "dev/*"])
grants = st.builds(
    Grant, st.uuids(), st.just("user"), st.just("u"), st.sampled_from(Effect), st.just("run:start"),
    st.just("workflow"), instances,
)  # fmt: skip
reaches = st.lists(grants, max_size=5).map(lambda some: Rights("", (), some).reach("run:start"))


def grant(permission: str, instance: str | None = None, effect: Effect = Effect.ALLOW) -> Grant:
    return Grant(UUID(int=1), "user", "u", effect, permission, "workflow", instance)


@given(reaches, reaches)
def test_what_is_within_is_had_at_each_place(inner: Reach, outer: Reach) -> None:
    if within(inner, outer):
        for place in [None, *PLACES, "ops/abc", "dev/zz", "other"]:
            assert outer.holds(place) >= inner.holds(place)


@given(reaches)
def test_everything_is_within_itself_and_nothing_is_within_all(reach: Reach) -> None:
    assert within(reach, reach)
    assert within(Reach(), reach)


@pytest.mark.parametrize(
    ("has", "gives", "fits"),
    [
        ("ops/*", "ops/a", True), ("ops/*", "ops/a*", True), ("ops/*", "o*", False), ("ops/a", "ops/a", True),
        ("ops/a", "ops/*", False), ("*", None, False), (None, "*", True), (None, None, True), ("ops/a", "dev/a", False),
    ],
)  # fmt: skip
def test_a_grant_is_given_within_ones_own(has: str | None, gives: str | None, fits: bool) -> None:
    giver = Rights("", (), [grant("run:*", has)])
    assert (exceeding(giver, given_by(grant("run:start", gives))) == []) is fits


def test_what_is_denied_to_the_giver_cannot_be_given() -> None:
    giver = Rights("admin", role_permissions("admin"), [grant("run:start", "ops/secret", Effect.DENY)])
    refuse_excess(giver, given_by(grant("run:start", "ops/a")))
    for place in ("ops/secret", "ops/*", None):
        with pytest.raises(Forbidden, match="run:start"):
            refuse_excess(giver, given_by(grant("run:start", place)))
    with pytest.raises(Forbidden, match="run:start"):
        refuse_excess(giver, Rights("operator", role_permissions("operator")))


def test_scopes_bound_what_can_be_given() -> None:
    giver = Rights("admin", role_permissions("admin")).narrowed(frozenset({"role:write", "run:read"}))
    refuse_excess(giver, given_by(grant("run:read")))
    with pytest.raises(Forbidden, match="run:start"):
        refuse_excess(giver, given_by(grant("run:start")))


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_only_owners_make_owners(role: str) -> None:
    owner = Rights("owner", role_permissions("owner"))
    refuse_excess(owner, owner)
    with pytest.raises(Forbidden, match="Only an owner"):
        refuse_excess(Rights(role, role_permissions(role)), owner)
    with pytest.raises(Forbidden, match="Only an owner"):
        refuse_excess(owner.narrowed(frozenset({"*"})), owner)
