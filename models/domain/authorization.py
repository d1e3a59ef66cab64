"""What somebody may do, and why: the one decision function of the API, of live channels and of work in shards.

A permission is `kind:verb`. It is about a resource: a type, and perhaps one instance of it (workflow
`ops/late-flights`, model `delay`, connection `crm`). Rights come from a role and from grants; a deny beats every allow,
the scopes of the credential narrow what is left, and what nothing allows is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from models.domain.errors import Forbidden
from models.domain.identity import PERMISSIONS

ALL_PERMISSIONS = frozenset().union(*PERMISSIONS.values())
# Runs and tasks have no names of their own that a rule could hold: they are where their workflow is.
_RESOURCE_OF = {"run": "workflow", "task": "workflow"}
_UNBOUND = "owner"


class Effect(StrEnum):
    """What a grant does."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Resource:
    """What a permission is asked for; no instance means the type as a whole."""

    type: str
    instance: str | None = None

    def __str__(self) -> str:
        return f"every {self.type}" if self.instance is None else f"{self.type} {self.instance}"


@dataclass(frozen=True, slots=True)
class Grant:
    """One rule of a tenant. `subject_kind` is user, service_account or role; `subject` an id or the name of a role.

    `permission` is a name, `kind:*` or `*`; `instance` is None for all of the type, a name, or a prefix that ends
    in `*`.
    """

    id: UUID
    subject_kind: str
    subject: str
    effect: Effect
    permission: str
    resource: str
    instance: str | None = None

    @property
    def place(self) -> str:
        """What it is about, as people read it."""
        return str(Resource(self.resource, self.instance))


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing looked at: `source` is scope, role, grant or default; `reason` says why it did or did not apply."""

    source: str
    effect: Effect
    applies: bool
    reason: str
    grant_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer with the rules that led to it."""

    allowed: bool
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Instances by name and by the beginning of their names."""

    names: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    everywhere: bool = False

    @classmethod
    def of(cls, grants: Iterable[Grant]) -> Places:
        """Where these grants are."""
        found = {grant.instance for grant in grants}
        named = found - {None}
        return cls(
            frozenset(one for one in named if one and not one.endswith("*")),
            tuple(sorted(one[:-1] for one in named if one and one.endswith("*"))),
            None in found,
        )

    def hold(self, instance: str | None) -> bool:
        """Whether the instance is one of them; the type as a whole is only where `everywhere` is."""
        if self.everywhere:
            return True
        return instance is not None and (instance in self.names or instance.startswith(self.prefixes))

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.names) or bool(self.prefixes)


NOWHERE = Places()
EVERYWHERE = Places(everywhere=True)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a permission is had: in `allowed` and not in `denied`."""

    allowed: Places = NOWHERE
    denied: Places = NOWHERE

    @property
    def whole(self) -> bool:
        """Every instance there is or will be."""
        return self.allowed.everywhere and not self.denied

    @property
    def nothing(self) -> bool:
        """No instance at all."""
        return not self.allowed or self.denied.everywhere

    def holds(self, instance: str | None) -> bool:
        """Whether the permission is had for the instance, or for the type as a whole."""
        return self.allowed.hold(instance) and not self.denied.hold(instance)


WHOLE = Reach(EVERYWHERE)


class Rights:
    """What one subject has in a tenant: the permissions of its role, the grants that concern it, and its scopes.

    `scopes` None: all of it. The same rights narrowed by other scopes share what was worked out of the grants.
    """

    __slots__ = ("_reaches", "grants", "permissions", "role", "scopes")

    def __init__(
        self, role: str, permissions: Iterable[str], grants: Sequence[Grant] = (), scopes: frozenset[str] | None = None
    ) -> None:
        self.role = role
        self.permissions = frozenset(permissions)
        self.grants = tuple(grants)
        self.scopes = scopes
        self._reaches: dict[str, Reach] = {}

    def narrowed(self, scopes: frozenset[str] | None) -> Rights:
        """The same for a credential with these scopes."""
        if scopes is None and self.scopes is None:
            return self
        narrower = Rights(self.role, self.permissions, self.grants, scopes)
        narrower._reaches = self._reaches
        return narrower

    def in_scope(self, permission: str) -> bool:
        """Whether the credential may be used for it at all."""
        return self.scopes is None or any(covers(scope, permission) for scope in self.scopes)

    def reach(self, permission: str) -> Reach:
        """Where the subject has the permission; nowhere when its scopes leave it out."""
        if not self.in_scope(permission):
            return Reach()
        found = self._reaches.get(permission)
        if found is None:
            found = self._reaches[permission] = self._worked_out(permission)
        return found

    def _worked_out(self, permission: str) -> Reach:
        if permission not in ALL_PERMISSIONS:
            return Reach()
        about = [one for one in self.grants if concerns(one, permission)]
        allowed = EVERYWHERE
        if not any(covers(one, permission) for one in self.permissions):
            allowed = Places.of(one for one in about if one.effect is Effect.ALLOW)
        if self.role == _UNBOUND:
            return Reach(allowed)
        return Reach(allowed, Places.of(one for one in about if one.effect is Effect.DENY))


def role_permissions(role: str, made: frozenset[str] | None = None) -> frozenset[str]:
    """Those of a built-in role, or those that the tenant gave to a role of its own; none for an unknown one."""
    return PERMISSIONS.get(role) or made or frozenset()


def expand(patterns: Iterable[str]) -> frozenset[str]:
    """The permissions that these names, `kind:*` and `*` cover today."""
    wanted = tuple(patterns)
    return frozenset(one for one in ALL_PERMISSIONS if any(covers(pattern, one) for pattern in wanted))


def resource_of(permission: str) -> str:
    """The type of resource that a permission (or `kind:*`) is about."""
    kind = permission.partition(":")[0]
    return _RESOURCE_OF.get(kind, kind)


def resource_types() -> frozenset[str]:
    """All types that permissions are about."""
    return frozenset(resource_of(one) for one in ALL_PERMISSIONS)


def covers(pattern: str, permission: str) -> bool:
    """`run:start`, `run:*` and `*` cover run:start."""
    return pattern in (permission, "*") or (pattern.endswith(":*") and permission.startswith(pattern[:-1]))


def concerns(grant: Grant, permission: str) -> bool:
    """Whether the grant is about the permission, at some instance."""
    return covers(grant.permission, permission) and resource_of(permission) == grant.resource


def decide(rights: Rights, permission: str, resource: Resource) -> Decision:
    """Whether the subject may, with the rule that decided."""
    if resource.type != resource_of(permission) or permission not in ALL_PERMISSIONS:
        return _UNKNOWN
    if not rights.in_scope(permission):
        return _OUT_OF_SCOPE
    reach = rights.reach(permission)
    if reach.denied.hold(resource.instance):
        return _DENIED
    return _ALLOWED if reach.allowed.hold(resource.instance) else _DEFAULT


def require(rights: Rights, permission: str, resource: Resource) -> None:
    """Forbidden unless the subject may."""
    decision = decide(rights, permission, resource)
    if not decision.allowed:
        raise Forbidden(
            f"The role {rights.role} may not do {permission} on {resource}: {decision.rules[-1].reason} "
            "Ask an admin of the tenant for it, or see POST /v1/authorization/explain."
        )


def explain(rights: Rights, permission: str, resource: Resource) -> Decision:
    """The same answer as `decide`, with every rule looked at, in order: scopes, denies, role, allows, default."""
    denies = [one for one in rights.grants if one.effect is Effect.DENY]
    allows = [one for one in rights.grants if one.effect is Effect.ALLOW]
    rules = [
        _scope_rule(rights, permission),
        *(_grant_rule(rights, one, permission, resource) for one in denies),
        _role_rule(rights, permission, resource),
        *(_grant_rule(rights, one, permission, resource) for one in allows),
    ]
    against = any(rule.applies for rule in rules if rule.effect is Effect.DENY)
    known = permission in ALL_PERMISSIONS and resource.type == resource_of(permission)
    allowed = known and not against and any(rule.applies for rule in rules if rule.source != "scope" and not against)
    last = Rule("default", Effect.DENY, False, "Another rule decided.")
    if not allowed and not against:
        last = _DEFAULT.rules[0] if known else _UNKNOWN.rules[0]
    rules.append(last)
    return Decision(allowed, tuple(rules))


def _scope_rule(rights: Rights, permission: str) -> Rule:
    if rights.scopes is None:
        return Rule("scope", Effect.DENY, False, "The credential is not narrowed by scopes.")
    if rights.in_scope(permission):
        return Rule("scope", Effect.DENY, False, f"The scopes of the credential hold {permission}.")
    return Rule("scope", Effect.DENY, True, f"The scopes of the credential do not hold {permission}.")


def _role_rule(rights: Rights, permission: str, resource: Resource) -> Rule:
    has = any(covers(one, permission) for one in rights.permissions) and resource.type == resource_of(permission)
    says = "has" if has else "does not have"
    return Rule("role", Effect.ALLOW, has, f"The role {rights.role} {says} {permission}.")


def _grant_rule(rights: Rights, grant: Grant, permission: str, resource: Resource) -> Rule:
    def rule(applies: bool, reason: str) -> Rule:
        told = f"{grant.effect.value.capitalize()} {grant.permission} on {grant.place} for {grant.subject_kind} "
        return Rule("grant", grant.effect, applies, f"{told}{grant.subject}: {reason}", grant.id)

    if not concerns(grant, permission):
        return rule(False, f"it is not about {permission}.")
    if resource.type != grant.resource or not Places.of([grant]).hold(resource.instance):
        return rule(False, f"it is not about {resource}.")
    if grant.effect is Effect.DENY and rights.role == _UNBOUND:
        return rule(False, "denies do not bind owners.")
    return rule(True, f"it is about {permission} on {resource}.")


def _answer(allowed: bool, source: str, reason: str) -> Decision:
    return Decision(allowed, (Rule(source, Effect.ALLOW if allowed else Effect.DENY, True, reason),))


_ALLOWED = _answer(True, "role", "The role or a grant allows it.")
_DENIED = _answer(False, "grant", "A grant denies it.")
_OUT_OF_SCOPE = _answer(False, "scope", "The scopes of the credential leave it out.")
_UNKNOWN = _answer(False, "default", "There is no such permission for this type of resource.")
_DEFAULT = _answer(False, "default", "No role and no grant allows it.")
