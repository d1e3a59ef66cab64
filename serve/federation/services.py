"""What a replica has for single sign-on, built over its ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serve.federation.oidc_client import OidcClient
from serve.federation.providers import ProviderBook
from serve.federation.sign_on import SignOn

if TYPE_CHECKING:
    from serve.deps import ApiPorts


@dataclass(frozen=True, slots=True)
class FederationServices:
    """Sign-ins, and the providers they go through."""

    sign_on: SignOn
    book: ProviderBook


def federation_services(ports: ApiPorts) -> FederationServices:
    """The services over the ports."""
    found, clock, limits = ports.federation, ports.clock, ports.limits
    oidc = OidcClient(found.outbound, clock, limits)
    return FederationServices(
        SignOn(found, oidc, ports.sealer, clock, limits, found.public_url),
        ProviderBook(found.outbound, oidc, clock, limits, found.public_url),
    )
