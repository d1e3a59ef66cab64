"""Writes the OpenAPI document that the web app's client is generated from: `python -m serve.openapi [FILE]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from serve.app import build_api

FILE = Path(__file__).parent / "web" / "openapi.json"


def text() -> str:
    """The document as it is kept in the repository."""
    return json.dumps(build_api().openapi(), indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> None:
    """Writes it to the file named, by default to serve/web/openapi.json."""
    target = Path(arguments[0]) if arguments else FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text())


if __name__ == "__main__":
    main(sys.argv[1:])
