"""Bodies of the model routes and of the Open Inference Protocol."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from serve.schemas.common import Json, Reply, Request, Time

MODEL = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
ALIAS = r"^[a-z][a-z0-9-]{0,62}$"
VERSION = r"^[0-9][0-9A-Za-z.+-]{0,62}$"


class ModelTensor(Reply):
    """A named input or output; the first size, -1, is the number of rows."""

    name: Annotated[str, Field(examples=["distance"])]
    datatype: Annotated[str, Field(examples=["FP64"])]
    shape: Annotated[list[int], Field(examples=[[-1]])]


class ModelVersion(Reply):
    """An immutable version and what its manifest says: what goes in and out, how good it was and on which data."""

    model: Annotated[str, Field(examples=["flight-delay"])]
    version: Annotated[str, Field(examples=["1.0.0"])]
    framework: Annotated[str, Field(examples=["scikit-learn"])]
    description: str
    inputs: list[ModelTensor]
    outputs: list[ModelTensor]
    metrics: dict[str, Json]
    training: dict[str, Json]
    example: dict[str, Json] | None
    aliases: list[str]
    sha256: Annotated[str, Field(description="Of the bundle, in hexadecimal.")]
    size_bytes: int
    created_at: Time
    created_by: UUID | None


class DeployedVersion(ModelVersion):
    """A version that was deployed; `created` is false when the very same was there."""

    created: bool


class Model(Reply):
    """A model: its aliases (alias -> version), its newest version, and how many there are."""

    model: str
    aliases: dict[str, str]
    latest: ModelVersion
    versions: int


class Models(Reply):
    """All models of the tenant."""

    items: list[Model]
    next: None = None


class ModelVersions(Reply):
    """The versions of a model, newest first."""

    items: list[ModelVersion]
    next: None = None


class AliasRequest(Request):
    """The version that the alias is to name."""

    model_config = ConfigDict(json_schema_extra={"example": {"version": "1.0.0"}})

    version: Annotated[str, Field(pattern=VERSION)]


class Alias(Reply):
    """An alias of a model."""

    model: str
    alias: str
    version: str


class ServerMetadata(Reply):
    """The server, as the protocol has it."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(Reply):
    """Alive."""

    live: bool


class ServerReady(Reply):
    """Able to answer."""

    ready: bool


class ModelMetadata(Reply):
    """A model, as the protocol has it."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[ModelTensor]
    outputs: list[ModelTensor]


class ModelReady(Reply):
    """Loaded and able to answer."""

    name: str
    ready: bool


class OutputTensor(ModelTensor):
    """An output with its values, flat, row after row; with `binary_data_size` they are in the binary part instead."""

    data: list[Json] | None = None
    parameters: dict[str, Json] | None = None


class InferResponse(Reply):
    """What the model answered: a list of tensors, or output name -> value when the request had that form."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor] | dict[str, Json]
