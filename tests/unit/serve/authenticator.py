"""An authenticator in software: makes passkeys and signs with them, rightly or as an attacker would."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

PRESENT, VERIFIED, BACKUP, ATTESTED = 0x01, 0x04, 0x18, 0x40


def text_of(value: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


@dataclass
class Authenticator:
    """One passkey. `origin` is the page that the browser shows; `flags` what the device did to its person."""

    origin: str = "http://localhost:8080"
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    count: int = 0
    user_handle: str | None = None

    def register(self, options: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """What `navigator.credentials.create()` gives for the options."""
        self.user_handle = options["user"]["id"]
        client = self._client("webauthn.create", options["challenge"], changes)
        public = ES256.from_cryptography_key(self.key.public_key())
        attested = AttestedCredentialData.create(Aaguid.NONE, self.credential_id, public)
        data = self._data(changes.get("rp_id", options["rp"]["id"]), ATTESTED, attested)
        made = AttestationObject.create("none", data, {})
        return {
            "id": text_of(self.credential_id), "rawId": text_of(self.credential_id), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text_of(client), "attestationObject": text_of(bytes(made)),
                "transports": ["internal", "made-up"],
            },
        }  # fmt: skip

    def sign(self, options: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """What `navigator.credentials.get()` gives for the options."""
        client = self._client("webauthn.get", options["challenge"], changes)
        self.count += 1 if self.counts else 0
        data = self._data(changes.get("rp_id", options["rpId"]))
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "id": text_of(self.credential_id), "rawId": text_of(self.credential_id), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text_of(client), "authenticatorData": text_of(bytes(data)),
                "signature": text_of(signature), "userHandle": changes.get("user_handle", self.user_handle),
            },
        }  # fmt: skip

    def _client(self, kind: str, challenge: str, changes: Mapping[str, Any]) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps({**told, **changes.get("client", {})}).encode()

    def _data(self, rp_id: str, flags: int = 0, attested: bytes = b"") -> AuthenticatorData:
        return AuthenticatorData.create(
            sha256(rp_id.encode()).digest(), AuthenticatorData.FLAG(self.flags | flags), self.count, attested
        )
