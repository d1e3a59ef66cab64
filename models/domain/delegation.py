"""Nobody gives away more than they have: what a role, a grant or a key would give, against the rights of the giver."""

from __future__ import annotations

from models.domain.authorization import ALL_PERMISSIONS, Effect, Grant, Places, Reach, Rights
from models.domain.errors import Forbidden


def exceeding(giver: Rights, given: Rights) -> list[str]:
    """Permissions that `given` has somewhere where the giver does not have them, sorted."""
    return sorted(one for one in ALL_PERMISSIONS if not within(given.reach(one), giver.reach(one)))


def refuse_excess(giver: Rights, given: Rights) -> None:
    """Forbidden when the giver would give away more than they have."""
    if given.role == "owner" and not (giver.role == "owner" and giver.scopes is None):
        raise Forbidden("Only an owner may make owners or change them.")
    missing = exceeding(giver, given)
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise Forbidden(f"You cannot give away what you do not have yourself: {shown}.")


def given_by(grant: Grant) -> Rights:
    """What an allow with this rule gives, whatever its own effect."""
    allow = Grant(
        grant.id, grant.subject_kind, grant.subject, Effect.ALLOW, grant.permission, grant.resource, grant.instance
    )
    return Rights("", (), [allow])


def within(inner: Reach, outer: Reach) -> bool:
    """Whether the permission is had, by `outer`, wherever `inner` has it; in doubt not."""
    if inner.nothing:
        return True
    if any(_lacks(inner, outer, name) for name in inner.allowed.names):
        return False
    beginnings = [*inner.allowed.prefixes, *([""] if inner.allowed.everywhere else [])]
    if inner.allowed.everywhere and not outer.allowed.everywhere:
        return False
    return all(_holds_beginning(inner, outer, beginning) for beginning in beginnings)


def _lacks(inner: Reach, outer: Reach, name: str) -> bool:
    """Whether `inner` has it at this one instance and `outer` has not."""
    return inner.holds(name) and not outer.holds(name)


def _holds_beginning(inner: Reach, outer: Reach, beginning: str) -> bool:
    allowed, denied = outer.allowed, outer.denied
    if not allowed.everywhere and not beginning.startswith(allowed.prefixes):
        return False
    if denied.everywhere:
        return False
    names_fit = all(inner.denied.hold(one) for one in denied.names if one.startswith(beginning))
    meeting = [one for one in denied.prefixes if one.startswith(beginning) or beginning.startswith(one)]
    return names_fit and all(_covered(one, inner.denied) for one in meeting)


def _covered(prefix: str, places: Places) -> bool:
    return places.everywhere or prefix.startswith(places.prefixes)
