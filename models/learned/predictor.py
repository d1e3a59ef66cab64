"""Fitted pipelines: saved into a bundle folder, loaded from one without running code, asked for predictions."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.domain.errors import Fault, InvalidInput, TidewireError, Unavailable
from models.domain.limits import Limits
from models.learned.bundles import MANIFEST, PIPELINE, Bundle, unpacked_size
from models.learned.manifest import Manifest, Output, check_manifest, write_manifest
from models.learned.tensors import Array, array_to_plain, array_to_tensor, plain_to_arrays, tensors_to_arrays
from models.learned.trusted import ALLOWED_TYPES


@dataclass(frozen=True, slots=True)
class Query:
    """A checked request: one array an input, rows first.

    `plain`: the answer is an object, output name -> value (`alone`: of one row). `binary`: outputs wanted as bytes.
    """

    arrays: Mapping[str, Array]
    rows: int
    outputs: tuple[Output, ...]
    binary: frozenset[str] = frozenset()
    plain: bool = False
    alone: bool = False
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Predictor:
    """A loaded version, its pipelines by file name; `size` in bytes is what it counts for in memory."""

    manifest: Manifest
    pipelines: Mapping[str, Any]
    size: int
    limits: Limits

    def query(self, request: Mapping[str, Any]) -> Query:
        """The request as arrays; InvalidInput with pointers when it does not fit the model."""
        inputs = request.get("inputs")
        outputs, binary = self._wanted(request)
        given = request.get("id")
        if given is not None and (not isinstance(given, str) or len(given) > 255):
            raise InvalidInput("The request does not fit the model.", [Fault("/id", "expected a short text")])
        if isinstance(inputs, Mapping):
            arrays, alone = plain_to_arrays(inputs, self.manifest.inputs, self.limits)
            return Query(arrays, _rows(arrays), outputs, frozenset(), True, alone, given)
        arrays = tensors_to_arrays(inputs, self.manifest.inputs, self.limits)
        return Query(arrays, _rows(arrays), outputs, binary, id=given)

    def answer(self, queries: Sequence[Query]) -> list[dict[str, Any]]:
        """Answers in order, from one call of the pipeline for all rows; InvalidInput when the pipeline refuses."""
        wanted = {output.name: output for query in queries for output in query.outputs}
        table = self._table([query.arrays for query in queries])
        results = {name: self._call(output, table) for name, output in wanted.items()}
        answers, start = [], 0
        for query in queries:
            rows = slice(start, start + query.rows)
            answers.append(self._response(query, {one.name: results[one.name][rows] for one in query.outputs}))
            start += query.rows
        return answers

    def _wanted(self, request: Mapping[str, Any]) -> tuple[tuple[Output, ...], frozenset[str]]:
        known = {output.name: output for output in self.manifest.outputs}
        all_binary = _binary(request, "binary_data_output", "/parameters")
        asked = request.get("outputs")
        if not asked:
            return self.manifest.outputs, frozenset(known if all_binary else ())
        if not isinstance(asked, list) or not all(isinstance(one, Mapping) for one in asked):
            raise InvalidInput("The request does not fit the model.", [Fault("/outputs", "expected a list of outputs")])
        for index, one in enumerate(asked):
            if one.get("name") not in known:
                detail = f"the model has no such output; it has {', '.join(sorted(known))}"
                raise InvalidInput("The request does not fit the model.", [Fault(f"/outputs/{index}/name", detail)])
        binary = {
            one["name"] for index, one in enumerate(asked)
            if _binary(one, "binary_data", f"/outputs/{index}/parameters", all_binary)
        }
        return tuple(known[name] for name in dict.fromkeys(one["name"] for one in asked)), frozenset(binary)

    def _table(self, parts: Sequence[Mapping[str, Array]]) -> Any:
        specs = self.manifest.inputs
        columns = [np.concatenate([part[spec.name] for part in parts]) for spec in specs]
        if len(specs) == 1 and len(specs[0].shape) > 1:
            return columns[0]
        if self.manifest.columns_as == "frame":
            return _frames()({spec.name: column.ravel() for spec, column in zip(specs, columns, strict=True)})
        kinds = {column.dtype.kind for column in columns}
        if "O" not in kinds:
            return np.column_stack([column.ravel() for column in columns])
        table = np.empty((len(columns[0]), len(columns)), dtype=object)
        for place, column in enumerate(columns):
            table[:, place] = column.ravel()
        return table

    def _call(self, output: Output, table: Any) -> Array:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = np.asarray(getattr(self.pipelines[output.pipeline], output.method)(table))
            if output.column is not None:
                found = found[:, output.column]
        except Exception as error:
            raise InvalidInput(f"The model refused the inputs: {type(error).__name__}: {str(error)[:300]}") from None
        shape = (len(table), *output.shape[1:])
        if found.shape != shape and found.size == np.prod(shape):
            found = found.reshape(shape)
        if found.shape != shape:
            raise InvalidInput(
                f"The model answered {output.name} with the shape {list(found.shape)} and not {list(shape)}."
            )
        return found

    def _response(self, query: Query, results: Mapping[str, Array]) -> dict[str, Any]:
        head: dict[str, Any] = {"model_name": self.manifest.name, "model_version": self.manifest.version}
        if query.id is not None:
            head["id"] = query.id
        if query.plain:
            plain = {name: array_to_plain(array).tolist() for name, array in results.items()}
            outputs: Any = {name: _unwrapped(values) for name, values in plain.items()} if query.alone else plain
        else:
            outputs = [
                array_to_tensor(one.name, one.datatype, results[one.name], one.name in query.binary)
                for one in query.outputs
            ]
        return {**head, "outputs": outputs}


def load(bundle: Bundle, limits: Limits) -> Predictor:
    """Makes the pipeline of a bundle; only types that skops or our own list trusts are made. InvalidInput if not."""
    manifest = bundle.manifest
    size = unpacked_size(bundle.pipelines, limits)
    pipelines = {name: _load(name, data, manifest) for name, data in bundle.pipelines.items()}
    for output in manifest.outputs:
        if not callable(getattr(pipelines[output.pipeline], output.method, None)):
            raise _bad(MANIFEST, f"{output.pipeline} has no method {output.method} for the output {output.name}")
    return Predictor(manifest, pipelines, size, limits)


def _load(name: str, data: bytes, manifest: Manifest) -> Any:
    import skops.io as skops_io  # noqa: PLC0415 - brings scikit-learn; only hosts of models need it

    try:
        foreign = set(skops_io.get_untrusted_types(data=data))
        _check_trust(name, foreign, manifest)
        with warnings.catch_warnings():
            # A pipeline of another scikit-learn version is told by what it answers, not by a warning.
            warnings.simplefilter("ignore")
            return skops_io.loads(data, trusted=sorted(foreign))
    except TidewireError:
        raise
    except Exception as error:
        raise _bad(name, f"cannot be loaded: {type(error).__name__}: {str(error)[:300]}") from None


def try_example(predictor: Predictor) -> None:
    """Asks for a prediction of the manifest's example, if there is one; InvalidInput when that does not work."""
    if predictor.manifest.example is not None:
        predictor.answer([predictor.query({"inputs": predictor.manifest.example})])


def write_folder(folder: Path, pipeline: Any, **manifest: Any) -> Path:
    """Saves a fitted pipeline with its manifest as a bundle folder; `manifest` has the fields of Manifest.

    Several pipelines are handed in as file name -> pipeline. Types of theirs that must be trusted are found and named
    in the manifest.
    """
    import skops.io as skops_io  # noqa: PLC0415

    fitted = pipeline if isinstance(pipeline, dict) else {PIPELINE: pipeline}
    saved = {name: skops_io.dumps(one, compression=zipfile.ZIP_DEFLATED) for name, one in fitted.items()}
    foreign = {name: set(skops_io.get_untrusted_types(data=data)) for name, data in saved.items()}
    checked = check_manifest({**manifest, "trusted_types": sorted(set().union(*foreign.values()))})
    for name, found in foreign.items():
        _check_trust(name, found, checked)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in saved.items():
        (folder / name).write_bytes(data)
    (folder / MANIFEST).write_bytes(write_manifest(checked))
    return folder


def _check_trust(name: str, foreign: set[str], manifest: Manifest) -> None:
    refused = sorted(foreign - ALLOWED_TYPES)
    if refused:
        raise _bad(name, f"holds types that are not allowed here: {', '.join(refused)[:500]}")
    unnamed = sorted(foreign - set(manifest.trusted_types))
    if unnamed:
        raise _bad(MANIFEST, f"trusted_types does not name {', '.join(unnamed)[:500]}")


def _binary(holder: Mapping[str, Any], name: str, pointer: str, default: bool = False) -> bool:
    parameters = holder.get("parameters") or {}
    value = parameters.get(name, default) if isinstance(parameters, Mapping) else None
    if not isinstance(value, bool):
        raise InvalidInput("The request does not fit the model.", [Fault(pointer, f"{name} is true or false")])
    return value


def _rows(arrays: Mapping[str, Array]) -> int:
    return len(next(iter(arrays.values())))


def _unwrapped(values: list[Any]) -> Any:
    row = values[0]
    return row[0] if isinstance(row, list) and len(row) == 1 else row


def _bad(name: str, detail: str) -> InvalidInput:
    return InvalidInput("The model bundle is not valid.", [Fault(f"/{name}", f"{name} {detail}")])


def _frames() -> Any:
    """pandas is large, few models want it, and an installation may be without it."""
    try:
        from pandas import DataFrame  # noqa: PLC0415
    except ImportError:
        raise Unavailable("This model wants a pandas frame (columns_as), and pandas is not installed here.") from None
    return DataFrame
