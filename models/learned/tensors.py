"""Tensors of the Open Inference Protocol v2 to numpy arrays and back; every fault with its pointer.

`data` of a tensor is a flat or nested list, or bytes: then it is the protocol's binary form (little endian, row
after row; BYTES elements have their length before them, as four bytes).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.domain.errors import Fault, InvalidInput, LimitExceeded
from models.domain.limits import Limits
from models.learned.manifest import Tensor

Array = npt.NDArray[Any]

_DTYPES: dict[str, str] = {
    "BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1", "INT16": "<i2",
    "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
_WHOLE = ("UINT", "INT")


def tensors_to_arrays(inputs: Any, specs: Sequence[Tensor], limits: Limits) -> dict[str, Array]:
    """The protocol's list of tensors as one array an input, all with the same number of rows."""
    if not isinstance(inputs, Sequence) or isinstance(inputs, (str, bytes)):
        raise _bad("/inputs", "expected a list of tensors")
    wanted = {spec.name: spec for spec in specs}
    found: dict[str, Array] = {}
    for index, tensor in enumerate(inputs):
        pointer = f"/inputs/{index}"
        if not isinstance(tensor, Mapping):
            raise _bad(pointer, "expected a tensor")
        name = tensor.get("name")
        if not isinstance(name, str) or name not in wanted:
            raise _bad(f"{pointer}/name", f"the model has no such input; it has {', '.join(sorted(wanted))}")
        if name in found:
            raise _bad(f"{pointer}/name", "this input comes twice")
        found[name] = _tensor(tensor, wanted[name], pointer, limits)
    for name in wanted:
        if name not in found:
            raise _bad("/inputs", f"the input {name} is missing")
    _same_rows(found, limits)
    return found


def plain_to_arrays(
    inputs: Mapping[str, Any], specs: Sequence[Tensor], limits: Limits
) -> tuple[dict[str, Array], bool]:
    """As tensors_to_arrays, from input name -> value, and whether it is a single row that stood alone.

    Values that the model has no input for are left out, so that a whole record can be handed in.
    """
    found: dict[str, Array] = {}
    alone: set[bool] = set()
    for spec in specs:
        pointer = "/inputs/" + spec.name.replace("~", "~0").replace("/", "~1")
        if spec.name not in inputs:
            raise _bad(pointer, "is missing")
        value, size = inputs[spec.name], spec.shape[1:]
        width = math.prod(size)
        is_row = _depth(value) == 0 if width == 1 else _depth(value) <= len(size)
        alone.add(is_row)
        flat = _flat([value] if is_row else value, pointer, limits)
        rows, rest = divmod(len(flat), width)
        if rest or rows == 0:
            raise _bad(pointer, f"expected rows of {width} values, not {len(flat)} values")
        found[spec.name] = _array(flat, spec.datatype, pointer).reshape(rows, *size)
    _same_rows(found, limits)
    return found, alone == {True}


def array_to_tensor(name: str, datatype: str, values: Array, binary: bool) -> dict[str, Any]:
    """One output tensor; `data` is bytes when `binary`, else a flat list."""
    array = _cast(values, datatype)
    data: Any = _pack(array, datatype) if binary else array_to_plain(array).ravel().tolist()
    return {"name": name, "datatype": datatype, "shape": list(array.shape), "data": data}


def array_to_plain(array: Array) -> Array:
    """The array with values that JSON has: None where a number is not finite, texts where there are bytes."""
    if array.dtype.kind == "f":
        infinite = ~np.isfinite(array)
        if infinite.any():
            array = array.astype(object)
            array[infinite] = None
        return array
    if array.dtype.kind in "OSU":
        return np.frompyfunc(_text, 1, 1)(array) if array.size else array
    return array


def _cast(values: Array, datatype: str) -> Array:
    array = np.asarray(values)
    return array.astype(object) if datatype == "BYTES" else array.astype(_DTYPES[datatype])


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _tensor(tensor: Mapping[str, Any], spec: Tensor, pointer: str, limits: Limits) -> Array:
    if tensor.get("datatype") != spec.datatype:
        raise _bad(f"{pointer}/datatype", f"the input {spec.name} is {spec.datatype}")
    shape = tensor.get("shape")
    if not isinstance(shape, list) or not all(type(size) is int and 0 <= size < 2**31 for size in shape):
        raise _bad(f"{pointer}/shape", "expected a list of sizes")
    if len(shape) != len(spec.shape) or any(want not in (-1, got) for want, got in zip(spec.shape, shape, strict=True)):
        raise _bad(f"{pointer}/shape", f"the input {spec.name} has the shape {list(spec.shape)}")
    size = math.prod(shape)
    if size > limits.max_inference_values:
        raise LimitExceeded("max_inference_values", limits.max_inference_values, pointer=f"{pointer}/shape")
    data = tensor.get("data")
    if isinstance(data, (bytes, bytearray, memoryview)):
        array = _unpack(bytes(data), spec.datatype, size, f"{pointer}/data")
    else:
        flat = _flat(data, f"{pointer}/data", limits)
        if len(flat) != size:
            raise _bad(f"{pointer}/data", f"expected {size} values for the shape {shape}, not {len(flat)}")
        array = _array(flat, spec.datatype, f"{pointer}/data")
    return array.reshape(shape)


def _flat(data: Any, pointer: str, limits: Limits) -> list[Any]:
    if not isinstance(data, list):
        raise _bad(pointer, "expected a list of values")
    flat = data
    for _ in range(5):
        if not any(isinstance(item, list) for item in flat):
            break
        if not all(isinstance(item, list) for item in flat):
            raise _bad(pointer, "lists and values stand side by side")
        flat = [value for item in flat for value in item]
    if len(flat) > limits.max_inference_values:
        raise LimitExceeded("max_inference_values", limits.max_inference_values, pointer=pointer)
    return flat


def _array(flat: list[Any], datatype: str, pointer: str) -> Array:
    """Of values that fit the datatype: whole numbers stay whole, null means missing in floating point only."""
    for index, value in enumerate(flat):
        if not _fits(value, datatype):
            raise _bad(f"{pointer}/{index}" if len(flat) > 1 else pointer, f"expected {_KINDS[datatype[:2]]}")
    if datatype == "BYTES":
        return np.array([*flat, None], dtype=object)[:-1]
    try:
        values = [math.nan if value is None else value for value in flat] if datatype[:2] == "FP" else flat
        return np.array(values, dtype=_DTYPES[datatype])
    except OverflowError:
        raise _bad(pointer, f"a number does not fit in {datatype}") from None


_KINDS = {"BO": "true or false", "UI": "a whole number", "IN": "a whole number", "FP": "a number", "BY": "a text"}


def _fits(value: Any, datatype: str) -> bool:
    if datatype == "BOOL":
        return isinstance(value, bool)
    if datatype == "BYTES":
        return isinstance(value, str)
    if isinstance(value, bool):
        return False
    if datatype.startswith(_WHOLE):
        return isinstance(value, int)
    return value is None or isinstance(value, (int, float))


def _depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list):
        depth += 1
        value = value[0] if value else None
    return depth


def _same_rows(found: Mapping[str, Array], limits: Limits) -> None:
    rows = {len(array) for array in found.values()}
    if len(rows) != 1:
        raise _bad("/inputs", "the inputs have different numbers of rows")
    if next(iter(rows)) == 0:
        raise _bad("/inputs", "there are no rows")
    if next(iter(rows)) > limits.max_inference_rows:
        raise LimitExceeded("max_inference_rows", limits.max_inference_rows, pointer="/inputs")


def _unpack(raw: bytes, datatype: str, size: int, pointer: str) -> Array:
    if datatype == "BYTES":
        return _unpack_texts(raw, size, pointer)
    dtype = np.dtype(_DTYPES[datatype])
    if len(raw) != size * dtype.itemsize:
        raise _bad(pointer, f"expected {size * dtype.itemsize} bytes, not {len(raw)}")
    if datatype == "BOOL":
        return np.frombuffer(raw, "u1").astype(bool)
    return np.frombuffer(raw, dtype)


def _unpack_texts(raw: bytes, size: int, pointer: str) -> Array:
    texts: list[Any] = []
    place = 0
    while place < len(raw):
        end = place + 4 + int.from_bytes(raw[place : place + 4], "little")
        if end > len(raw) or place + 4 > len(raw):
            raise _bad(pointer, "an element is longer than the data")
        try:
            texts.append(raw[place + 4 : end].decode())
        except UnicodeDecodeError:
            raise _bad(pointer, "an element is not UTF-8") from None
        place = end
    if len(texts) != size:
        raise _bad(pointer, f"expected {size} elements, not {len(texts)}")
    return np.array([*texts, None], dtype=object)[:-1]


def _pack(array: Array, datatype: str) -> bytes:
    if datatype != "BYTES":
        return np.ascontiguousarray(array).tobytes()
    parts = []
    for value in array.ravel().tolist():
        raw = value if isinstance(value, bytes) else str(value).encode()
        parts += [len(raw).to_bytes(4, "little"), raw]
    return b"".join(parts)


def _bad(pointer: str, detail: str) -> InvalidInput:
    return InvalidInput("The request does not fit the model.", [Fault(pointer, detail)])
