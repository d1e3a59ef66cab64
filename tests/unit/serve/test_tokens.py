"""Access tokens: ours are taken, anything else is refused, whatever it claims."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey, RSAKey

from models.domain.clock import ManualClock
from models.domain.errors import Unauthenticated
from models.domain.identity import Principal
from models.domain.ids import uuid7
from serve.auth.gate import Gate
from serve.auth.tokens import ALGORITHM, TokenKeys, generate_keys, issue, verify
from tests.unit.serve.api import Api, assert_problem

CLOCK = ManualClock()
SOURCE = generate_keys()
KEYS = TokenKeys.from_json(SOURCE)
PRINCIPAL = Principal(uuid7(), uuid7(), "owner", uuid7())


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def good(**more: Any) -> str:
    return issue(KEYS, PRINCIPAL, CLOCK.now(), more.pop("seconds", 900), *more.pop("audiences", ("tidewire-api",)))


def signed(claims: dict[str, Any], header: dict[str, Any] | None = None, key: Any = None) -> str:
    """Well signed with our key (or another one), whatever it says."""
    head = {"alg": ALGORITHM, "kid": KEYS.active, "typ": "at+jwt", **(header or {})}
    return jwt.encode(head, claims, key or KEYS.signing(), algorithms=["Ed25519", "EdDSA", "HS256", "RS256"])


CLAIMS = decoded(good().split(".")[1])
PUBLIC = KEYS.public()[0]


def unsigned(alg: str) -> str:
    return f"{encoded({'alg': alg, 'kid': KEYS.active, 'typ': 'at+jwt'})}.{encoded(CLAIMS)}."


def confused() -> str:
    """HMAC with our public key as the secret."""
    key = OctKey.import_key(base64.urlsafe_b64decode(PUBLIC["x"] + "="))
    return signed(CLAIMS, {"alg": "HS256"}, key)


def changed(**claims: Any) -> str:
    head, _, signature = good().split(".")
    return f"{head}.{encoded({**CLAIMS, **claims})}.{signature}"


def of_stranger(header: dict[str, Any] | None = None) -> str:
    return signed(CLAIMS, header, OKPKey.generate_key("Ed25519"))


def own_jwk() -> str:
    key = OKPKey.generate_key("Ed25519")
    return signed(CLAIMS, {"jwk": key.as_dict(private=False)}, key)


def critical() -> str:
    """Well signed, with a critical extension that nobody here knows."""
    head = encoded({"alg": ALGORITHM, "kid": KEYS.active, "typ": "at+jwt", "crit": ["twist"], "twist": 1})
    content = f"{head}.{encoded(CLAIMS)}"
    return f"{content}.{encoded(KEYS.signing().private_key.sign(content.encode()))}"


FORGERIES: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned("none"),
    "alg None": lambda: unsigned("None"),
    "alg empty": lambda: unsigned(""),
    "no signature": lambda: good().rpartition(".")[0] + ".",
    "algorithm confusion": confused,
    "RSA": lambda: signed(CLAIMS, {"alg": "RS256"}, RSAKey.generate_key(2048)),
    "a stranger's key": of_stranger,
    "a stranger's key named by kid": lambda: of_stranger({"kid": KEYS.active}),
    "a key of its own in the header": own_jwk,
    "kid as a path": lambda: of_stranger({"kid": "../../dev/null"}),
    "kid as SQL": lambda: of_stranger({"kid": "' OR 1=1 --"}),
    "kid unknown": lambda: signed(CLAIMS, {"kid": "nobody"}),
    "kid missing": lambda: jwt.encode({"alg": ALGORITHM, "typ": "at+jwt"}, CLAIMS, KEYS.signing(), [ALGORITHM]),
    "kid of another type": lambda: f"{encoded({'alg': ALGORITHM, 'kid': [KEYS.active]})}.{encoded(CLAIMS)}.AAAA",
    "jku": lambda: of_stranger({"jku": "http://127.0.0.1:1/keys"}),
    "x5u": lambda: of_stranger({"x5u": "http://127.0.0.1:1/cert"}),
    "crit": critical,
    "another type": lambda: signed(CLAIMS, {"typ": "JWT"}),
    "claims changed": lambda: changed(role="admin"),
    "expired": lambda: signed({**CLAIMS, "exp": int(CLOCK.now().timestamp())}),
    "no expiry": lambda: signed({key: value for key, value in CLAIMS.items() if key != "exp"}),
    "expiry as a text": lambda: signed({**CLAIMS, "exp": "9999999999"}),
    "expiry as a fraction": lambda: signed({**CLAIMS, "exp": 9e15}),
    "expiry true": lambda: signed({**CLAIMS, "exp": True}),
    "another issuer": lambda: signed({**CLAIMS, "iss": "somebody"}),
    "no audience": lambda: signed({key: value for key, value in CLAIMS.items() if key != "aud"}),
    "audience as a text": lambda: signed({**CLAIMS, "aud": "tidewire-api"}),
    "for the push gateway": lambda: good(audiences=("tidewire-push",)),
    "user is no id": lambda: signed({**CLAIMS, "sub": "root"}),
    "user missing": lambda: signed({key: value for key, value in CLAIMS.items() if key != "sub"}),
    "user is a number": lambda: signed({**CLAIMS, "sub": 7}),
    "claims are a list": lambda: f"{good().split('.')[0]}.{encoded([1])}.{good().split('.')[2]}",
    "empty": lambda: "",
    "dots": lambda: "..",
    "four parts": lambda: good() + ".AAAA",
    "not ASCII": lambda: good()[:-1] + "é",
    "spaces": lambda: good().replace(".", " . "),
    "too long": lambda: good() + "A" * 5000,
    "deep header": lambda: f"{encoded(b'[' * 3000)}.{encoded(CLAIMS)}.AAAA",
    "signature of other bytes": lambda: good()[:-4] + ("AAAA" if good()[-4:] != "AAAA" else "BBBB"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_are_refused(name: str) -> None:
    with pytest.raises(Unauthenticated):
        verify(KEYS, FORGERIES[name](), CLOCK.now(), "tidewire-api")


def test_ours_is_taken_until_the_second_it_expires() -> None:
    token = good(seconds=60)
    principal, expires = verify(KEYS, token, CLOCK.now(), "tidewire-api")
    assert principal == PRINCIPAL
    assert expires == int(CLOCK.now().timestamp()) + 60


def test_keys_can_be_changed_while_tokens_live() -> None:
    new = json.loads(generate_keys())["keys"][0]
    both = TokenKeys.from_json(json.dumps({"keys": [new, *json.loads(SOURCE)["keys"]]}))
    assert verify(both, good(), CLOCK.now(), "tidewire-api")[0] == PRINCIPAL
    fresh = issue(both, PRINCIPAL, CLOCK.now(), 60, "tidewire-api")
    assert decoded(fresh.split(".")[0])["kid"] == new["kid"]
    with pytest.raises(Unauthenticated):
        verify(KEYS, fresh, CLOCK.now(), "tidewire-api")


def test_public_keys_have_nothing_private() -> None:
    assert set(PUBLIC) <= {"kty", "crv", "x", "kid", "alg", "use"}


@given(st.text(max_size=300))
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(Unauthenticated):
        verify(KEYS, text, CLOCK.now(), "tidewire-api")


@given(st.data())
def test_no_changed_character_goes_unnoticed(data: st.DataObject) -> None:
    token = good()
    place = data.draw(st.integers(0, len(token) - 2))
    other = data.draw(st.sampled_from("ABCxyz019-_."))
    forged = token[:place] + other + token[place + 1 :]
    if forged == token:
        return
    with pytest.raises(Unauthenticated):
        verify(KEYS, forged, CLOCK.now(), "tidewire-api")


def test_a_remembered_token_still_expires_and_ended_sessions_stay_out() -> None:
    clock = ManualClock()
    gate = Gate(KEYS, clock, remembered=2)
    token = issue(KEYS, PRINCIPAL, clock.now(), 60, "tidewire-api")
    assert gate.admit_token(token) == PRINCIPAL
    assert gate.admit_token(token) == PRINCIPAL
    gate.end([PRINCIPAL.session_id])
    with pytest.raises(Unauthenticated, match="ended"):
        gate.admit_token(token)
    # A list that was read before the end must not let it in again; one that has it takes over.
    gate.replace_ended([])
    with pytest.raises(Unauthenticated, match="ended"):
        gate.admit_token(token)
    gate.replace_ended([PRINCIPAL.session_id])
    gate.replace_ended([])
    assert gate.admit_token(token) == PRINCIPAL
    clock.advance(60)
    with pytest.raises(Unauthenticated, match="expired"):
        gate.admit_token(token)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer"])
async def test_headers_without_a_token_are_refused(api: Api, header: str) -> None:
    assert_problem(await api.http.get("/v1/me", headers={"authorization": header}), 401)


async def test_the_scheme_has_no_case(api: Api) -> None:
    assert (await api.http.get("/v1/me", headers={"authorization": f"bEaReR {api.owner.token}"})).status_code == 200


async def test_the_published_keys_verify_our_tokens(api: Api) -> None:
    answer = await api.http.get("/.well-known/jwks.json")
    key = OKPKey.import_key(answer.json()["keys"][0])
    assert jwt.decode(api.owner.token, key, [ALGORITHM]).claims["sub"] == str(api.owner.principal.user_id)
    assert answer.headers["cache-control"] == "public, max-age=300"
