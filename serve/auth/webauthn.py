"""What browsers send back, checked by the library. Imported when a passkey is used for the first time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
    UserVerificationRequirement,
)


class Refused(ValueError):
    """Something about the answer is not right."""


class Checker:
    """Checks answers of browsers for one relying party. Everything wrong is Refused, whatever the library raises."""

    def __init__(self, rp_id: str, name: str, is_ours: Callable[[str], bool]) -> None:
        entity = PublicKeyCredentialRpEntity(name=name, id=rp_id)
        self._server = Fido2Server(entity, verify_origin=is_ours)

    def made(
        self, credential: Mapping[str, Any], challenge: str, algorithms: Collection[int]
    ) -> tuple[AuthenticatorData, bytes, bytes]:
        """What the authenticator says, the id of the credential, and its COSE key in CBOR."""
        try:
            answer = RegistrationResponse.from_dict(credential)
            data = self._server.register_complete(_state(challenge), answer)
            _same_page(answer.response.client_data.cross_origin)
            found = data.credential_data
            if found is None or found.public_key.ALGORITHM not in algorithms:
                raise Refused("an algorithm that was not offered")
            return data, found.credential_id, cbor.encode(dict(found.public_key))
        except Exception as error:
            raise Refused(str(error)) from None

    def signed(
        self, assertion: Mapping[str, Any], credential_id: bytes, public_key: bytes, challenge: str
    ) -> tuple[AuthenticatorData, bytes | None]:
        """What the authenticator says, and whose the passkey is if it tells."""
        try:
            answer = AuthenticationResponse.from_dict(assertion)
            key = CoseKey.parse(_mapping(cbor.decode(public_key)))
            known = AttestedCredentialData.create(Aaguid.NONE, credential_id, key)
            self._server.authenticate_complete(_state(challenge), [known], answer)
            _same_page(answer.response.client_data.cross_origin)
            return answer.response.authenticator_data, answer.response.user_handle
        except Exception as error:
            raise Refused(str(error)) from None


def _state(challenge: str) -> dict[str, Any]:
    return {"challenge": challenge, "user_verification": UserVerificationRequirement.REQUIRED}


def _same_page(cross_origin: bool) -> None:
    if cross_origin:
        raise Refused("asked within the page of another site")


def _mapping(value: Any) -> Mapping[int, Any]:
    if not isinstance(value, Mapping):
        raise Refused("not a COSE key")
    return value
