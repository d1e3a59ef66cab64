"""How calls to actors are packed: one message of bytes each, which Ray carries without looking inside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from models.domain.ports import Ended, HttpRequest, HttpResponse, OutboundCall, Wake

_encoder = msgspec.msgpack.Encoder()
_wakes = msgspec.msgpack.Decoder(list[Wake])
_ends = msgspec.msgpack.Decoder(list[Ended])
_ids = msgspec.msgpack.Decoder(list[UUID])
_request = msgspec.msgpack.Decoder(HttpRequest)
_call = msgspec.msgpack.Decoder(OutboundCall)
_object = msgspec.msgpack.Decoder(dict[str, Any])
_response = msgspec.msgpack.Decoder(HttpResponse)


def pack(value: object) -> bytes:
    """Any of the values that the functions below read."""
    return _encoder.encode(value)


def read_wakes(packed: bytes) -> list[Wake]:
    return _wakes.decode(packed)


def read_ends(packed: bytes) -> list[Ended]:
    return _ends.decode(packed)


def read_ids(packed: bytes) -> list[UUID]:
    return _ids.decode(packed)


def read_request(packed: bytes) -> HttpRequest:
    return _request.decode(packed)


def read_object(packed: bytes) -> dict[str, Any]:
    return _object.decode(packed)


def read_response(packed: bytes) -> HttpResponse:
    return _response.decode(packed)


def read_call(packed: bytes) -> OutboundCall:
    return _call.decode(packed)
