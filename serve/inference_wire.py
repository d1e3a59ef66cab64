"""The Open Inference Protocol v2 on HTTP: JSON bodies, the binary tensor extension, and packed bodies."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

from starlette.responses import Response

from models.domain.errors import Fault, InvalidInput, LimitExceeded
from models.domain.limits import Limits
from serve.body import LimitedRequest, strict_json
from serve.errors import MalformedBody, UnsupportedMediaType
from serve.responses import JSON, encode

HEADER_LENGTH = "inference-header-content-length"
_BINARY = "application/octet-stream"
_MIN_PACKED = 16_384
_WINDOW = {"gzip": 31, "deflate": 15}


async def read_infer(request: LimitedRequest, limits: Limits) -> dict[str, Any]:
    """The request; `data` of a tensor that came in the binary part is bytes."""
    raw = _inflate(await request.body(), request.headers.get("content-encoding", ""), limits)
    given = request.headers.get(HEADER_LENGTH)
    if given is None:
        return _object(strict_json(raw, limits))
    if not (given.isascii() and given.isdigit() and len(given) < 12 and int(given) <= len(raw)):
        raise MalformedBody("The body is not well-formed.", [Fault("", f"{HEADER_LENGTH} is not a length within it")])
    body = _object(strict_json(raw[: int(given)], limits))
    _attach(body, memoryview(raw)[int(given) :])
    return body


def infer_response(answer: dict[str, Any], accept_encoding: str) -> Response:
    """The answer; outputs whose `data` is bytes go into the binary part."""
    outputs = answer["outputs"]
    blobs: list[bytes] = []
    if isinstance(outputs, list):
        answer = {**answer, "outputs": [_detach(output, blobs) for output in outputs]}
    head = encode(answer)
    headers = {HEADER_LENGTH: str(len(head))} if blobs else {}
    body, media = b"".join([head, *blobs]), _BINARY if blobs else JSON
    packing = "gzip" if "gzip" in accept_encoding else "deflate" if "deflate" in accept_encoding else ""
    if packing and len(body) >= _MIN_PACKED:
        body = gzip.compress(body, 1) if packing == "gzip" else zlib.compress(body, 1)
        headers |= {"content-encoding": packing, "vary": "accept-encoding"}
    return Response(body, 200, headers, media)


def _inflate(raw: bytes, encoding: str, limits: Limits) -> bytes:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return raw
    if name not in _WINDOW:
        raise UnsupportedMediaType(f"Send Content-Encoding gzip or deflate, not {name[:40]}.")
    unpacker = zlib.decompressobj(_WINDOW[name])
    try:
        body = unpacker.decompress(raw, limits.max_inference_bytes)
    except zlib.error:
        raise MalformedBody("The body is not well-formed.", [Fault("", f"it is not {name}")]) from None
    if unpacker.unconsumed_tail:
        raise LimitExceeded("max_inference_bytes", limits.max_inference_bytes)
    if not unpacker.eof:
        raise MalformedBody("The body is not well-formed.", [Fault("", "it ends too early")])
    return body


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput("The request does not have the expected form.", [Fault("", "expected an object")])
    return value


def _attach(body: dict[str, Any], blob: memoryview) -> None:
    inputs = body.get("inputs")
    place = 0
    for index, tensor in enumerate(inputs if isinstance(inputs, list) else ()):
        parameters = tensor.get("parameters") if isinstance(tensor, dict) else None
        size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
        if size is None:
            continue
        if type(size) is not int or not 0 <= size <= len(blob) - place:
            raise MalformedBody(
                "The body is not well-formed.",
                [Fault(f"/inputs/{index}/parameters/binary_data_size", "is not a size within the binary part")],
            )
        tensor["data"] = bytes(blob[place : place + size])
        place += size
    if place != len(blob):
        raise MalformedBody("The body is not well-formed.", [Fault("", "the binary part is longer than its tensors")])


def _detach(output: dict[str, Any], blobs: list[bytes]) -> dict[str, Any]:
    data = output["data"]
    if not isinstance(data, bytes):
        return output
    blobs.append(data)
    rest = {key: value for key, value in output.items() if key != "data"}
    return {**rest, "parameters": {"binary_data_size": len(data)}}
