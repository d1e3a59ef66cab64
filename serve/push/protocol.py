"""The Centrifuge client protocol in its JSON form: commands in, replies and pushes out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
from websockets.frames import Frame, Opcode

from models.domain.push import Publication
from serve.push.codes import ReplyError, Unsubscribe

_Id = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
_Offset = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Channel = Annotated[str, msgspec.Meta(max_length=255)]
_Epoch = Annotated[str, msgspec.Meta(max_length=64)]
REJECT_UNRECOVERED = 2
_ABSENT = msgspec.Raw()


class Connect(msgspec.Struct):
    """First command of a connection."""

    token: str = ""


class Subscribe(msgspec.Struct):
    """`recover` asks for what was published after (`offset`, `epoch`)."""

    channel: _Channel
    recover: bool = False
    epoch: _Epoch = ""
    offset: _Offset = 0
    flag: int = 0


class Unsubscribed(msgspec.Struct):
    """Leaves a channel."""

    channel: _Channel


class Since(msgspec.Struct):
    """A stream position."""

    offset: _Offset = 0
    epoch: _Epoch = ""


class History(msgspec.Struct):
    """`limit` 0 asks for the position only, a negative one for as many as allowed."""

    channel: _Channel
    limit: int = 0
    since: Since | None = None
    reverse: bool = False


class Refresh(msgspec.Struct):
    """A new access token for the connection."""

    token: str = ""


class Command(msgspec.Struct):
    """One command; the first field that is set counts. What we do not offer is kept unread."""

    id: _Id = 0
    connect: Connect | None = None
    subscribe: Subscribe | None = None
    unsubscribe: Unsubscribed | None = None
    history: History | None = None
    refresh: Refresh | None = None
    ping: msgspec.Raw = _ABSENT
    publish: msgspec.Raw = _ABSENT
    presence: msgspec.Raw = _ABSENT
    presence_stats: msgspec.Raw = _ABSENT
    rpc: msgspec.Raw = _ABSENT
    sub_refresh: msgspec.Raw = _ABSENT
    send: msgspec.Raw = _ABSENT


class MalformedFrame(ValueError):
    """The frame is not a list of commands."""


_decoder = msgspec.json.Decoder(Command)
_encode = msgspec.json.Encoder().encode


def parse_commands(message: str | bytes, limit: int) -> list[Command]:
    """The commands of a frame, one a line; MalformedFrame when any of them is not well-formed."""
    data = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
    lines = [line for line in data.split(b"\n") if line.strip()]
    if not 0 < len(lines) <= limit:
        raise MalformedFrame("no command, or too many")
    try:
        return [_decoder.decode(line) for line in lines]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedFrame(str(error)) from None


def is_pong(command: Command) -> bool:
    """An empty command answers a ping."""
    return command == _PONG


_PONG = Command()


def text_frame(payload: bytes) -> bytes:
    """A whole websocket frame, made once and written to many sockets."""
    return bytes(Frame(Opcode.TEXT, payload).serialize(mask=False))


PING_FRAME = text_frame(b"{}")


def reply(command_id: int, kind: str, result: dict[str, Any]) -> bytes:
    """The answer to a command."""
    return _encode({"id": command_id, kind: result})


def error_reply(command_id: int, error: ReplyError) -> bytes:
    """The refusal of a command."""
    shown: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.temporary:
        shown["temporary"] = True
    return _encode({"id": command_id, "error": shown})


def unsubscribe_push(channel: str, why: Unsubscribe) -> bytes:
    """Tells a client that a subscription of its own has ended."""
    return _encode({"push": {"channel": channel, "unsubscribe": {"code": why.code, "reason": why.reason}}})


def publications(items: Iterable[Publication]) -> list[dict[str, Any]]:
    """Publications inside a reply, their data as it was published."""
    return [{"data": msgspec.Raw(_one_line(item.data)), "offset": item.offset} for item in items]


def publication_frames(channel: str, items: Sequence[Publication], max_bytes: int = 262_144) -> list[bytes]:
    """Pushes of one channel as few whole frames; the only encoding that a fan-out needs."""
    head = b'{"push":{"channel":' + _encode(channel) + b',"pub":{"data":'
    frames: list[bytes] = []
    lines: list[bytes] = []
    size = 0
    for item in items:
        line = b'%b%b,"offset":%d}}}' % (head, _one_line(item.data), item.offset)
        if lines and size + len(line) > max_bytes:
            frames.append(text_frame(b"\n".join(lines)))
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        frames.append(text_frame(b"\n".join(lines)))
    return frames


def _one_line(data: bytes) -> bytes:
    # A raw newline in JSON can only be white space between tokens, and here it separates messages.
    return data.replace(b"\n", b" ") if b"\n" in data else data
