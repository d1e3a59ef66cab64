"""Every spelling of an address that is not public is refused; what an operator allowed is not."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.egress import EgressPolicy, Target, is_public, parse_address, parse_target
from models.domain.errors import EgressRefused, InvalidInput

# Hosts that are addresses, in spellings that resolvers and browsers accept, and what they stand for.
SPELLINGS = {
    "127.0.0.1": ["127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.0.0.1", "0177.0.0.1",
                  "017700000001", "0x7f.1", "127.0.0.01", "0177.0x0.0.1", "127.0.0.1.",
                  "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "0x7f.0x0.0x0.0x1"],
    "0.0.0.0": ["0.0.0.0", "0", "0x0", "00", "0.0", "0x"],
    "10.0.0.1": ["10.0.0.1", "10.1", "167772161", "0xa000001", "012.0.0.1"],
    "192.168.1.1": ["192.168.1.1", "192.168.257", "3232235777", "0xc0a80101", "0300.0250.1.1"],
    "169.254.169.254": ["169.254.169.254", "2852039166", "0xa9fea9fe", "169.254.43518", "0251.0376.0251.0376"],
    "::1": ["[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0.0.0.1]"],
    "::ffff:127.0.0.1": ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]", "[0:0:0:0:0:ffff:7f00:1]"],
}  # fmt: skip

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
    "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1",
    "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "192.175.48.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::192.168.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::1",
    "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::",
    "2002:808:808::1", "2620:4f:8000::1", "3ffe::1", "3fff::1", "5f00::1", "fc00::1", "fd00::1", "fd12:3456:789a::1",
    "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "ff00::1", "ff02::1", "ff0e::1", "4000::1", "8000::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2001:4860::8888", "2003::1",
    "64:ff9b::8.8.8.8", "64:ff9b::101:101",
]  # fmt: skip

MALFORMED = [
    "", " ", "http://", "http:///path", "//host", "host", "/path", "http:host", "http:/host", "ftp://host/",
    "file:///etc/passwd",
    "gopher://host:70/", "javascript:alert(1)", "data:text/plain,x", "unix:///var/run/x.sock", "ws://host",
    "httpx://host",
    "http://user@host/", "http://user:pass@host/", "http://@host/", "http://host@127.0.0.1/", "http://127.0.0.1@host/",
    "http://public.example:80@10.0.0.1/", "http://a b/", "http://host\t/", "http://host\n.example/",
    "http://host\r\nX: y/",
    "http://host\\@evil.example/", "http://host\\.example/", "http:\\\\host\\", "http://ho\x00st/", "http://host\x7f/",
    "http://host:99999/", "http://host:0/", "http://host:-1/", "http://host:80a/", "http://host:/", "http://host:8 0/",
    "http://[::1/", "http://::1/", "http://[::1]x/", "http://[::1]:x/", "http://x[::1]/", "http://[[::1]]/", "http://[]/",
    "http://host#@127.0.0.1:x@y/\x00", " http://host/", "http://host/ ", "http://%31%32%37.0.0.1@x/", "http:// host/",
]  # fmt: skip


@pytest.mark.parametrize("url", MALFORMED)
def test_malformed_addresses_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        parse_target(url)


@pytest.mark.parametrize(("address", "host"), [(a, host) for a, hosts in SPELLINGS.items() for host in hosts])
@pytest.mark.parametrize("pattern", ["http://{}/", "HTTPS://{}:8443/a?b#c", "http://{}"])
def test_every_spelling_of_a_private_address_is_refused(address: str, host: str, pattern: str) -> None:
    target = parse_target(pattern.format(host))
    assert target.literal == ip_address(address)
    with pytest.raises(EgressRefused):
        # What a resolver makes of it is the plain form; a careless one may hand the text through.
        EgressPolicy().check(target, [address])
    with pytest.raises(EgressRefused):
        EgressPolicy().check(target, [target.host])


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    with pytest.raises(EgressRefused):
        EgressPolicy().check(Target("http", "public.example", 80), [address])


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_let_through(address: str) -> None:
    assert EgressPolicy().check(Target("https", "public.example", 443), [address]) == [address]


@pytest.mark.parametrize(
    "address", ["", "x", "999.1.1.1", "1.2.3.4.5", "8.8.8.8%1", "::g", "0x100000000", "4294967296", "08"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(EgressRefused):
        EgressPolicy().check(Target("http", "public.example", 80), [address])


def test_one_private_address_among_many_is_enough() -> None:
    with pytest.raises(EgressRefused):
        EgressPolicy().check(Target("http", "rebinding.example", 80), ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(EgressRefused):
        EgressPolicy().check(Target("http", "nowhere.example", 80), [])


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://example.com", Target("http", "example.com", 80)),
        ("HTTPS://EXAMPLE.com./x", Target("https", "example.com", 443)),
        ("http://example.com:8080?x=@y", Target("http", "example.com", 8080)),
        ("http://example.com#@127.0.0.1", Target("http", "example.com", 80)),
        ("http://[2606:4700::1111]:81/", Target("http", "2606:4700::1111", 81)),
        ("http://bücher.example/", Target("http", "xn--bcher-kva.example", 80)),
        ("http://ＥＸＡＭＰＬＥ.com/", Target("http", "example.com", 80)),
        ("http://1.2.3.4.5/", Target("http", "1.2.3.4.5", 80)),
    ],
)
def test_addresses_are_understood(url: str, target: Target) -> None:
    assert parse_target(url) == target


@pytest.mark.parametrize(
    ("allow", "host", "port", "address"),
    [
        ("127.0.0.1:9000", "127.0.0.1", 9000, "127.0.0.1"),
        ("127.0.0.1:9000", "0x7f000001", 9000, "127.0.0.1"),
        ("127.0.0.1:9000", "localhost", 9000, "127.0.0.1"),
        ("127.0.0.1:9000", "mapped.example", 9000, "::ffff:127.0.0.1"),
        ("localhost:9000", "localhost", 9000, "127.0.0.1"),
        ("LOCALHOST.:9000", "localhost", 9000, "::1"),
        ("[::1]:9000", "::1", 9000, "::1"),
    ],
)
def test_what_an_operator_allowed_is_reached(allow: str, host: str, port: int, address: str) -> None:
    assert EgressPolicy([allow, ""]).check(Target("http", host, port), [address]) == [address]


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("127.0.0.1", 9001, "127.0.0.1"),
        ("127.0.0.2", 9000, "127.0.0.2"),
        ("other", 9000, "127.0.0.2"),
        ("::1", 9000, "::1"),
    ],
)
def test_nothing_else_is_allowed_with_it(host: str, port: int, address: str) -> None:
    with pytest.raises(EgressRefused):
        EgressPolicy(["127.0.0.1:9000", "localhost:9000"]).check(Target("http", host, port), [address])


@pytest.mark.parametrize("entry", ["host", ":80", "host:", "host:x", "host:80:x"])
def test_entries_of_the_list_are_checked(entry: str) -> None:
    with pytest.raises(InvalidInput):
        EgressPolicy([entry])


@given(st.text(max_size=40) | st.text("0123456789abcdefx.:[]@/%#?\\ ", max_size=30).map("http://{}".format))
def test_any_text_is_a_target_or_an_invalid_input(url: str) -> None:
    try:
        target = parse_target(url)
    except InvalidInput:
        return
    assert target.host.isascii()
    assert target.scheme in ("http", "https")


@given(st.ip_addresses(v=4))
def test_public_agrees_with_the_library_or_is_stricter(address: IPv4Address) -> None:
    assert address.is_global or not is_public(address)


@given(st.ip_addresses(v=6))
def test_public_v6_agrees_with_the_library_or_is_stricter(address: IPv6Address) -> None:
    assert address.is_global or not is_public(address)


@given(st.ip_addresses(v=4), st.sampled_from(["{}", "{:d}", "0x{:x}", "0{:o}"]))
def test_numbers_are_the_addresses_they_spell(address: IPv4Address, spelling: str) -> None:
    text = spelling.format(address if spelling == "{}" else int(address))
    assert parse_address(text) == address
