"""Answers of SAML providers: the assertion is read from what was verified, and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml.etree import _Element as Element

from models.domain.saml import Assertion, Confirmation, Place, SamlSettings
from serve.federation.saml_xml import (
    ASSERTION,
    PROTOCOL,
    SIGNATURE,
    child,
    optional,
    parse,
    refused,
    text_of,
    time_of,
    verify,
)

_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_CONDITIONS = frozenset(f"{ASSERTION}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction"))
_RESPONSE_CHILDREN = frozenset({
    f"{ASSERTION}Issuer", f"{SIGNATURE}Signature", f"{PROTOCOL}Extensions", f"{PROTOCOL}Status",
    f"{ASSERTION}Assertion",
})
_ASSERTION_CHILDREN = frozenset(
    {f"{SIGNATURE}Signature"}
    | {f"{ASSERTION}{name}" for name in ("Issuer", "Subject", "Conditions", "Advice", "AuthnStatement",
                                         "AttributeStatement", "AuthzDecisionStatement")}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """A response and its verified assertion. `in_response_to` is what the envelope says."""

    in_response_to: str | None
    assertion: Assertion


def read_response(raw: bytes, settings: SamlSettings, place: Place) -> Answer:
    """SignInRefused unless it is a successful response with one assertion, signed by the provider."""
    root = parse(raw)
    if root.tag != f"{PROTOCOL}Response" or root.get("Version") != "2.0":
        raise refused("it is not a SAML 2.0 response")
    _check_shape(root)
    _check_status(root)
    is_signed = root.find(f"{SIGNATURE}Signature") is not None
    envelope = verify(root, root, settings.certificates) if is_signed else root
    _check_envelope(envelope, settings, place)
    assertion = child(root, f"{ASSERTION}Assertion")
    verified = verify(root, assertion, settings.certificates)
    return Answer(envelope.get("InResponseTo"), _read(verified))


def _check_shape(root: Element) -> None:
    """One assertion, where it belongs, and no signature but its own and the response's."""
    if any(one.tag not in _RESPONSE_CHILDREN for one in root):
        encrypted = root.find(f"{ASSERTION}EncryptedAssertion") is not None
        raise refused("its assertion is encrypted, which is not supported" if encrypted else "it has foreign parts")
    if sum(1 for _ in root.iter(f"{ASSERTION}Assertion", f"{ASSERTION}EncryptedAssertion")) != 1:
        raise refused("it has not exactly one assertion")
    assertion = child(root, f"{ASSERTION}Assertion")
    if any(one.tag not in _ASSERTION_CHILDREN for one in assertion) or assertion.get("Version") != "2.0":
        raise refused("its assertion has foreign parts")
    if assertion.find(f"{SIGNATURE}Signature") is None:
        raise refused("its assertion is not signed")
    if any(one.getparent() not in (root, assertion) for one in root.iter(f"{SIGNATURE}Signature")):
        raise refused("it has a signature where none belongs")
    if sum(1 for _ in root.iter(f"{PROTOCOL}Response")) != 1:
        raise refused("it has a response inside")


def _check_status(root: Element) -> None:
    code = child(child(root, f"{PROTOCOL}Status"), f"{PROTOCOL}StatusCode")
    if code.get("Value") != _SUCCESS:
        raise refused(f"the provider says {(code.get('Value') or '').rpartition(':')[2][:60]}")


def _check_envelope(envelope: Element, settings: SamlSettings, place: Place) -> None:
    issuer = optional(envelope, f"{ASSERTION}Issuer")
    if issuer is not None and text_of(issuer) != settings.entity_id:
        raise refused("it is from another provider")
    if envelope.get("Destination") not in (None, place.acs_url):
        raise refused("it was sent to somewhere else")


def _read(assertion: Element) -> Assertion:
    subject, conditions = child(assertion, f"{ASSERTION}Subject"), child(assertion, f"{ASSERTION}Conditions")
    name = child(subject, f"{ASSERTION}NameID")
    statements = assertion.findall(f"{ASSERTION}AuthnStatement")
    if not statements:
        raise refused("it does not say that anybody signed in")
    if any(one.tag not in _CONDITIONS for one in conditions):
        raise refused("it has conditions that are not known here")
    return Assertion(
        assertion.get("ID") or "",
        text_of(child(assertion, f"{ASSERTION}Issuer")),
        text_of(name),
        name.get("Format", ""),
        [_confirmation(one) for one in subject.findall(f"{ASSERTION}SubjectConfirmation") if _is_bearer(one)],
        time_of(conditions, "NotBefore"),
        time_of(conditions, "NotOnOrAfter"),
        [_audiences(one) for one in conditions.findall(f"{ASSERTION}AudienceRestriction")],
        min((end for one in statements if (end := time_of(one, "SessionNotOnOrAfter"))), default=None),
        next((index for one in statements if (index := one.get("SessionIndex"))), None),
        _attributes(assertion),
    )


def _is_bearer(confirmation: Element) -> bool:
    return confirmation.get("Method") == _BEARER


def _confirmation(confirmation: Element) -> Confirmation:
    data = child(confirmation, f"{ASSERTION}SubjectConfirmationData")
    return Confirmation(
        data.get("Recipient"), data.get("InResponseTo"), time_of(data, "NotBefore"), time_of(data, "NotOnOrAfter")
    )


def _audiences(restriction: Element) -> Sequence[str]:
    return [text_of(one) for one in restriction.findall(f"{ASSERTION}Audience")]


def _attributes(assertion: Element) -> dict[str, list[str]]:
    """By name and by friendly name; values that are not text are left out."""
    found: dict[str, list[str]] = {}
    for attribute in assertion.iterfind(f"{ASSERTION}AttributeStatement/{ASSERTION}Attribute"):
        values = [
            (value.text or "").strip() for value in attribute.findall(f"{ASSERTION}AttributeValue") if not len(value)
        ]
        for name in dict.fromkeys(filter(None, (attribute.get("Name"), attribute.get("FriendlyName")))):
            found.setdefault(name, []).extend(values)
    return found
