"""OAuth 2 token requests (RFC 6749, 7523, 8693) out of the policies of the DSL, and what their answers mean."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from models.domain.dsl.problems import Problem, problem

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_DISCOVERY = "/.well-known/openid-configuration"
_ASSERTION_SECONDS = 60
_DEFAULT_SECONDS = 300.0
_MARGIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A POST to a token endpoint."""

    uri: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and until when it is used (seconds of the clock that was handed in)."""

    value: str = field(repr=False)
    use_until: float
    refresh: str | None = field(default=None, repr=False)


def token_uri(policy: Mapping[str, Any]) -> str:
    """Where an `oauth2` policy gets tokens: the authority with the path of its token endpoint."""
    path = (policy.get("endpoints") or {}).get("token") or "/oauth2/token"
    return path if "://" in path else f"{_authority(policy).rstrip('/')}/{path.lstrip('/')}"


def discovery_uri(policy: Mapping[str, Any]) -> str:
    """Where an `oidc` policy finds the configuration of its provider."""
    authority = _authority(policy)
    return authority if _DISCOVERY in urlsplit(authority).path else authority.rstrip("/") + _DISCOVERY


def discovered_token_uri(configuration: Any) -> str:
    """The token endpoint that a provider tells; Problem when it tells none."""
    found = configuration.get("token_endpoint") if isinstance(configuration, dict) else None
    if not isinstance(found, str):
        raise refused("The OpenID configuration of the authority has no token_endpoint.")
    return found


def build(policy: Mapping[str, Any], uri: str, now: float, nonce: str, refresh: str | None = None) -> TokenRequest:
    """The request for a token; with `refresh`, for another one in place of an old one. `nonce` is unique.

    Problem when the policy lacks what its grant needs.
    """
    form = _grant(policy) if refresh is None else [("grant_type", "refresh_token"), ("refresh_token", refresh)]
    scopes = " ".join(map(str, policy.get("scopes") or ()))
    if scopes:
        form.append(("scope", scopes))
    if refresh is None:
        form += [("audience", str(audience)) for audience in policy.get("audiences") or ()]
    headers = {"accept": _JSON}
    form += _client(policy, uri, now, nonce, headers)
    if ((policy.get("request") or {}).get("encoding") or _FORM) == _JSON:
        headers["content-type"] = _JSON
        return TokenRequest(uri, headers, json.dumps(_grouped(form)).encode())
    headers["content-type"] = _FORM
    return TokenRequest(uri, headers, urlencode(form).encode())


def read(policy: Mapping[str, Any], status: int, body: bytes, now: float) -> Token:
    """The token of an answer; Problem of type authentication, authorization or communication when there is none."""
    answer = _object(body)
    if status >= 500 or status == 429:
        raise Problem(problem("communication", f"The authority answered {status}.", status=status))
    if not 200 <= status < 300:
        why = answer.get("error_description") or answer.get("error")
        told = f"The authority refused a token ({status}){f': {str(why)[:200]}' if why else ''}."
        raise Problem(problem("authorization" if status == 403 else "authentication", told))
    value = answer.get("access_token") or answer.get("id_token")
    if not isinstance(value, str) or not value:
        raise refused("The answer of the authority has no access_token.")
    _check_issuer(policy, value)
    seconds = answer.get("expires_in")
    lasts = float(seconds) if isinstance(seconds, int | float | str) and _is_number(seconds) else _DEFAULT_SECONDS
    again = answer.get("refresh_token")
    margin = min(_MARGIN_SECONDS, lasts / 10)
    return Token(value, now + lasts - margin, again if isinstance(again, str) else None)


def refused(detail: str) -> Problem:
    """An error of type authentication."""
    return Problem(problem("authentication", detail))


# ---------------------------------------------------------------- requests


def _authority(policy: Mapping[str, Any]) -> str:
    return _needed(policy, "authority")


def _grant(policy: Mapping[str, Any]) -> list[tuple[str, str]]:
    grant = policy.get("grant") or "client_credentials"
    form = [("grant_type", grant)]
    if grant == "password":
        form += [(name, _needed(policy, name)) for name in ("username", "password")]
    elif grant == "refresh_token":
        form.append(("refresh_token", _token_of(policy, "subject")[0]))
    elif grant == TOKEN_EXCHANGE:
        for name in ("subject", "actor"):
            if name == "subject" or policy.get(name):
                token, kind = _token_of(policy, name)
                form += [(f"{name}_token", token), (f"{name}_token_type", kind)]
    elif grant != "client_credentials":
        raise Problem(problem("configuration", f"The grant {grant} needs a person; a workflow cannot use it."))
    return form


def _token_of(policy: Mapping[str, Any], name: str) -> tuple[str, str]:
    found = policy.get(name)
    if not isinstance(found, Mapping) or not found.get("token"):
        raise Problem(problem("configuration", f'The grant needs "{name}" with a token.'))
    kind = found.get("type") or "access_token"
    return str(found["token"]), kind if ":" in kind else f"urn:ietf:params:oauth:token-type:{kind}"


def _client(
    policy: Mapping[str, Any], uri: str, now: float, nonce: str, headers: dict[str, str]
) -> list[tuple[str, str]]:
    client = policy.get("client") or {}
    method = client.get("authentication") or "client_secret_post"
    if not client.get("id"):
        return []
    name = str(client["id"])
    if method == "client_secret_basic":
        pair = f"{quote(name, safe='')}:{quote(_needed(client, 'secret'), safe='')}"
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return []
    if method == "client_secret_jwt":
        return _asserted(name, _signed(name, _needed(client, "secret"), uri, now, nonce))
    if method == "private_key_jwt":
        return _asserted(name, _needed(client, "assertion"))
    secret = [("client_secret", str(client["secret"]))] if client.get("secret") and method != "none" else []
    return [("client_id", name), *secret]


def _asserted(client: str, assertion: str) -> list[tuple[str, str]]:
    return [("client_id", client), ("client_assertion_type", _JWT_BEARER), ("client_assertion", assertion)]


def _signed(client: str, secret: str, uri: str, now: float, nonce: str) -> str:
    """A JWT by which the client shows that it knows its secret (RFC 7523)."""
    claims = {
        "iss": client, "sub": client, "aud": uri, "jti": nonce, "iat": int(now), "exp": int(now) + _ASSERTION_SECONDS,
    }  # fmt: skip
    text = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{text}.{_encoded(hmac.new(secret.encode(), text.encode(), 'sha256').digest())}"


def _part(value: Any) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _grouped(form: list[tuple[str, str]]) -> dict[str, Any]:
    grouped: dict[str, Any] = {}
    for name, value in form:
        known = grouped.get(name)
        grouped[name] = value if known is None else [*(known if isinstance(known, list) else [known]), value]
    return grouped


def _needed(policy: Mapping[str, Any], name: str) -> str:
    found = policy.get(name)
    if not isinstance(found, str) or not found:
        raise Problem(problem("configuration", f'The authentication needs "{name}".'))
    return found


# ---------------------------------------------------------------- answers


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_number(seconds: Any) -> bool:
    try:
        return 0 < float(seconds) < 1e9
    except ValueError:
        return False


def _check_issuer(policy: Mapping[str, Any], token: str) -> None:
    """The issuer of a JWT that came straight from the authority; other tokens do not tell theirs."""
    issuers = policy.get("issuers") or ()
    parts = token.split(".")
    if not issuers or len(parts) != 3:
        return
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    if issuer is not None and issuer not in issuers:
        raise refused("The token was issued by somebody who is not among the issuers.")
