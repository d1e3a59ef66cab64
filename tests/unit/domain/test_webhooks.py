"""Deliveries are genuine when the holder of the secret signed these very bytes, and lately."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.errors import InvalidInput
from models.domain.events import parse_event
from models.domain.webhooks import Scheme, check_secret, is_genuine, to_event

# The example of GitHub's documentation ("Validating webhook deliveries").
GITHUB_SECRET = "It's a Secret to Everybody"
GITHUB_BODY = b"Hello, World!"
GITHUB_SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
GITHUB_HEADERS = {"x-hub-signature-256": GITHUB_SIGNATURE, "x-github-delivery": "d-1", "x-github-event": "push"}

# The example that the Standard Webhooks libraries test themselves with.
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD_HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
STANDARD_NOW = datetime.fromtimestamp(1614265330, UTC)


def github(headers: dict[str, str] | None = None, body: bytes = GITHUB_BODY, secret: str = GITHUB_SECRET) -> bool:
    return is_genuine(Scheme.GITHUB, secret, GITHUB_HEADERS if headers is None else headers, body, STANDARD_NOW, 300)


def standard(
    headers: dict[str, str] | None = None,
    body: bytes = STANDARD_BODY,
    secret: str = STANDARD_SECRET,
    now: datetime = STANDARD_NOW,
) -> bool:
    return is_genuine(Scheme.STANDARD, secret, STANDARD_HEADERS if headers is None else headers, body, now, 300)


def signed(body: bytes, at: datetime = STANDARD_NOW, message_id: str = "msg_1") -> dict[str, str]:
    """Headers as a sender makes them."""
    key = base64.b64decode(STANDARD_SECRET.removeprefix("whsec_"))
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def test_the_published_examples_are_genuine() -> None:
    assert github()
    assert standard()


@pytest.mark.parametrize(
    "change",
    [
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": GITHUB_SIGNATURE[:-1] + "0"},
        {"x-hub-signature-256": GITHUB_SIGNATURE.upper()},
        {"x-hub-signature-256": GITHUB_SIGNATURE.removeprefix("sha256=")},
        {"x-hub-signature-256": "sha1=" + GITHUB_SIGNATURE[7:]},
        {"x-hub-signature-256": GITHUB_SIGNATURE + " "},
        {"x-hub-signature-256": "sha256=é"},
        {"x-github-delivery": ""},
        {"x-github-event": ""},
    ],
)
def test_forged_github_deliveries_are_refused(change: dict[str, str]) -> None:
    assert not github({**GITHUB_HEADERS, **change})


@pytest.mark.parametrize("missing", list(GITHUB_HEADERS))
def test_github_deliveries_without_a_header_are_refused(missing: str) -> None:
    assert not github({name: value for name, value in GITHUB_HEADERS.items() if name != missing})


def test_other_bytes_or_another_secret_are_refused() -> None:
    assert not github(body=b"Hello, World! ")
    assert not github(secret="another")
    assert not github(secret="")
    assert not standard(body=b'{"test":2432232314}')
    assert not standard(body=b'{"test": 2432232314}\n')
    assert not standard(secret="whsec_" + base64.b64encode(b"x" * 24).decode())


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_standard_deliveries_without_a_header_are_refused(header: str) -> None:
    assert not standard({name: value for name, value in STANDARD_HEADERS.items() if name != header})
    assert not standard({**STANDARD_HEADERS, header: ""})
    assert not standard({**STANDARD_HEADERS, header: "x"})


@pytest.mark.parametrize(
    "signature",
    ["g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1,", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
     "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
     "v1 g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1,é"],
)  # fmt: skip
def test_wrong_signatures_are_refused(signature: str) -> None:
    assert not standard({**STANDARD_HEADERS, "webhook-signature": signature})


@pytest.mark.parametrize("place", [0, 1, 2])
def test_while_a_key_is_rotated_any_signature_may_be_the_right_one(place: int) -> None:
    signatures = ["v1,AAAA", "v1a,BBBB"]
    signatures.insert(place, STANDARD_HEADERS["webhook-signature"])
    assert standard({**STANDARD_HEADERS, "webhook-signature": " ".join(signatures)})


@pytest.mark.parametrize(
    ("seconds", "genuine"), [(0, True), (300, True), (301, False), (-300, True), (-301, False), (10**6, False)]
)
def test_old_and_future_deliveries_are_refused(seconds: int, genuine: bool) -> None:
    assert standard(now=STANDARD_NOW + timedelta(seconds=seconds)) is genuine


@pytest.mark.parametrize(
    "timestamp", ["1614265330.0", "+1614265330", " 1614265330", "１６１４２６５３３０", "1e9", "-1", "9" * 40]
)
def test_a_timestamp_that_is_no_number_is_refused_even_if_signed(timestamp: str) -> None:
    key = base64.b64decode(STANDARD_SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"m.{timestamp}.".encode() + STANDARD_BODY, hashlib.sha256).digest()
    headers = {"webhook-id": "m", "webhook-timestamp": timestamp,
               "webhook-signature": "v1," + base64.b64encode(digest).decode()}  # fmt: skip
    assert not standard(headers)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_only_the_signed_bytes_are_genuine(sent: bytes, received: bytes) -> None:
    assert standard(signed(sent), body=received) is (sent == received)


@given(
    st.dictionaries(st.sampled_from([*GITHUB_HEADERS, *STANDARD_HEADERS]), st.text(max_size=30)), st.binary(max_size=20)
)
def test_any_headers_are_answered(headers: dict[str, str], body: bytes) -> None:
    assert not github(headers, body)
    assert not standard(headers, body)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_short", "whsec_" + "A" * 20, "not base64 !", "whsec_" + "A" * 500, "é"]
)
def test_unusable_secrets_are_refused(secret: str) -> None:
    with pytest.raises(InvalidInput):
        check_secret(Scheme.STANDARD, secret)


def test_usable_secrets() -> None:
    check_secret(Scheme.STANDARD, STANDARD_SECRET)
    check_secret(Scheme.GITHUB, "any text")


# ---------------------------------------------------------------- events


@pytest.mark.parametrize(
    ("payload", "subject"),
    [
        ({"repository": {"full_name": "a/b"}, "organization": {"login": "o"}}, "a/b"),
        ({"organization": {"login": "o"}}, "o"),
        ({"repository": {"full_name": 5}}, None),
        ({"repository": "x"}, None),
        ([1], None),
        (None, None),
        ({"repository": {"full_name": "x" * 2000}}, None),
    ],
)
def test_a_github_delivery_becomes_an_event(payload: Any, subject: str | None) -> None:
    event = to_event(Scheme.GITHUB, "gh", GITHUB_HEADERS, payload)
    assert (event["id"], event["type"], event["source"]) == ("d-1", "com.github.push", "/hooks/gh")
    assert event.get("subject") == subject
    assert event["data"] == payload
    parse_event(event, STANDARD_NOW)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"type": "invoice.paid"}, "invoice.paid"),
        ({"type": ""}, "webhook.received"),
        ({"type": 5}, "webhook.received"),
        ({"type": "io.serverlessworkflow.workflow.completed.v1"}, "webhook.received"),
        ({}, "webhook.received"),
        ("text", "webhook.received"),
    ],
)
def test_a_standard_delivery_becomes_an_event(payload: Any, kind: str) -> None:
    event = to_event(Scheme.STANDARD, "billing", STANDARD_HEADERS, payload)
    assert (event["id"], event["type"]) == (STANDARD_HEADERS["webhook-id"], kind)
    parse_event(json.loads(json.dumps(event)), STANDARD_NOW)
