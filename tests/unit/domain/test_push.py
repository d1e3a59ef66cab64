"""Who may listen to which channel."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.authorization import Effect, Grant, Rights, role_permissions
from models.domain.errors import Forbidden, NotFound
from models.domain.identity import ROLES, Principal
from models.domain.push import inbox_channel, may_subscribe, metrics_channel, runs_channel

TENANT, OTHER, USER, STRANGER = (UUID(int=n) for n in (1, 2, 3, 4))


def who(role: str) -> tuple[Principal, Rights]:
    return Principal(USER, TENANT, role, UUID(int=9)), Rights(role, role_permissions(role))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("channel", [metrics_channel(TENANT), runs_channel(TENANT), inbox_channel(TENANT, USER)])
def test_every_role_may_listen_to_its_own(role: str, channel: str) -> None:
    may_subscribe(*who(role), channel)


@pytest.mark.parametrize(
    "channel",
    [
        metrics_channel(OTHER), runs_channel(OTHER), inbox_channel(OTHER, USER), inbox_channel(TENANT, STRANGER),
        inbox_channel(OTHER, STRANGER), f"inbox:{TENANT}", f"inbox:{USER}", f"runs:{TENANT}.{USER}", "runs:", "runs",
        f"runs:{TENANT}:", f"runs: {TENANT}", f"runs:{TENANT}\n", f"runs:{TENANT.hex}",
    ],
)  # fmt: skip
def test_nobody_may_listen_to_others(channel: str) -> None:
    with pytest.raises(Forbidden):
        may_subscribe(*who("owner"), channel)


@pytest.mark.parametrize("channel", ["", ":", f"journal:{TENANT}", f"RUNS:{TENANT}", f"{TENANT}", f"#runs:{TENANT}"])
def test_other_kinds_do_not_exist(channel: str) -> None:
    with pytest.raises(NotFound):
        may_subscribe(*who("owner"), channel)


def test_a_role_without_the_permission_may_not() -> None:
    with pytest.raises(Forbidden):
        may_subscribe(*who("nobody"), runs_channel(TENANT))


def test_who_may_not_see_one_workflow_does_not_hear_of_all() -> None:
    deny = Grant(UUID(int=5), "user", "u", Effect.DENY, "run:read", "workflow", "ops/secret")
    principal = Principal(USER, TENANT, "viewer", UUID(int=9))
    rights = Rights("viewer", role_permissions("viewer"), [deny])
    with pytest.raises(Forbidden, match="every workflow"):
        may_subscribe(principal, rights, runs_channel(TENANT))
    may_subscribe(principal, rights, metrics_channel(TENANT))


@given(st.text(max_size=60))
def test_no_other_text_opens_a_channel(channel: str) -> None:
    with pytest.raises((Forbidden, NotFound)):
        may_subscribe(*who("owner"), channel)
