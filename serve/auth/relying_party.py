"""WebAuthn as we ask it of browsers: what they get to sign, and whether what comes back is right."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from models.domain.errors import InvalidInput, NotFound
from serve.factor_ports import Passkey

if TYPE_CHECKING:
    from serve.auth.webauthn import Checker

NAME = "Tidewire"
# EdDSA, ES256, RS256: what every browser and every device of today offers.
ALGORITHMS = (-8, -7, -257)
TRANSPORTS = ("ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb")
_NOT_OURS = "This is not an answer to our question by a passkey of this place."


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What a browser made: `public_key` is a COSE key in CBOR."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool
    transports: Sequence[str]


@dataclass(frozen=True, slots=True)
class Signed:
    """A right signature; the count is that of the authenticator, which knows it better than we do."""

    sign_count: int
    backed_up: bool


class RelyingParty:
    """We, as browsers know us: `rp_id` is a host name, `origins` are the addresses of our pages."""

    def __init__(self, rp_id: str, origins: Collection[str], seconds: int) -> None:
        self._rp_id, self._origins, self._milliseconds = rp_id, frozenset(origins), seconds * 1000

    def creation(self, user_id: UUID, account: str, known: Sequence[Passkey], nonce: bytes) -> dict[str, Any]:
        """Options to make a passkey, as `PublicKeyCredential.parseCreationOptionsFromJSON` reads them."""
        self._configured()
        return {
            "rp": {"id": self._rp_id, "name": NAME},
            "user": {"id": text_of(user_id.bytes), "name": account, "displayName": account},
            "challenge": text_of(nonce),
            "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in ALGORITHMS],
            "timeout": self._milliseconds,
            "excludeCredentials": _descriptors(known),
            "authenticatorSelection": {
                "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
            },
            "attestation": "none",
        }  # fmt: skip

    def request(self, known: Sequence[Passkey], nonce: bytes) -> dict[str, Any]:
        """Options to sign with one of these passkeys, or with any that the person picks when there is none."""
        self._configured()
        return {
            "challenge": text_of(nonce),
            "timeout": self._milliseconds,
            "rpId": self._rp_id,
            "allowCredentials": _descriptors(known),
            "userVerification": "required",
        }

    def registered(self, credential: Mapping[str, Any], nonce: bytes) -> NewCredential:
        """The passkey that a browser made for the nonce; InvalidInput when anything about it is not right."""
        try:
            data, credential_id, public_key = self._checker().made(credential, text_of(nonce), ALGORITHMS)
        except ValueError:
            raise InvalidInput(_NOT_OURS) from None
        response = credential.get("response")
        given = response.get("transports") if isinstance(response, Mapping) else None
        transports = [one for one in TRANSPORTS if isinstance(given, list) and one in given]
        return NewCredential(credential_id, public_key, data.counter, _is_backed_up(data.flags), transports)

    def signed(self, assertion: Mapping[str, Any], passkey: Passkey, nonce: bytes) -> Signed | None:
        """None when the signature, the page, the nonce or the person's consent is missing or not right."""
        try:
            data, handle = self._checker().signed(
                assertion, passkey.credential_id, passkey.public_key, text_of(nonce)
            )
        except ValueError:
            return None
        if handle is not None and handle != passkey.user_id.bytes:
            return None
        return Signed(data.counter, _is_backed_up(data.flags))

    def _checker(self) -> Checker:
        # 6 MB that most replicas never need.
        from serve.auth.webauthn import Checker  # noqa: PLC0415

        self._configured()
        return Checker(self._rp_id, NAME, self._origins.__contains__)

    def _configured(self) -> None:
        if not self._rp_id or not self._origins:
            raise NotFound("Passkeys are off here: whoever runs this instance has to name its address.")


def credential_id_of(assertion: Mapping[str, Any]) -> bytes | None:
    """Which credential an assertion says it is of; None when it says nothing usable."""
    text = assertion.get("rawId") or assertion.get("id")
    if not isinstance(text, str) or not text.isascii() or len(text) > 1400:
        return None
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) or None
    except (binascii.Error, ValueError):
        return None


def text_of(value: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _descriptors(known: Sequence[Passkey]) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": text_of(one.credential_id), "transports": list(one.transports)} for one in known
    ]


def _is_backed_up(flags: int) -> bool:
    # Backup state, bit 4 of the flags.
    return bool(flags & 0x10)
