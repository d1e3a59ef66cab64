"""Checks of what constructs of the DSL share: durations, endpoints, authentication, data flow, errors, events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.domain.dsl.durations import parse_duration
from models.domain.dsl.schemas import Schema
from models.domain.dsl.validation_shapes import (
    EXPRESSION,
    Place,
    choice,
    clip,
    condition,
    either,
    kind_of,
    listing,
    mapping,
    matching,
    or_expression,
    reference,
    shape,
    template,
    text,
    value,
    whole,
    words,
)
from models.domain.errors import InvalidDefinition
from models.domain.event_filters import check_pattern, needs_pattern
from models.domain.events import RESERVED_TYPES

VARIABLES = frozenset({"context", "input", "output", "secrets", "authorization", "task", "workflow", "runtime"})
_VARIABLE = "[A-Za-z_][A-Za-z0-9_]*"
_URI = r"[A-Za-z][A-Za-z0-9+\-.]*://\S*"

variable = matching(_VARIABLE, "a variable name (letters, digits and _, without $)")
uri = or_expression(matching(_URI, "an absolute URI such as https://example.com/path"))
error_status = whole(100, 599)


def fixed_duration(place: Place, node: Any) -> None:
    """A duration that is known before anything runs."""
    try:
        parse_duration(node)
    except ValueError as error:
        place.fault(f"This is no duration: {error}.")


def duration(place: Place, node: Any) -> None:
    """A duration, or an expression that gives one."""
    or_expression(fixed_duration)(place, node)


named_timeout = shape({"after": duration}, ["after"])
timeout = either(reference("timeouts", "timeout"), named_timeout)

# ---------------------------------------------------------------- authentication

_secret = reference("secrets", "secret")
_token = shape({"token": template, "type": template}, ["token", "type"])
_CLIENT_AUTHENTICATION = ("client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none")
_GRANTS = (
    "client_credentials", "password", "refresh_token",
    "urn:ietf:params:oauth:grant-type:token-exchange",
)  # fmt: skip
_ENCODINGS = ("application/x-www-form-urlencoded", "application/json")


def _grant(place: Place, node: Any) -> None:
    if node == "authorization_code":
        place.fault("authorization_code needs a person to sign in; a workflow uses one of the other grants.")
    else:
        choice(*_GRANTS)(place, node)


_OPENID = {
    "authority": uri,
    "grant": _grant,
    "client": shape({
        "id": template,
        "secret": template,
        "assertion": template,
        "authentication": choice(*_CLIENT_AUTHENTICATION),
    }),
    "request": shape({"encoding": choice(*_ENCODINGS)}),
    "issuers": listing(template),
    "scopes": listing(template),
    "audiences": listing(template),
    "username": template,
    "password": template,
    "subject": _token,
    "actor": _token,
}  # fmt: skip
_ENDPOINTS = shape({"token": text, "revocation": text, "introspection": text})
_USER = shape({"username": template, "password": template}, ["username", "password"])
_POLICIES = {
    "basic": _USER,
    "bearer": shape({"token": template}, ["token"]),
    "digest": _USER,
    "oauth2": shape({**_OPENID, "endpoints": _ENDPOINTS}),
    "oidc": shape(_OPENID),
}


def _policy(place: Place, node: Any, kind: str) -> None:
    if isinstance(node, dict) and "use" in node:
        shape({"use": _secret})(place, node)
    else:
        _POLICIES[kind](place, node)


def authentication(place: Place, node: Any) -> None:
    """A policy of one kind."""
    checks = {kind: _as_policy(kind) for kind in _POLICIES}
    shape(checks, one_of=tuple(checks))(place, node)


def _as_policy(kind: str) -> Any:
    return lambda place, node: _policy(place, node, kind)


def referable_authentication(place: Place, node: Any) -> None:
    """A policy, or the name of one."""
    if isinstance(node, dict) and "use" in node:
        shape({"use": reference("authentications", "authentication")})(place, node)
    else:
        authentication(place, node)


endpoint = either(uri, shape({"uri": uri, "authentication": referable_authentication}, ["uri"]))
resource = shape({"name": text, "endpoint": endpoint}, ["endpoint"])

# ---------------------------------------------------------------- data flow

_transform = either(condition, value)


def _transformation(place: Place, node: Any) -> None:
    if isinstance(node, str | dict):
        _transform(place, node)
    else:
        place.fault(f"Write a jq expression or an object here, not {kind_of(node)}.")


def _schema_document(place: Place, node: Any) -> None:
    if not isinstance(node, dict | bool):
        return place.fault(f"Write a JSON Schema (an object) here, not {kind_of(node)}.")
    try:
        Schema(node)
    except InvalidDefinition as error:
        place.fault(clip(error.detail, 300))
    except (TypeError, ValueError, AttributeError, RecursionError):
        place.fault("This is no JSON Schema.")


_FORMAT = matching("json(:.*)?", "json, the only schema format that is known")
_schema = shape(
    {"format": _FORMAT, "document": _schema_document, "resource": resource}, one_of=("document", "resource")
)
input_ = shape({"schema": _schema, "from": _transformation})
output = shape({"schema": _schema, "as": _transformation})

# ---------------------------------------------------------------- errors and retries

error = shape(
    {
        "type": uri,
        "status": error_status,
        "instance": or_expression(matching("(/.*)?", "a JSON pointer such as /do/0/name")),
        "title": template,
        "detail": template,
    },
    ["type", "status"],
)
error_filter = shape(
    {
        "type": template,
        "status": or_expression(error_status),
        "instance": template,
        "title": template,
        "details": template,
        "detail": template,
    },
    not_empty=True,
)


def _jitter(place: Place, node: Any) -> None:
    shape({"from": duration, "to": duration}, ["from", "to"])(place, node)
    try:
        backwards = parse_duration(node["from"]) > parse_duration(node["to"])
    except (ValueError, KeyError, TypeError):
        return  # told above, or computed when it runs
    if backwards:
        place.fault('"from" must not be longer than "to".')


_backoff_kind = shape({}, is_open=True)
_BACKOFFS = {"constant": _backoff_kind, "exponential": _backoff_kind, "linear": _backoff_kind}
retry_policy = shape({
    "when": condition,
    "exceptWhen": condition,
    "delay": duration,
    "backoff": shape(_BACKOFFS, one_of=tuple(_BACKOFFS)),
    "limit": shape({
        "attempt": shape({"count": whole(0, 1_000_000), "duration": duration}),
        "duration": duration,
    }),
    "jitter": _jitter,
})  # fmt: skip

# ---------------------------------------------------------------- events


def _literal_time(place: Place, node: Any) -> None:
    try:
        known = datetime.fromisoformat(node).tzinfo is not None
    except (TypeError, ValueError):
        known = False
    if not known:
        place.fault(f"Write an RFC 3339 time with an offset, such as 2026-01-31T12:00:00Z, not {kind_of(node)}.")


def _event_type(place: Place, node: Any) -> None:
    words(place, node)
    if isinstance(node, str) and node.startswith(RESERVED_TYPES):
        place.fault(f"Types that begin with {' or '.join(RESERVED_TYPES)} are told by Tidewire itself; choose another.")


_attribute = matching("[a-z0-9]{1,64}", "lower-case letters and digits as the name of an event attribute")
_EMITTED = {
    "id": or_expression(words),
    "source": or_expression(matching(r"\S+", "a URI such as https://example.com/orders")),
    "type": or_expression(_event_type),
    "time": or_expression(_literal_time),
    "subject": or_expression(words),
    "datacontenttype": or_expression(words),
    "dataschema": or_expression(matching(r"\S+", "a URI such as https://example.com/schemas/order")),
    "data": value,
    "specversion": choice("1.0"),
}


def emitted_event(place: Place, node: Any) -> None:
    """The properties of an event to emit."""
    shape(_EMITTED, ["source", "type"], is_open=True)(place, node)
    if isinstance(node, dict):
        for name in node.keys() - _EMITTED.keys():
            _attribute(place.at(name), name)
            _extension_value(place.at(name), node[name])


def _extension_value(place: Place, node: Any) -> None:
    if isinstance(node, dict | list | float | None):
        place.fault(f"An event attribute is text, a whole number or a boolean, not {kind_of(node)}.")
    else:
        value(place, node)


def _filter_attribute(place: Place, node: Any) -> None:
    if isinstance(node, str) and not EXPRESSION.fullmatch(node) and needs_pattern(node):
        try:
            check_pattern(node)
        except ValueError as why:
            place.fault(f"This pattern cannot be used: {why}.")
    else:
        value(place, node)


def _filtered_attributes(place: Place, node: Any) -> None:
    shape({"data": value}, is_open=True, not_empty=True)(place, node)
    if isinstance(node, dict):
        for name, wanted in node.items():
            _attribute(place.at(name), name)
            if name != "data":
                _filter_attribute(place.at(name), wanted)


def _correlation(place: Place, node: Any) -> None:
    mapping(shape({"from": condition, "expect": template}, ["from"]))(place, node)


event_filter = shape({"with": _filtered_attributes, "correlate": _correlation}, ["with"])


def _until(place: Place, node: Any) -> None:
    if isinstance(node, str):
        condition(place, node)
    elif isinstance(node, dict) and "until" in node:
        place.at("until").fault('An "until" inside "until" is not possible; remove it.')
    else:
        event_strategy(place, node)


def event_strategy(place: Place, node: Any) -> None:
    """Which events are consumed: one, any of some, or all of some."""
    fields = {"one": event_filter, "any": listing(event_filter), "all": listing(event_filter), "until": _until}
    shape(fields, one_of=("one", "any", "all"))(place, node)
    if isinstance(node, dict) and "until" in node and "any" not in node:
        place.at("until").fault('"until" goes with "any" only; remove it.')
