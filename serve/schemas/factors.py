"""Bodies of second factors: at sign-in, in the settings, and before sensitive changes."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from serve.schemas.common import Reply, Request, Time

FactorName = Literal["totp", "passkey", "recovery_code"]
Token = Annotated[str, Field(min_length=1, max_length=512)]
Code = Annotated[str, Field(min_length=1, max_length=20, examples=["287082"], description="Six digits.")]
RecoveryCode = Annotated[str, Field(min_length=1, max_length=40, examples=["mzxw-6ytb-oi2d-kmrt"])]
PasskeyName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S", examples=["Ada's laptop"])]
Credential = Annotated[
    dict[str, Any], Field(description="`PublicKeyCredential.toJSON()` of the browser.", examples=[{"id": "bm8"}])
]
Options = Annotated[
    dict[str, Any],
    Field(description="For `PublicKeyCredential.parseRequestOptionsFromJSON`, or `parseCreationOptionsFromJSON`."),
]


class FactorRequest(Request):
    """Exactly one way to prove who is there."""

    code: Code | None = None
    recovery_code: RecoveryCode | None = None
    assertion: Credential | None = None

    @model_validator(mode="after")
    def _one(self) -> FactorRequest:
        ways = {name: getattr(self, name) for name in type(self).model_fields if name in _WAYS}
        if sum(value is not None for value in ways.values()) != 1:
            raise ValueError(f"needs exactly one of {', '.join(ways)}")
        return self


_WAYS = frozenset({"code", "recovery_code", "assertion", "password"})


class MfaVerifyRequest(FactorRequest):
    """The second step of a sign-in."""

    mfa_token: Token


class StepUpRequest(FactorRequest):
    """With an assertion comes the token of its options. The password counts only while there is no second factor."""

    password: Annotated[str | None, Field(max_length=256)] = None
    step_up_token: Token | None = None


class PasskeySignInRequest(Request):
    """`tenant` picks one of several; without it the first one joined is entered."""

    passkey_token: Token
    assertion: Credential
    tenant: Annotated[str | None, Field(max_length=63)] = None


class SecondFactor(Reply):
    """The password was right; one of `factors` has to follow at POST /v1/auth/mfa/verify. There are no tokens yet."""

    mfa_token: str
    factors: list[FactorName]
    expires_in: int
    passkey: Options | None = None


class AccessToken(Reply):
    """A new access token of the same session; its refresh token stays as it is."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int


class StepUpOptions(Reply):
    """By what the caller can step up: second factors, else `password`, else `sign_in` (anew)."""

    factors: list[str]
    step_up_token: str | None
    passkey: Options | None


class PasskeySignInOptions(Reply):
    """What any passkey of this place may sign to sign in."""

    passkey_token: str
    passkey: Options
    expires_in: int


class TotpState(Reply):
    """`confirmed_at` null: a code of it was never shown, so it does not count."""

    created_at: Time
    confirmed_at: Time | None


class Passkey(Reply):
    """`backed_up`: it lives on more than one device."""

    id: UUID
    name: str
    backed_up: bool
    transports: list[str]
    created_at: Time
    last_used_at: Time | None


class RecoveryState(Reply):
    """How many are left of those made then."""

    left: int
    created_at: Time | None


class Factors(Reply):
    """The caller's second factors. `required`: this tenant lets the caller in by one only."""

    totp: TotpState | None
    passkeys: list[Passkey]
    recovery_codes: RecoveryState
    required: bool


class NewTotp(Reply):
    """Shown once: what to type, the address in the QR code, the code itself."""

    secret: str
    uri: str
    qr_svg: str


class CodeRequest(Request):
    """A code of the authenticator that waits to be confirmed."""

    code: Code


class RecoveryCodes(Reply):
    """Shown once; each works once in place of a second factor."""

    model_config = ConfigDict(json_schema_extra={"example": {"codes": ["mzxw-6ytb-oi2d-kmrt"]}})

    codes: list[str]


class PasskeyOptions(Reply):
    """How the browser is to make a passkey."""

    registration_token: str
    passkey: Options
    expires_in: int


class PasskeyRequest(Request):
    """What the browser made for the options that came with the token."""

    registration_token: Token
    name: PasskeyName
    credential: Credential


class AddedPasskey(Reply):
    """The session counts as proved by it from now on, with this access token."""

    passkey: Passkey
    access_token: str
    expires_in: int


class RenameRequest(Request):
    """A name that tells passkeys apart."""

    name: PasskeyName


class MfaPolicy(Reply):
    """Of whom the tenant requires a second factor."""

    everyone: bool
    roles: list[str]


class MfaPolicyRequest(Request):
    """`roles` counts while it is not everyone."""

    everyone: bool = False
    roles: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$", examples=["admin"])]], Field(max_length=100)
    ] = Field(default_factory=list)
