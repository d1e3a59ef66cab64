"""What one may do: deny by default, denies beat allows, grants add, scopes narrow, and explain agrees with decide."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.authorization import (
    ALL_PERMISSIONS,
    Effect,
    Grant,
    Resource,
    Rights,
    covers,
    decide,
    expand,
    explain,
    require,
    resource_of,
    role_permissions,
)
from models.domain.errors import Forbidden
from models.domain.identity import PERMISSIONS, ROLES

# Few, so that rules meet often.
FEW = ["run:start", "run:read", "workflow:read", "model:read", "nothing:at_all"]
PATTERNS = [*FEW, "*", "run:*", "workflow:*", "model:*"]
TYPES = ["workflow", "model"]
INSTANCES = [None, "ops/a", "ops/b", "ops/*", "o*", "*", "dev/a", "crm"]

permissions = st.sampled_from([*FEW, "run:"])
resources = st.builds(
    Resource, st.sampled_from(TYPES), st.sampled_from([None, "ops/a", "ops/ab", "dev/a", "crm", ""])
)
grants = st.builds(
    Grant, st.uuids(), st.just("user"), st.just("u"), st.sampled_from(Effect), st.sampled_from(PATTERNS),
    st.sampled_from(TYPES), st.sampled_from(INSTANCES),
)  # fmt: skip
scopes = st.none() | st.frozensets(st.sampled_from(PATTERNS), max_size=4)
roles = st.sampled_from([*ROLES, "made", "unknown"])


def rights(role: str = "viewer", some: list[Grant] | None = None, narrow: frozenset[str] | None = None) -> Rights:
    made = frozenset({"run:start"}) if role == "made" else None
    return Rights(role, role_permissions(role, made), some or [], narrow)


def grant(effect: Effect, permission: str, resource: str, instance: str | None = None) -> Grant:
    return Grant(UUID(int=1), "user", "u", effect, permission, resource, instance)


def asked(permission: str, instance: str | None = None) -> tuple[str, Resource]:
    return permission, Resource(resource_of(permission), instance)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_what_its_table_says(role: str) -> None:
    for permission in ALL_PERMISSIONS:
        for instance in (None, "ops/a"):
            found = decide(rights(role), *asked(permission, instance)).allowed
            assert found is (permission in PERMISSIONS[role]), (role, permission)


@given(permissions, resources, scopes)
def test_without_a_role_and_grants_all_is_refused(
    permission: str, resource: Resource, narrow: frozenset[str] | None
) -> None:
    assert not decide(rights("unknown", [], narrow), permission, resource).allowed


@given(roles, st.lists(grants, max_size=6), grants, scopes, permissions, resources)
def test_an_allow_never_takes_and_a_deny_never_gives(
    role: str, some: list[Grant], more: Grant, narrow: frozenset[str] | None, permission: str, resource: Resource
) -> None:
    before = decide(rights(role, some, narrow), permission, resource).allowed
    after = decide(rights(role, [*some, more], narrow), permission, resource).allowed
    assert after >= before if more.effect is Effect.ALLOW else after <= before


@given(roles, st.lists(grants, max_size=6), st.frozensets(st.sampled_from(PATTERNS)), permissions, resources)
def test_scopes_only_narrow(
    role: str, some: list[Grant], narrow: frozenset[str], permission: str, resource: Resource
) -> None:
    whole = rights(role, some)
    narrower = decide(whole.narrowed(narrow), permission, resource).allowed
    assert narrower == (
        decide(whole, permission, resource).allowed and any(covers(one, permission) for one in narrow)
    )


@given(roles, st.permutations(range(4)), st.lists(grants, min_size=4, max_size=4), permissions, resources)
def test_the_order_of_rules_does_not_matter(
    role: str, order: list[int], some: list[Grant], permission: str, resource: Resource
) -> None:
    there = decide(rights(role, some), permission, resource)
    back = decide(rights(role, [some[n] for n in order]), permission, resource)
    assert there == back


@given(roles, st.lists(grants, max_size=6), scopes, permissions, resources)
def test_explain_agrees_with_decide_and_tells_every_rule(
    role: str, some: list[Grant], narrow: frozenset[str] | None, permission: str, resource: Resource
) -> None:
    mine = rights(role, some, narrow)
    told = explain(mine, permission, resource)
    assert told.allowed == decide(mine, permission, resource).allowed
    assert {one.id for one in some} == {rule.grant_id for rule in told.rules} - {None}
    assert all(rule.reason for rule in told.rules)
    if not told.allowed:
        assert any(rule.applies and rule.effect is Effect.DENY for rule in told.rules)


@given(roles, st.lists(grants, max_size=6), scopes, permissions, st.sampled_from(["ops/a", "ops/b", "dev/a", "crm"]))
def test_what_lists_show_is_what_may_be_read_one_by_one(
    role: str, some: list[Grant], narrow: frozenset[str] | None, permission: str, instance: str
) -> None:
    mine = rights(role, some, narrow)
    reach = mine.reach(permission)
    assert reach.holds(instance) == decide(mine, *asked(permission, instance)).allowed
    assert not (reach.whole and not reach.holds(instance))
    assert not (reach.nothing and reach.holds(instance))


@pytest.mark.parametrize(
    ("instance", "place", "holds"),
    [
        (None, "ops/a", True), (None, None, True), ("ops/a", "ops/a", True), ("ops/a", "ops/ab", False),
        ("ops/a", None, False), ("ops/*", "ops/ab", True), ("ops/*", "opsx/a", False), ("ops/*", None, False),
        ("*", "dev/a", True), ("*", None, False),
    ],
)  # fmt: skip
def test_where_a_grant_holds(instance: str | None, place: str | None, holds: bool) -> None:
    mine = rights("unknown", [grant(Effect.ALLOW, "run:start", "workflow", instance)])
    assert decide(mine, *asked("run:start", place)).allowed is holds


def test_a_deny_beats_the_role_and_every_allow() -> None:
    some = [
        grant(Effect.ALLOW, "*", "workflow"), grant(Effect.DENY, "run:*", "workflow", "ops/a"),
        grant(Effect.ALLOW, "run:start", "workflow", "ops/a"),
    ]  # fmt: skip
    mine = rights("admin", some)
    assert not decide(mine, *asked("run:start", "ops/a")).allowed
    assert decide(mine, *asked("workflow:read", "ops/a")).allowed
    assert decide(mine, *asked("run:start", "ops/b")).allowed
    with pytest.raises(Forbidden, match="A grant denies it"):
        require(mine, *asked("run:start", "ops/a"))


def test_who_is_denied_one_instance_has_not_the_whole() -> None:
    mine = rights("viewer", [grant(Effect.DENY, "run:read", "workflow", "ops/a")])
    assert not mine.reach("run:read").whole
    assert decide(mine, *asked("run:read")).allowed
    assert rights("viewer").reach("run:read").whole
    assert rights("viewer", [grant(Effect.DENY, "run:read", "workflow")]).reach("run:read").nothing


def test_scopes_are_told_as_the_reason() -> None:
    told = decide(rights("owner", [], frozenset({"run:read"})), *asked("run:start"))
    assert [rule.source for rule in told.rules] == ["scope"]


def test_denies_do_not_bind_owners() -> None:
    mine = rights("owner", [grant(Effect.DENY, "*", "workflow")])
    assert decide(mine, *asked("workflow:write", "ops/a")).allowed
    assert "do not bind owners" in " ".join(rule.reason for rule in explain(mine, *asked("workflow:write")).rules)


def test_a_grant_is_about_one_type_of_resource() -> None:
    mine = rights("unknown", [grant(Effect.ALLOW, "*", "model")])
    assert decide(mine, *asked("model:read", "delay")).allowed
    assert not decide(mine, *asked("connection:read", "crm")).allowed
    assert not decide(mine, "model:read", Resource("connection", "crm")).allowed


def test_patterns_cover_what_there_is() -> None:
    assert expand(["run:*"]) == {one for one in ALL_PERMISSIONS if one.startswith("run:")}
    assert expand(["*"]) == ALL_PERMISSIONS
    assert expand(["run:fly", "ru*", "run"]) == frozenset()
