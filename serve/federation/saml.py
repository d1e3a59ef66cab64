"""SAML without its weight: lxml and signxml are imported when the first document comes, not when the API starts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from models.domain.saml import Place, SamlSettings

if TYPE_CHECKING:
    from serve.federation.saml_response import Answer


def request_url(settings: SamlSettings, place: Place, request_id: str, relay_state: str, now: datetime) -> str:
    """See serve/federation/saml_messages.py."""
    from serve.federation import saml_messages

    return saml_messages.request_url(settings, place, request_id, relay_state, now)


def own_metadata(place: Place) -> bytes:
    """See serve/federation/saml_messages.py."""
    from serve.federation import saml_messages

    return saml_messages.own_metadata(place)


def read_metadata(raw: bytes) -> tuple[str, str, tuple[str, ...]]:
    """See serve/federation/saml_messages.py."""
    from serve.federation import saml_messages

    return saml_messages.read_metadata(raw)


def checked_certificate(text: str) -> str:
    """See serve/federation/saml_messages.py."""
    from serve.federation import saml_messages

    return saml_messages.checked_certificate(text)


def read_response(text: str, most: int, settings: SamlSettings, place: Place) -> Answer:
    """The answer in a form field of at most so many bytes; see serve/federation/saml_response.py."""
    from serve.federation import saml_response, saml_xml

    return saml_response.read_response(saml_xml.decoded(text, most), settings, place)
