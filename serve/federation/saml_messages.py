"""What we tell SAML providers: the request of a sign-in and our metadata; and what their metadata tell us."""

from __future__ import annotations

import base64
import zlib
from datetime import datetime
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import quoteattr

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml.etree import _Element as Element

from models.domain.errors import Fault, InvalidInput
from models.domain.federation import SignInRefused, checked_endpoint
from models.domain.saml import EMAIL_FORMAT, Place, SamlSettings
from serve.federation.saml_xml import METADATA, SIGNATURE, parse, text_of

METADATA_TYPE = "application/samlmetadata+xml"
_PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
_BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings:"
_MAX_CERTIFICATES = 10
_MIN_RSA_BITS = 2_048
_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


def request_url(settings: SamlSettings, place: Place, request_id: str, relay_state: str, now: datetime) -> str:
    """Where the browser goes: an AuthnRequest in the HTTP-Redirect binding."""
    request = (
        f'<samlp:AuthnRequest xmlns:samlp="{_PROTOCOL}" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" '
        f'ID={quoteattr(request_id)} Version="2.0" IssueInstant="{now:%Y-%m-%dT%H:%M:%SZ}" '
        f"Destination={quoteattr(settings.sso_url)} AssertionConsumerServiceURL={quoteattr(place.acs_url)} "
        f'ProtocolBinding="{_BINDINGS}HTTP-POST"><saml:Issuer>{_text(place.entity_id)}</saml:Issuer>'
        f'<samlp:NameIDPolicy Format="{_UNSPECIFIED}" AllowCreate="true"/></samlp:AuthnRequest>'
    )
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(deflate.compress(request.encode()) + deflate.flush()).decode()
    joint = "&" if urlsplit(settings.sso_url).query else "?"
    return settings.sso_url + joint + urlencode({"SAMLRequest": packed, "RelayState": relay_state})


def own_metadata(place: Place) -> bytes:
    """What a provider has to know about us."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<md:EntityDescriptor xmlns:md="{METADATA[1:-1]}" '
        f"entityID={quoteattr(place.entity_id)}>"
        f'<md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" '
        f'protocolSupportEnumeration="{_PROTOCOL}"><md:NameIDFormat>{EMAIL_FORMAT}</md:NameIDFormat>'
        f'<md:AssertionConsumerService index="0" isDefault="true" Binding="{_BINDINGS}HTTP-POST" '
        f"Location={quoteattr(place.acs_url)}/></md:SPSSODescriptor></md:EntityDescriptor>\n"
    ).encode()


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def read_metadata(raw: bytes) -> tuple[str, str, tuple[str, ...]]:
    """(entity id, address for the HTTP-Redirect binding, certificates as PEM); InvalidInput says what is missing."""
    try:
        root = parse(raw, comments=True)
    except SignInRefused as error:
        raise _unusable(error.detail.removeprefix("The SAML answer was refused: ").rstrip(".")) from None
    described = [one for one in root.iter(f"{METADATA}EntityDescriptor") if one.find(_ROLE) is not None]
    if len(described) != 1:
        raise _unusable(f"they describe {len(described)} identity providers where one belongs")
    role = described[0].find(_ROLE)
    assert role is not None
    entity_id = described[0].get("entityID")
    if not entity_id or len(entity_id) > 1_024:
        raise _unusable("they have no entityID")
    return entity_id, _sso_url(role), tuple(_certificates(role))


_ROLE = f"{METADATA}IDPSSODescriptor"


def _sso_url(role: Element) -> str:
    for service in role.findall(f"{METADATA}SingleSignOnService"):
        if service.get("Binding") == f"{_BINDINGS}HTTP-Redirect":
            return checked_endpoint(service.get("Location"), "address of the SingleSignOnService")
    raise _unusable("they have no SingleSignOnService for the binding HTTP-Redirect")


def _certificates(role: Element) -> list[str]:
    found: list[str] = []
    for key in role.findall(f"{METADATA}KeyDescriptor"):
        if key.get("use") in (None, "signing"):
            path = f"{SIGNATURE}KeyInfo/{SIGNATURE}X509Data/{SIGNATURE}X509Certificate"
            found += [checked_certificate(text_of(one)) for one in key.iterfind(path)]
    if not found:
        raise _unusable("they have no certificate for signing")
    return list(dict.fromkeys(found))[:_MAX_CERTIFICATES]


def checked_certificate(text: str) -> str:
    """PEM of a certificate given as PEM or bare base64; InvalidInput when it is none, or its key is too weak."""
    body = text.replace("-----BEGIN CERTIFICATE-----", "").replace("-----END CERTIFICATE-----", "")
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode("".join(body.split()), validate=True))
        key = certificate.public_key()
    except ValueError:
        raise _unusable("a certificate cannot be read") from None
    is_rsa = isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS
    if not is_rsa and not isinstance(key, ec.EllipticCurvePublicKey):
        raise _unusable("a certificate's key is neither RSA of 2048 bits or more nor of an elliptic curve")
    return certificate.public_bytes(Encoding.PEM).decode()


def _unusable(why: str) -> InvalidInput:
    return InvalidInput(f"The SAML metadata cannot be used: {why}.", [Fault("/metadata", why)])
