"""The values of secrets, opened for one call, and what keeps them from coming back with its answer."""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

import orjson

from actors.ports import SecretStore
from actors.step_runner import StepError
from models.domain.clock import Clock
from models.domain.dsl.problems import problem
from models.domain.dsl.requests import logical_key
from models.domain.ports import OutboundCall, Sealer
from models.domain.secrets import SECRET_MARK, SecretReferences, claimed_runs, secret_context

_FRESH_SECONDS = 2.0
_MOST_KEPT = 5_000
# Shorter texts stand in answers by chance.
_SHORTEST_HIDDEN = 4
_HIDDEN = "***"
# What a policy that is kept as a secret has beside its secrets; errors may name it.
_PLAIN = frozenset(
    {"authority", "grant", "scopes", "audiences", "endpoints", "issuers", "type", "request", "authentication", "id"}
)


class Hidden:
    """Texts that must not come back; `clean` takes them out, in the forms in which they travel."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}

    def add(self, value: Any) -> None:
        """A secret: a text, or an object of texts."""
        if isinstance(value, Mapping):
            value = [self._secret_part(key, child) for key, child in value.items() if key not in _PLAIN]
        for text in _texts(value):
            if len(text) >= _SHORTEST_HIDDEN:
                encoded = (quote(text), quote(text, safe=""), quote_plus(text))
                plain = (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
                self._texts |= dict.fromkeys((*plain, *encoded, base64.b64encode(text.encode()).decode()))

    def clean(self, value: Any) -> Any:
        """The same JSON (or bytes) without them."""
        if not self._texts:
            return value
        if isinstance(value, str):
            return self._clean(value)
        if isinstance(value, bytes):
            for text in self._longest_first():
                value = value.replace(text.encode(), _HIDDEN.encode())
            return value
        if isinstance(value, dict):
            return {self.clean(key): self.clean(child) for key, child in value.items()}
        if isinstance(value, list):
            return [self.clean(child) for child in value]
        return value

    @staticmethod
    def _secret_part(key: str, child: Any) -> Any:
        if key == "client" and isinstance(child, Mapping):
            return [child.get(name) for name in ("secret", "assertion")]
        return child

    def _clean(self, text: str) -> str:
        for hidden in self._longest_first():
            text = text.replace(hidden, _HIDDEN)
        return text

    def _longest_first(self) -> list[str]:
        return sorted(self._texts, key=len, reverse=True)


class SecretValues:
    """Opens secrets of tenants; each value is kept for two seconds."""

    def __init__(self, store: SecretStore, sealer: Sealer, references: SecretReferences, clock: Clock) -> None:
        self._store, self._sealer, self._references, self._clock = store, sealer, references, clock
        self._kept: OrderedDict[tuple[UUID, str], tuple[float, Any]] = OrderedDict()

    async def value(self, tenant_id: UUID, name: str, hidden: Hidden) -> Any:
        """A text or an object of texts; StepError (configuration) when there is no such secret."""
        return (await self._open(tenant_id, [name], hidden))[name]

    async def resolved(self, tenant_id: UUID, call: OutboundCall, hidden: Hidden) -> Mapping[str, Any]:
        """The request with values in place of the references of this very step's run."""
        if SECRET_MARK.encode() not in orjson.dumps(call.request):
            return call.request
        runs = {
            run for text in _texts(call.request) for run in claimed_runs(text)
            if logical_key(run, (call.task, call.path)) == call.idempotency_key
        }  # fmt: skip
        if not runs:
            return call.request
        (run,) = runs
        names = {found.path[0] for text in _texts(call.request) for found in self._references.find(text, run)}
        values = await self._open(tenant_id, names, hidden)
        request: Mapping[str, Any] = self._filled(call.request, run, values)
        return request

    async def _open(self, tenant_id: UUID, names: Collection[str], hidden: Hidden) -> dict[str, Any]:
        now, values = self._clock.monotonic(), {}
        for name in names:
            kept = self._kept.get((tenant_id, name))
            if kept is not None and now - kept[0] < _FRESH_SECONDS:
                values[name] = kept[1]
        missing = [name for name in names if name not in values]
        sealed = await self._store.sealed(tenant_id, missing) if missing else {}
        for name in missing:
            if name not in sealed:
                told = f"There is no secret {name}; put one with PUT /v1/secrets/{name}."
                raise StepError(problem("configuration", told))
            values[name] = orjson.loads(self._sealer.open(sealed[name], secret_context(tenant_id, name)))
            self._kept[tenant_id, name] = (now, values[name])
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        for value in values.values():
            hidden.add(value)
        return values

    def _filled(self, node: Any, run: UUID, values: Mapping[str, Any]) -> Any:
        if isinstance(node, str):
            return self._filled_text(node, run, values)
        if isinstance(node, dict):
            return {key: self._filled(child, run, values) for key, child in node.items()}
        if isinstance(node, list):
            return [self._filled(child, run, values) for child in node]
        return node

    def _filled_text(self, text: str, run: UUID, values: Mapping[str, Any]) -> Any:
        if SECRET_MARK not in text:
            return text
        parts, at = [], 0
        for found in self._references.find(text, run):
            value = _member(values, found.path)
            if found.start == 0 and found.end == len(text):
                return value
            if not isinstance(value, str):
                told = f"The secret {found.path[0]} has members; name the one that goes into the text."
                raise StepError(problem("configuration", told))
            parts += [text[at : found.start], value]
            at = found.end
        return "".join([*parts, text[at:]])


def _member(values: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = values
    for depth, name in enumerate(path):
        if not isinstance(value, dict) or name not in value:
            told = f"The secret {path[0]} has no member {'.'.join(path[1 : depth + 1])}."
            raise StepError(problem("configuration", told))
        value = value[name]
    return value


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for child in node.values():
            yield from _texts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _texts(child)
