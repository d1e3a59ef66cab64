"""Admits callers by access token or API key, as what they are in their tenant now, not when the token was made."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from models.domain.authorization import Rights
from models.domain.errors import Unauthenticated
from models.domain.factors import is_strong
from models.domain.identity import Credential, Principal
from serve.auth.access_directory import AccessDirectory, Entry
from serve.auth.gate import Gate
from serve.auth.keyring import PREFIX, Keyring


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, with the role of now, and what they may do with this credential.

    `lacks_factor`: the tenant requires a second factor that the session has not proved.
    """

    principal: Principal
    rights: Rights
    lacks_factor: bool = False


class Admission:
    """Every request goes through `admit`. Not for several threads."""

    def __init__(self, gate: Gate, keyring: Keyring, directory: AccessDirectory, remembered: int = 10_000) -> None:
        self._gate = gate
        self._keyring = keyring
        self._directory = directory
        self._remembered = remembered
        self._callers: OrderedDict[str, tuple[Principal, Entry, Caller]] = OrderedDict()

    async def admit(self, authorization: str) -> Caller:
        """The caller named by an Authorization header; Unauthenticated when there is none to trust."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        if token.startswith(PREFIX):
            principal = await self._keyring.admit(token)
        else:
            principal = self._gate.admit_token(token)
        entry = self._directory.known(principal) or await self._directory.find(principal)
        known = self._callers.get(token)
        if known is not None and known[0] is principal and known[1] is entry:
            return known[2]
        return self._remember(token, principal, entry)

    def _remember(self, token: str, principal: Principal, entry: Entry) -> Caller:
        needs_factor = entry.mfa_required and principal.credential is Credential.SESSION
        caller = Caller(
            replace(principal, role=entry.rights.role), entry.rights.narrowed(principal.scopes),
            needs_factor and not is_strong(principal.factors),
        )  # fmt: skip
        self._callers[token] = (principal, entry, caller)
        if len(self._callers) > self._remembered:
            self._callers.popitem(last=False)
        return caller
