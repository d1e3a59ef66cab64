"""Server-sent events, as far as messages in them are concerned."""

from __future__ import annotations

from collections.abc import Iterator


def event_data(text: str) -> Iterator[str]:
    """The data of each event of a stream that has ended."""
    for block in text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n"):
        lines = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        if lines:
            yield "\n".join(lines)
