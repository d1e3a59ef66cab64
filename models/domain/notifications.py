"""Notifications: what a workflow tells people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from models.domain.errors import Fault, InvalidInput
from models.domain.identity import ROLES

Severity = Literal["info", "success", "warning", "critical"]


class Audience(StrEnum):
    """How the receivers of a notification are named."""

    ALL = "all"
    ROLE = "role"
    USER = "user"


@dataclass(frozen=True, slots=True)
class NewNotification:
    """To be delivered once to each receiver. `to` is `all`, `role:<role>` or `user:<email>`."""

    to: str
    title: str
    body: str = ""
    severity: Severity = "info"
    link: str | None = None


def parse_audience(to: str) -> tuple[Audience, str]:
    """`role:admin` -> (ROLE, "admin"); InvalidInput otherwise."""
    kind, _, name = to.partition(":")
    if to == "all":
        return Audience.ALL, ""
    if kind == "role" and name in ROLES:
        return Audience.ROLE, name
    if kind == "user" and "@" in name:
        return Audience.USER, name
    raise InvalidInput("Nobody to notify.", [Fault("/to", "expected all, role:<role> or user:<email>")])


def parse_notification(raw: Any) -> NewNotification:
    """Checks the arguments of `call: notify`; InvalidInput lists every fault."""
    if not isinstance(raw, dict):
        raise InvalidInput("The notification is not valid.", [Fault("", "expected an object")])
    faults = [Fault(f"/{key}", "unknown property") for key in raw.keys() - {"to", "title", "body", "severity", "link"}]
    for key, longest, needed in (
        ("to", 300, True),
        ("title", 200, True),
        ("body", 10_000, False),
        ("link", 2_000, False),
    ):
        value = raw.get(key)
        if value is None and not needed:
            continue
        if not isinstance(value, str) or not (0 < len(value) <= longest or (value == "" and not needed)):
            faults.append(Fault(f"/{key}", f"expected a text of at most {longest} characters"))
    if raw.get("severity", "info") not in ("info", "success", "warning", "critical"):
        faults.append(Fault("/severity", "expected info, success, warning or critical"))
    link = raw.get("link")
    if isinstance(link, str) and link and not link.startswith(("/", "https://", "http://")):
        faults.append(Fault("/link", "expected a path or an http(s) address"))
    if faults:
        raise InvalidInput("The notification is not valid.", faults)
    parse_audience(raw["to"])
    return NewNotification(raw["to"], raw["title"], raw.get("body") or "", raw.get("severity", "info"), link or None)
