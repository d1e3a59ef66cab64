"""What a sign-in came from, in plain words: the program and the system by its user agent, the part of the net."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address, ip_network

# The first that is found counts: browsers name those they are made of, too.
_PROGRAMS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"), ("Opera", r"\b(?:OPR|Opera)/"), ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"), ("Chrome", r"\b(?:Chrome|CriOS|Chromium)/"),
    ("Safari", r"\bVersion/[\d.]+ .*Safari/"), ("curl", r"^curl/"), ("Wget", r"^Wget/"),
    ("the Tidewire client", r"^tidewire"), ("a Python program", r"^(?:python|aiohttp|httpx|Python)"),
    ("a Go program", r"^Go-http-client/"), ("a Java program", r"^(?:Java|Apache-HttpClient|okhttp)"),
    ("a JavaScript program", r"^(?:node|undici|axios|got)"), ("Postman", r"^PostmanRuntime/"),
)  # fmt: skip
_SYSTEMS = (
    ("iPad", r"\biPad\b"), ("iPhone", r"\biPhone\b"), ("Android", r"\bAndroid\b"), ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMacintosh\b|\bMac OS X\b|\bDarwin\b"), ("ChromeOS", r"\bCrOS\b"), ("Linux", r"\bLinux\b|\bX11\b"),
)  # fmt: skip
_UNKNOWN = "an unknown program"


def device_name(user_agent: str) -> str:
    """`Firefox on Windows`, `Safari on iPhone`, `curl`; never longer than 80 characters."""
    program = _first(_PROGRAMS, user_agent) or _named(user_agent)
    system = _first(_SYSTEMS, user_agent)
    return f"{program} on {system}" if system else program


def network_of(address: str) -> str:
    """The part of the net an address is in, wide enough that a home or an office stays in one; itself if it is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(ip_network(f"{found}/{16 if found.version == 4 else 32}", strict=False))


def place_of(address: str) -> str:
    """Where an address is, as far as it tells by itself; else the address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address or "unknown"
    if found.is_loopback:
        return "this machine"
    return "a private network" if found.is_private else address


def _first(choices: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for name, pattern in choices if re.search(pattern, user_agent)), None)


def _named(user_agent: str) -> str:
    """The product that an unknown program calls itself."""
    found = re.match(r"([A-Za-z][\w.-]{1,39})(?:/|$)", user_agent)
    return found[1] if found and found[1] != "Mozilla" else _UNKNOWN
