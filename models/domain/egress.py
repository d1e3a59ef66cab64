"""Which targets outbound calls may reach. Pure: the caller resolves names and opens sockets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from models.domain.errors import EgressRefused, Fault, InvalidInput

Address = IPv4Address | IPv6Address

_URL = re.compile(r"(?i:(https?))://(\[[^\]/?#@]*\]|[^\[\]:/?#@\s]+)(?::(\d{1,5}))?(?=[/?#]|\Z)")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|0[0-7]*|[1-9][0-9]*")
_DEFAULT_PORT = {"http": 80, "https": 443}

# Listed here in full, because what `is_global` covers differs between Python releases.
_REFUSED_V4 = [
    IPv4Network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
# Besides these only 2000::/3 is global unicast at all.
_REFUSED_V6 = [
    IPv6Network(net)
    for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20", "2620:4f:8000::/48")
]
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL points. `host` is in lower case and ASCII, without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def literal(self) -> Address | None:
        """The address when the host is one, in any spelling that a resolver would accept."""
        return parse_address(self.host)


def parse_target(url: str) -> Target:
    """Checks the form of an http(s) URL; InvalidInput otherwise. User names and passwords are refused."""
    found = None if _UNSAFE.search(url) else _URL.match(url)
    if found is None:
        raise InvalidInput(
            "The address is not a plain http or https URL.",
            [Fault("/uri", "expected http(s)://host[:port]/..., without user name, spaces or backslashes")],
        )
    scheme = found[1].lower()
    port = int(found[3]) if found[3] else _DEFAULT_PORT[scheme]
    host = _ascii_host(found[2])
    if not 0 < port < 65536 or not host:
        raise InvalidInput("The address is not valid.", [Fault("/uri", "expected a host and a port to 65535")])
    return Target(scheme, host, port)


def _ascii_host(text: str) -> str:
    """Compatibility forms (full-width digits, circled letters) become what they stand for."""
    if text.startswith("["):
        return text[1:-1].lower()
    normal = unicodedata.normalize("NFKC", text).replace("\u3002", ".").lower()
    if normal.isascii():
        return normal.rstrip(".")
    try:
        return normal.encode("idna").decode().rstrip(".")
    except UnicodeError:
        raise InvalidInput("The host name is not valid.", [Fault("/uri", "not a valid host name")]) from None


def parse_address(host: str) -> Address | None:
    """An IP address in any spelling: dotted, IPv6 with zone, or one to four decimal, octal or hex numbers."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return _loose_v4(host)


def _loose_v4(host: str) -> IPv4Address | None:
    parts = host.split(".")
    if not 1 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    *high, low = [_number(part) for part in parts]
    if any(part > 255 for part in high) or low >= 1 << 8 * (4 - len(high)):
        return None
    value = low
    for place, part in enumerate(high):
        value |= part << 8 * (3 - place)
    return IPv4Address(value)


def _number(text: str) -> int:
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)


def is_public(address: Address) -> bool:
    """Whether the address can only be a public unicast one, also after every translation of its family."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in net for net in _REFUSED_V4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    inside = address in _GLOBAL_V6 and not any(address in net for net in _REFUSED_V6)
    return inside and address.is_global and not address.is_multicast


class EgressPolicy:
    """Refuses what is not public, except the `host:port` pairs an operator allowed."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allow = frozenset(self._entry(item.strip()) for item in allow if item.strip())

    @staticmethod
    def _entry(item: str) -> tuple[str, int]:
        host, _, port = item.rpartition(":")
        if not host or not port.isdigit():
            raise InvalidInput(
                f"{item!r} is not host:port.", [Fault("", "expected host:port, an IPv6 host in brackets")]
            )
        return _canonical(host.strip("[]").lower()), int(port)

    def check(self, target: Target, addresses: Iterable[str]) -> list[str]:
        """All addresses the name resolved to, when each may be reached; EgressRefused when one may not."""
        found = list(addresses)
        if not found:
            raise EgressRefused(f"{target.host} has no address.")
        if (_canonical(target.host), target.port) in self._allow:
            return found
        for text in found:
            address = parse_address(text)
            allowed = (_canonical(text), target.port) in self._allow
            if not allowed and (address is None or "%" in text or not is_public(address)):
                raise EgressRefused(
                    f"{target.host}:{target.port} is a private or reserved address; "
                    "an operator can allow it with TIDEWIRE_EGRESS_ALLOW."
                )
        return found


def _canonical(host: str) -> str:
    """One spelling for each address, IPv4-mapped ones as IPv4, so that entries compare."""
    address = parse_address(host)
    if address is None:
        return host.rstrip(".")
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
