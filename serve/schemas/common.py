"""Parts that the bodies of many routes share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from models.domain.events import format_time

Time = Annotated[AwareDatetime, PlainSerializer(format_time, return_type=str, when_used="json")]
Json = Annotated[Any, Field(description="Any JSON value.")]
NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
Name = Annotated[str, Field(pattern=NAME, max_length=63, examples=["delays"])]


class Request(BaseModel):
    """A body that comes in: unknown properties are refused, so that a typing error is not lost."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Reply(BaseModel):
    """A body that goes out."""


class ProblemError(Reply):
    """One thing wrong: `pointer` (RFC 6901) into the body, or into what `in` names."""

    pointer: str
    detail: str
    in_: str | None = Field(None, alias="in", description="path, query, header or cookie; absent for the body")
    line: int | None = None
    column: int | None = None


class ProblemLimit(Reply):
    """The limit that was met."""

    name: str
    value: float


class Problem(Reply):
    """An error, as RFC 9457 has it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:tidewire:problem:invalid-input",
                "title": "Invalid input",
                "status": 422,
                "detail": "The request does not have the expected form.",
                "instance": "/v1/metrics/orders",
                "errors": [{"pointer": "/dimensions/0/name", "detail": "Field required"}],
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ProblemError] = Field(default_factory=list)
    limit: ProblemLimit | None = None
    factors: list[str] | None = Field(None, description="By what a person can step up; see POST /v1/auth/step-up.")
    request_id: str | None = None
