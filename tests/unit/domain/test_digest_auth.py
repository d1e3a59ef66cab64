"""Digest authentication: the examples of RFC 7616 (3.9.1) and RFC 2617 (3.5)."""

from __future__ import annotations

import pytest

from models.domain.digest_auth import authorization, challenge_of

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", '
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def test_the_best_challenge_is_answered_as_in_rfc_7616() -> None:
    challenge = challenge_of(RFC_7616)
    assert challenge is not None
    assert challenge["algorithm"] == "SHA-256"
    header = authorization(challenge, "GET", "/dir/index.html", "Mufasa", "Circle of Life", NONCE)
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in header
    assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in header
    assert "qop=auth, nc=00000001" in header
    md5 = challenge_of(RFC_7616.partition(", Digest")[2].join(("Digest", "")))
    assert md5 is not None
    header = authorization(md5, "GET", "/dir/index.html", "Mufasa", "Circle of Life", NONCE)
    assert 'response="8ca523f5e9506fed4657c9700eebdbec"' in header


def test_as_in_rfc_2617() -> None:
    challenge = challenge_of(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", opaque="5cc", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    assert challenge is not None
    header = authorization(challenge, "GET", "/dir/index.html", "Mufasa", "Circle Of Life", "0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in header


def test_without_qop_there_is_no_nonce_of_ours() -> None:
    challenge = challenge_of('Digest realm="r", nonce="n"')
    assert challenge is not None
    header = authorization(challenge, "GET", "/", 'a"b', "p", "c")
    assert "cnonce" not in header
    assert 'username="a\\"b"' in header


@pytest.mark.parametrize(
    "header",
    ["", "Basic realm=x", 'Digest realm="r"', 'Digest realm="r", nonce="n", algorithm=SHA-1',
     'Digest realm="r", nonce="n", qop="auth-int"'],
)  # fmt: skip
def test_challenges_that_cannot_be_answered(header: str) -> None:
    assert challenge_of(header) is None
