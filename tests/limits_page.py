"""The table of docs/limits.md, made of models/domain/limits.py: `python -m tests.limits_page` writes it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from models.domain.limits import Limits

PAGE = Path(__file__).parent.parent / "docs" / "limits.md"
_BEGIN, _END = "<!-- limits -->\n", "<!-- /limits -->"


def table() -> str:
    """Names and defaults, sorted."""
    limits = Limits()
    rows = [f"| `{one.name}` | {getattr(limits, one.name):,} |" for one in fields(limits)]
    return "\n".join(["| name | default |", "|---|---|", *sorted(rows), ""])


def page() -> str:
    """The page with the table as it has to be."""
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    return before + _BEGIN + table() + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    PAGE.write_text(page())
