"""Everything about second factors that the API works with, built together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serve.auth.enrolment import Enrolment
from serve.auth.factor_proofs import FactorProofs
from serve.auth.nonces import Nonces
from serve.auth.passwords import Passwords
from serve.auth.relying_party import RelyingParty
from serve.auth.second_factors import SecondFactors
from serve.auth.session_tokens import SessionTokens
from serve.auth.step_up import StepUp
from serve.auth.throttle import FactorThrottle, SignInThrottle

if TYPE_CHECKING:
    from serve.deps import ApiPorts


@dataclass(frozen=True, slots=True)
class FactorServices:
    """`second` at sign-in, `step_up` before sensitive changes, `enrolment` in the settings."""

    second: SecondFactors
    step_up: StepUp
    enrolment: Enrolment


def factor_services(
    ports: ApiPorts, passwords: Passwords, sessions: SessionTokens, sign_in_throttle: SignInThrottle
) -> FactorServices:
    """The services over the ports."""
    clock, limits, options = ports.clock, ports.limits, ports.options
    party = RelyingParty(options.rp_id, options.passkey_origins, limits.passkey_seconds)
    nonces = Nonces(ports.sealer, clock, limits.passkey_seconds)
    throttle = FactorThrottle(ports.attempts, clock, limits)
    proofs = FactorProofs(ports.factors, party, passwords, ports.sealer, clock, limits)
    return FactorServices(
        SecondFactors(
            ports.factors, ports.identity, proofs, party, nonces, sessions, throttle, clock, limits
        ),
        StepUp(
            ports.factors, ports.identity, proofs, party, passwords, nonces, sessions, throttle, sign_in_throttle,
            clock, limits,
        ),
        Enrolment(
            ports.factors, ports.identity, proofs, party, nonces, throttle, ports.sealer, clock, limits
        ),
    )  # fmt: skip
