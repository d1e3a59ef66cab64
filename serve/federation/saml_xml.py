"""XML from strangers: no document type, no entities, no comments, no processing instructions, one meaning per id.

lxml and signxml take memory: only serve/federation/saml.py imports this, when the first such document comes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from lxml import etree
from lxml.etree import _Element as Element
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from models.domain.federation import SignInRefused

ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"
_DECLARATION = re.compile(
    r"""<\?xml version=["']1\.0["'](?: encoding=["']([A-Za-z0-9-]+)["'])?(?: standalone=["']\w+["'])?\s*\?>"""
)
_ID_NAMES = frozenset({"id"})
_TRANSFORMS = (
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
)
_CANONICAL = "http://www.w3.org/2001/10/xml-exc-c14n#"


def decoded(text: str, most: int) -> bytes:
    """The bytes of a base64 form field of at most so many bytes."""
    if len(text) > most * 4 // 3 + 1_000:
        raise refused("it is too large")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise refused("it is not base64") from None


def parse(raw: bytes, *, comments: bool = False) -> Element:
    """The root of a document of UTF-8 text; SignInRefused for anything that could be read in two ways.

    `comments`: are dropped instead of refused, for metadata that people write.
    """
    try:
        text = raw.decode("utf-8").lstrip("\ufeff").strip()
    except UnicodeDecodeError:
        raise refused("it is not UTF-8") from None
    declared = _DECLARATION.match(text)
    if declared is not None:
        if (declared[1] or "utf-8").lower() not in ("utf-8", "us-ascii", "ascii"):
            raise refused("it is not UTF-8")
        text = text[declared.end() :]
    if comments:
        text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    if "<!" in text or "<?" in text or "\0" in text:
        raise refused("it has comments, a document type or processing instructions")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        attribute_defaults=False, remove_comments=False, remove_pis=False, ns_clean=False, recover=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise refused("it is not well-formed XML") from None
    _check_ids(root)
    return root


def _check_ids(root: Element) -> None:
    """An id that two elements have is what signature wrapping lives on."""
    seen: set[str] = set()
    for element in root.iter():
        if not isinstance(element.tag, str):
            raise refused("it has something else than elements")
        for name, value in element.attrib.items():
            if str(name).rpartition("}")[2].lower() not in _ID_NAMES:
                continue
            if value in seen:
                raise refused("two elements have the same id")
            seen.add(str(value))


def child(element: Element, tag: str) -> Element:
    """The only child of this name."""
    found = element.findall(tag)
    if len(found) != 1:
        raise refused(f"it has {len(found)} elements {tag.rpartition('}')[2]} where one belongs")
    return found[0]


def optional(element: Element, tag: str) -> Element | None:
    """The only child of this name, or None."""
    return child(element, tag) if element.find(tag) is not None else None


def text_of(element: Element) -> str:
    """The text of an element that has nothing but text."""
    if len(element):
        raise refused(f"its {element.tag.rpartition('}')[2]} has more than text")
    return (element.text or "").strip()


def time_of(element: Element, name: str) -> datetime | None:
    """An xs:dateTime in UTC, None when it is not there."""
    given = element.get(name)
    if given is None:
        return None
    try:
        if not given.endswith("Z"):
            raise ValueError(given)
        return datetime.fromisoformat(given)
    except ValueError:
        raise refused(f"its {name} is not a time in UTC") from None


def verify(document: Element, signed: Element, certificates: Sequence[str]) -> Element:
    """A copy of exactly what the signature of `signed` covers, verified; nothing outside it may be believed.

    `signed` has one signature as its child, over itself by its ID. `certificates` (PEM) are those of the provider;
    what the signature says about keys is not looked at.
    """
    signature = child(signed, f"{SIGNATURE}Signature")
    _check_signature(signature, signed)
    for pem in certificates:
        found = _verified(document, signed, pem)
        if found is not None:
            if found.tag != signed.tag or found.get("ID") != signed.get("ID"):
                raise refused("its signature covers something else")
            return found
    raise refused("its signature is not by a certificate of the identity provider")


def _check_signature(signature: Element, signed: Element) -> None:
    """The one form that SAML allows (core 5.4): one reference to the parent, two transforms, no objects."""
    info = child(signature, f"{SIGNATURE}SignedInfo")
    reference = child(info, f"{SIGNATURE}Reference")
    name = signed.get("ID")
    if not name or reference.get("URI") != f"#{name}":
        raise refused("its signature does not cover the element it stands in")
    if signature.find(f"{SIGNATURE}Object") is not None:
        raise refused("its signature brings objects of its own")
    transforms = [one.get("Algorithm") for one in child(reference, f"{SIGNATURE}Transforms")]
    if not transforms or any(one not in _TRANSFORMS for one in transforms) or _TRANSFORMS[0] not in transforms:
        raise refused("its signature uses other transforms than SAML allows")
    if child(info, f"{SIGNATURE}CanonicalizationMethod").get("Algorithm") != _CANONICAL:
        raise refused("its signature uses another canonical form than SAML asks for")


def _verified(document: Element, signed: Element, pem: str) -> Element | None:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    try:
        result = XMLVerifier().verify(
            etree.tostring(document), x509_cert=certificate, id_attribute="ID", validate_schema=True,
            expect_config=_expected(_path(document, signed), certificate),
        )  # fmt: skip
    except (SignXMLException, InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError):
        return None
    assert isinstance(result, VerifyResult)
    # Parsed anew from the bytes that were hashed.
    return parse(result.signed_data)


def _path(document: Element, signed: Element) -> str:
    return "./" if signed is document else f"./{signed.tag}/"


def _expected(location: str, certificate: x509.Certificate) -> SignatureConfiguration:
    methods = SignatureMethod
    return SignatureConfiguration(
        location=location,
        expect_references=1,
        signature_methods=frozenset({
            methods.RSA_SHA256, methods.RSA_SHA384, methods.RSA_SHA512, methods.ECDSA_SHA256, methods.ECDSA_SHA384,
            methods.ECDSA_SHA512, methods.SHA256_RSA_MGF1, methods.SHA384_RSA_MGF1, methods.SHA512_RSA_MGF1,
        }),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}),
        # The provider's metadata say which keys are its own; the dates in a certificate add nothing to that.
        verification_time=certificate.not_valid_before_utc,
    )  # fmt: skip


def refused(why: str) -> SignInRefused:
    """What a person is told."""
    return SignInRefused(f"The SAML answer was refused: {why}.")
