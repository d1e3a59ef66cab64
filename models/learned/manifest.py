"""What a model bundle says about itself: manifest.yaml."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator, model_validator

from models.domain.errors import Fault, InvalidInput

MAX_BYTES = 100_000
_MAX_DEPTH = 20

Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"
]
ModelName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
# A version begins with a digit and an alias with a letter, so that one is never taken for the other.
Version = Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+-]{0,62}$")]
TensorName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,127}$")]
TypeName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,255}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tensor(_Part):
    """A named array; `shape` begins with -1, the number of rows, which all inputs and outputs share."""

    name: TensorName
    datatype: Datatype
    shape: Annotated[tuple[int, ...], Field(min_length=1, max_length=4)] = (-1,)

    @field_validator("shape")
    @classmethod
    def _rows_first(cls, shape: tuple[int, ...]) -> tuple[int, ...]:
        if shape[0] != -1 or not all(1 <= size <= 100_000 for size in shape[1:]):
            raise ValueError("begins with -1 (rows); the other sizes are 1 to 100000")
        return shape


class Output(Tensor):
    """An output, and the pipeline and its method that give it; with `column`, that column of the result alone."""

    pipeline: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}\.skops$")] = "pipeline.skops"
    method: Literal["predict", "predict_proba", "decision_function", "transform"] = "predict"
    column: Annotated[int, Field(ge=0, lt=100_000)] | None = None


class Manifest(_Part):
    """`trusted_types` are types in the pipeline beyond those that skops trusts; each must be on our own list too.

    `columns_as`: several inputs become the columns of a two-dimensional `array`, or of a pandas `frame` with their
    names. A single input of two dimensions is handed over as it is. `example` has one value for each input.
    """

    name: ModelName
    version: Version
    framework: Literal["scikit-learn"] = "scikit-learn"
    description: Annotated[str, Field(max_length=2_000)] = ""
    inputs: Annotated[tuple[Tensor, ...], Field(min_length=1, max_length=256)]
    outputs: Annotated[tuple[Output, ...], Field(min_length=1, max_length=16)]
    columns_as: Literal["array", "frame"] = "array"
    trusted_types: Annotated[tuple[TypeName, ...], Field(max_length=64)] = ()
    metrics: dict[str, JsonValue] = Field(default_factory=dict)
    training: dict[str, JsonValue] = Field(default_factory=dict)
    example: dict[str, JsonValue] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Manifest:
        for tensors in (self.inputs, self.outputs):
            names = [tensor.name for tensor in tensors]
            if len(set(names)) != len(names):
                raise ValueError("two inputs or two outputs have the same name")
        if len(self.inputs) > 1 and any(math.prod(one.shape[1:]) != 1 for one in self.inputs):
            raise ValueError("several inputs are columns: each has the shape [-1] or [-1, 1]")
        return self

    @property
    def pipelines(self) -> tuple[str, ...]:
        """The files of the pipelines that outputs come from, each once."""
        return tuple(dict.fromkeys(output.pipeline for output in self.outputs))


class _Loader(yaml.SafeLoader):
    """Safe YAML without aliases (they can explode) and without dates (they are no JSON)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, "aliases are not allowed", event.start_mark)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_manifest(raw: bytes) -> Manifest:
    """The checked manifest; InvalidInput with every fault."""
    if len(raw) > MAX_BYTES:
        raise InvalidInput("manifest.yaml is too long.", [Fault("", f"more than {MAX_BYTES:,} bytes")])
    try:
        found = yaml.load(raw.decode(), _Loader)  # noqa: S506
        _check_values(found, _MAX_DEPTH)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInput("manifest.yaml cannot be read.", [_yaml_fault(error)]) from None
    return check_manifest(found)


def check_manifest(found: Any) -> Manifest:
    """The manifest from plain values; InvalidInput with every fault."""
    try:
        return Manifest.model_validate(found)
    except ValidationError as error:
        faults = [
            Fault("".join(f"/{part}" for part in one["loc"]), one["msg"].removeprefix("Value error, "))
            for one in error.errors()
        ]
        raise InvalidInput("manifest.yaml is not valid.", faults[:50]) from None


def write_manifest(manifest: Manifest) -> bytes:
    """The text of a manifest, the same for the same values."""
    shown = manifest.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100).encode()


def _check_values(value: Any, depth: int) -> None:
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("numbers must be finite")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("whole numbers must fit in 64 bits")
    if isinstance(value, str) and ("\0" in value or any(0xD800 <= ord(c) < 0xE000 for c in value)):
        raise ValueError("a text has characters that cannot be stored")
    if isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(key, str):
                raise ValueError("names must be texts")
            _check_values(key, depth)
            _check_values(child, depth - 1)
    elif isinstance(value, list):
        for child in value:
            _check_values(child, depth - 1)


def _yaml_fault(error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    detail = str(getattr(error, "problem", None) or error)[:300]
    return Fault("", detail, mark.line + 1, mark.column + 1) if mark is not None else Fault("", detail)
